"""The intake of columns in machine code gives what the general way gives, or leaves the batch to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cep
from cep.connectors.columnar import ColumnarReader
from cep.graph.graph import StreamSpec
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import NULL_I64, Type

SPEC = StreamSpec(
    "s",
    Schema((
        ColumnSpec("ts", Type.TIMESTAMP, not_null=True),
        ColumnSpec("room", Type.STRING),
        ColumnSpec("kind", Type.STRING, not_null=True),
        ColumnSpec("n", Type.INT, not_null=True),
        ColumnSpec("value", Type.DOUBLE),
        ColumnSpec("level", Type.DOUBLE, not_null=True),
    )),
    0,
    time_column="ts",
    ts_unit="ms",
)
ROOMS, KINDS = ["r0", "r1", "r2"], ["smoke", "heat"]


def table(**columns: Any) -> dict[str, Any]:
    """Return five rows, some columns replaced."""
    plain: dict[str, Any] = {
        "ts": np.array([1, 2, 2, 3, 9]),
        "room": cep.Coded(np.array([0, 1, 2, 2, 0], np.int32), ROOMS),
        "kind": cep.Coded(np.array([1, 1, 0, 0, 1], np.int32), KINDS),
        "n": np.array([4, 5, 6, 7, 8]),
        "value": np.array([0.5, np.nan, -1.0, 2.0, 1e300]),
        "level": np.array([0.0, 1.0, 2.0, 3.0, 4.0]),
    }
    return {**plain, **columns}


def read(tier: str, given: dict[str, Any], *, known: tuple[str, ...] = ()) -> tuple[Any, bool]:
    """Return the rows read, strings as texts, and whether the intake read them."""
    strings = StringTable()
    strings.encode(known)
    reader = ColumnarReader(SPEC, strings, tier=tier)
    plain = reader._intake.read(given, reader._dictionary)
    (decoded,) = reader.read(given)
    for column in SPEC.schema.columns:
        if column.type is Type.STRING:
            decoded.columns[column.name] = np.array(strings.decode(decoded.columns[column.name]))
    return decoded, plain is not None


PLAIN = {
    "as it is": table(),
    "times fall": table(ts=np.array([5, 4, 9, 1, 7])),
    "no room": table(room=cep.Coded(np.array([0, -1, 2, -7, 0], np.int32), ROOMS)),
}
ODD = {
    "time missing": table(ts=np.array([1, NULL_I64, 2, 3, 4])),
    "time too large": table(ts=np.array([1, 2, 3, 4, 2**62])),
    "time too large, falling": table(ts=np.array([1, 2, 2**62, 4, 5])),
    "kind missing": table(kind=cep.Coded(np.array([1, -1, 0, 0, 1], np.int32), KINDS)),
    "count missing": table(n=np.array([4, NULL_I64, 6, 7, 8])),
    "infinite": table(value=np.array([0.5, np.inf, 1.0, 2.0, 3.0])),
    "level missing": table(level=np.array([0.0, 1.0, np.nan, 3.0, 4.0])),
    "narrow times": table(ts=np.arange(5, dtype=np.int32)),
    "wide codes": table(room=cep.Coded(np.array([0, 1, 2, 2, 0]), ROOMS)),
    "every second row": table(n=np.arange(10)[::2]),
    "texts": table(room=np.array(["a", "b", "c", "d", "e"])),
    "lists": table(value=[1.0, None, 2.0, 3.0, 4.0]),
}


@pytest.mark.parametrize("known", [(), ("heat", "r2")], ids=["new texts", "known texts"])
@pytest.mark.parametrize("name", [*PLAIN, *ODD])
def test_same_rows(name: str, known: tuple[str, ...]) -> None:
    given = (PLAIN | ODD)[name]
    expected, _ = read("python", given, known=known)
    found, by_intake = read("llvm", given, known=known)
    assert by_intake == (name in PLAIN)
    assert found.rows_read == expected.rows_read
    assert found.rejects == expected.rejects
    assert found.in_order == expected.in_order
    assert found.columns.keys() == expected.columns.keys()
    for column, values in expected.columns.items():
        assert values.dtype == found.columns[column].dtype
        np.testing.assert_array_equal(found.columns[column], values)


def test_code_beyond_the_dictionary() -> None:
    given = table(room=cep.Coded(np.array([0, 1, 3, 2, 0], np.int32), ROOMS))
    with pytest.raises(cep.CepError, match="its dictionary has 3 values"):
        read("llvm", given)


def test_rows_given_back_are_written_over_and_others_are_not() -> None:
    reader = ColumnarReader(SPEC, StringTable(), tier="llvm")
    (kept,) = reader.read(table())
    (given_back,) = reader.read(table(ts=np.array([3, 4, 5, 6, 7])))
    reader.recycle(kept)  # not the last one read: it stays as it is
    assert given_back.columns["ts"].tolist() == [3000, 4000, 5000, 6000, 7000]
    reader.recycle(given_back)
    (again,) = reader.read(table(ts=np.array([8, 8, 8, 8, 9])))
    assert again.columns["ts"] is given_back.columns["ts"]
    assert kept.columns["ts"].tolist() == [1000, 2000, 2000, 3000, 9000]
