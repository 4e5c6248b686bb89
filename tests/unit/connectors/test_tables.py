"""Tables in memory and columnar files: every way in gives the same rows; odd dtypes and values; Arrow, Parquet, pandas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cep
from cep.connectors.columnar import ColumnarReader
from cep.connectors.columns import from_dicts
from cep.connectors.file import open_sources
from cep.errors import CepError
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import NULL_I64, Type
from tests.unit.connectors.reading import ALL_TYPES, rows_of, spec_of
from tests.unit.connectors.test_csv import INTS, TEXT

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[tuple[Any, ...]]


def read(table: Any, *, tier: str = "python", **options: Any) -> tuple[Rows, list[tuple[int, str]]]:
    """Return the rows of a table, and the numbers and reasons of the refused ones."""
    strings = StringTable()
    spec = spec_of(**options)
    rows: Rows = []
    refused: list[tuple[int, str]] = []
    first = 0
    for decoded in ColumnarReader(spec, strings, tier=tier).read(table):
        rows += rows_of(decoded, spec.schema, strings)
        refused += [(first + r.row, r.reason) for r in decoded.rejects]
        first += decoded.rows_read
    return rows, refused


TIMES = st.integers(0, 2**50)
ROW = st.fixed_dictionaries({
    "ts": TIMES,
    "s": st.none() | TEXT,
    "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "n": st.none() | INTS,
    "b": st.none() | st.booleans(),
    "d": st.none() | st.integers(-(2**50), 2**50),
})


def expected(rows: list[dict[str, Any]]) -> Rows:
    return [tuple(row[n] for n in ALL_TYPES.names()) for row in rows]


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {n: [row[n] for row in rows] for n in ALL_TYPES.names()}


def coded(values: list[Any]) -> cep.Coded:
    known = sorted({v for v in values if v is not None})
    codes = [-1 if v is None else known.index(v) for v in values]
    return cep.Coded(np.array(codes, np.int32), known)


def arrow(columns: dict[str, list[Any]], *, dictionary: bool = False) -> pa.Table:
    kinds = {
        "ts": pa.timestamp("us", "UTC"),
        "s": pa.string(),
        "x": pa.float64(),
        "n": pa.int64(),
        "b": pa.bool_(),
        "d": pa.duration("us"),
    }
    made = {n: pa.array(v, kinds[n]) for n, v in columns.items()}
    if dictionary:
        made["s"] = made["s"].dictionary_encode()
    return pa.table(made)


@given(st.lists(ROW, min_size=1, max_size=6))
@settings(max_examples=100)
def test_every_way_in_gives_the_same_rows(rows: list[dict[str, Any]]) -> None:
    columns = columns_of(rows)
    wanted = (expected(rows), [])
    strings = StringTable()
    by_dicts = from_dicts(rows, spec_of(), strings)
    assert repr(rows_of(by_dicts, ALL_TYPES, strings)) == repr(wanted[0])
    objects = {n: np.array(v, dtype=object) for n, v in columns.items()}
    stored = {
        **objects,
        "ts": np.array(columns["ts"], np.int64),
        "s": coded(columns["s"]),
        "x": np.array([np.nan if v is None else v for v in columns["x"]]),
        "n": np.array([NULL_I64 if v is None else v for v in columns["n"]]),
        "d": np.array([NULL_I64 if v is None else v for v in columns["d"]]).view("m8[us]"),
    }
    frame = pd.DataFrame({
        "ts": pd.to_datetime(columns["ts"], unit="us", utc=True),
        "s": pd.Categorical(columns["s"]),
        "x": pd.Series(columns["x"], dtype="float64"),
        "n": pd.Series(columns["n"], dtype="Int64"),
        "b": pd.Series(columns["b"], dtype="boolean"),
        "d": pd.Series(stored["d"]),
    })
    ways: dict[str, Any] = {
        "lists": columns,
        "objects": objects,
        "stored": stored,
        "pandas": frame,
        "pandas in Tokyo": frame.assign(ts=frame["ts"].dt.tz_convert("Asia/Tokyo")),
        "pandas of texts": frame.assign(s=pd.Series(columns["s"], dtype="string")),
        "arrow": arrow(columns),
        "arrow dictionary": arrow(columns, dictionary=True),
        "arrow in parts": pa.concat_tables([arrow(columns), arrow(columns).slice(0, 0)]),
        "record batch": arrow(columns).combine_chunks().to_batches()[0],
    }
    for name, table in ways.items():
        assert repr(read(table)) == repr(wanted), name


@given(st.lists(ROW, min_size=1, max_size=5), st.integers(0, 4))
@settings(max_examples=40)
def test_one_bad_row_does_not_change_the_others(rows: list[dict[str, Any]], place: int) -> None:
    place = min(place, len(rows) - 1)
    columns = columns_of(rows)
    wanted = [r for i, r in enumerate(expected(rows)) if i != place]
    columns["ts"] = [*columns["ts"][:place], None, *columns["ts"][place + 1 :]]
    reason = "column ts: NULL where a value is required"
    length = np.array([NULL_I64 if v is None else v for v in columns["d"]]).view("m8[us]")
    times = [NULL_I64 if v is None else v for v in columns["ts"]]
    ns = np.array(times).view("M8[us]").astype("M8[ns]")
    tables: list[Any] = [
        columns,
        {**columns, "ts": ns, "d": length.astype("m8[ns]")},
        arrow(columns),
        pd.DataFrame({
            **columns,
            "ts": ns,
            "n": pd.Series(columns["n"], dtype="Int64"),
            "d": length.astype("m8[ns]"),
        }),
    ]
    for table in tables:
        assert repr(read(table)) == repr((wanted, [(place, reason)]))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_units_of_arrow_times(unit: str) -> None:
    factor = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 1}[unit]
    divisor = 1_000 if unit == "ns" else 1
    raw = [0, -1_500, 12_345, None]
    wanted = [v if v is None else v * factor // divisor for v in raw]
    for zone in (None, "UTC", "Asia/Tokyo"):
        table = pa.table({
            "ts": pa.array([1] * 4, pa.int64()),
            "d": pa.array(raw, pa.duration(unit)),
        })
        assert [r[5] for r in read(table)[0]] == wanted
        times = pa.array(raw, pa.timestamp(unit, zone))
        rows, refused = read(pa.table({"ts": times}))
        assert [r[0] for r in rows] == wanted[:3]
        assert [n for n, _ in refused] == [3]
    rows, _ = read(pa.table({"ts": pa.array([1, 2], pa.int64())}), ts_unit=unit)
    assert [r[0] for r in rows] == [1 * factor // divisor, 2 * factor // divisor]


def test_arrow_times_that_do_not_fit_are_refused_and_do_not_wrap() -> None:
    times = pa.array([1, 2**61, -(2**61), 3], pa.int64()).cast(pa.timestamp("s"))
    rows, refused = read(pa.table({"ts": times}))
    assert [r[0] for r in rows] == [1_000_000, 3_000_000]
    assert [n for n, _ in refused] == [1, 2]


def test_arrow_columns_of_other_types() -> None:
    table = pa.table({
        "ts": pa.array([1, 2, 3], pa.int32()),
        "s": pa
        .array(["a", None, "b"])
        .dictionary_encode()
        .cast(pa.dictionary(pa.int8(), pa.large_string())),
        "x": pa.array([1, None, 3], pa.uint8()),
        "n": pa.array([1.0, 2.5, None]),
        "b": pa.nulls(3),
        "d": pa.array([1, 2, 3], pa.uint64()),
    })
    rows, refused = read(table)
    assert rows == [(1, "a", 1.0, 1, None, 1), (3, "b", 3.0, None, None, 3)]
    assert refused == [(1, "column n: 2.5 is not a INT")]


def test_arrow_text_that_is_not_utf8_costs_its_row() -> None:
    bad = pa.Array.from_buffers(
        pa.string(),
        3,
        [None, pa.py_buffer(np.array([0, 1, 2, 3], np.int32)), pa.py_buffer(b"a\xffb")],
    )
    rows, refused = read(pa.table({"ts": pa.array([1, 2, 3]), "s": bad}))
    assert [r[:2] for r in rows] == [(1, "a"), (3, "b")]
    assert [n for n, _ in refused] == [1]


def test_columns_of_other_dtypes() -> None:
    ts = np.array([1, 2], np.int32)
    day = np.array(["2026-01-01", "NaT"], "M8[D]")
    assert read({"ts": ts, "x": np.array([1, 2], np.uint8)})[0][1][2] == 2.0
    assert read({"ts": ts, "x": np.array([0.5, np.inf], np.float32)})[0][1][2] is None
    assert read({"ts": ts, "n": np.array([2**63, 1], np.uint64)})[1][0][0] == 0
    assert read({"ts": ts, "b": np.array([True, False])})[0][1][4] is False
    assert read({"ts": ts, "d": np.array([1, 2], "m8[s]")})[0][1][5] == 2_000_000
    assert read({"ts": ts, "s": np.array(["a", ""])})[0][1][1] == ""
    assert read({"ts": ts, "s": ["a", 5]})[1] == [(1, "column s: 5 is not a STRING")]
    assert [n for n, _ in read({"ts": day})[1]] == [1]
    assert read({"ts": ts[::-1], "x": np.arange(4.0)[::2]})[0][1][2] == 2.0
    categories = pd.Categorical([7, 8])
    assert read(pd.DataFrame({"ts": ts, "n": categories}))[0][1][3] == 8


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize(
    "table",
    [
        5,
        [{"ts": 1}],
        {"x": np.zeros(2)},
        {"ts": np.zeros(2, np.int64), "x": np.zeros(3)},
        {"ts": np.zeros(1, np.int64), "s": cep.Coded(np.array([3]), ["a"])},
    ],
)
def test_what_is_no_table(table: Any, tier: str) -> None:
    with pytest.raises(CepError) as caught:
        read(
            table, tier=tier, schema=Schema(tuple(c for c in ALL_TYPES.columns if c.name in "ts x"))
        )
    assert caught.value.code == "CEP402"


def test_values_from_numpy_in_dicts() -> None:
    strings = StringTable()
    event = {
        "ts": np.datetime64("2026-01-01T00:00:00.5", "ns"),
        "s": np.str_("a"),
        "x": np.float32(0.5),
        "n": np.int8(3),
        "b": np.bool_(True),
        "d": np.timedelta64(1500, "ms"),
    }
    decoded = from_dicts([event], spec_of(), strings)
    ts = 1_767_225_600_500_000
    assert rows_of(decoded, ALL_TYPES, strings) == [(ts, "a", 0.5, 3, True, 1_500_000)]
    assert type(strings.text(0)) is str
    event = {
        "ts": datetime(2026, 1, 1, tzinfo=UTC),
        "d": timedelta(seconds=1),
        "x": np.float64("inf"),
        "n": np.int64(NULL_I64),
    }
    assert "is not a INT" in from_dicts([event], spec_of(), strings).rejects[0].reason


def test_not_null_columns_take_no_infinity() -> None:
    schema = Schema((ColumnSpec("ts", Type.TIMESTAMP), ColumnSpec("x", Type.DOUBLE, not_null=True)))
    events = [{"ts": 1, "x": float("inf")}, {"ts": 2, "x": float("nan")}, {"ts": 3, "x": 1.0}]
    decoded = from_dicts(events, spec_of(schema), StringTable())
    assert decoded.columns["x"].tolist() == [1.0]
    assert [r.kind for r in decoded.rejects] == ["null", "null"]


class Odd:
    def __repr__(self) -> str:
        msg = "no"
        raise RuntimeError(msg)


@pytest.mark.parametrize(
    "value", [10**5000, Odd(), "x" * 10**6, [[[]]], object(), b"1", 1j, {}, "\ud800"], ids=type
)
@pytest.mark.parametrize("column", ["ts", "x", "n", "b", "d"])
def test_values_that_no_column_takes(column: str, value: Any) -> None:
    events = [{"ts": 1}, {"ts": 2, column: value}, {"ts": 3}]
    decoded = from_dicts(events, spec_of(), StringTable())
    assert decoded.columns["ts"].tolist() == [1, 3]
    (bad,) = decoded.rejects
    assert (bad.row, bad.kind) == (1, "value")
    assert len(bad.reason) < 200
    assert len(bad.raw) <= 10_003


def from_file(path: Path) -> Rows:
    strings = StringTable()
    (source,) = open_sources(str(path), spec_of(), strings)
    rows: Rows = []
    while (decoded := source.poll()) is not None:
        rows += rows_of(decoded, ALL_TYPES, strings)
    source.close()
    return rows


@given(st.lists(ROW, max_size=5))
@settings(max_examples=25)
def test_files_of_columns(tmp_path_factory: pytest.TempPathFactory, rows: Any) -> None:
    folder = tmp_path_factory.mktemp("columns")
    table = arrow(columns_of(rows), dictionary=True).append_column("more", pa.nulls(len(rows)))
    pq.write_table(table, folder / "a.parquet", row_group_size=2)
    with pa.ipc.new_file(folder / "a.arrow", table.schema) as out:
        out.write_table(table, max_chunksize=2)
    with pa.ipc.new_stream(folder / "b.ipc", table.schema) as out:
        out.write_table(table)
    for path in folder.iterdir():
        assert repr(from_file(path)) == repr(expected(rows)), path.name


def test_files_of_columns_that_cannot_be_read(tmp_path: Path) -> None:
    for ending in ("parquet", "arrow"):
        path = tmp_path / f"a.{ending}"
        for content in (b"", b"no such thing" * 10):
            path.write_bytes(content)
            with pytest.raises(CepError) as caught:
                from_file(path)
            assert caught.value.code == "CEP504"
        with pytest.raises(CepError) as caught:
            from_file(tmp_path / f"none.{ending}")
        assert caught.value.code == "CEP504"
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "b.parquet")
    with pytest.raises(CepError) as caught:
        from_file(tmp_path / "b.parquet")
    assert caught.value.code == "CEP502"
