"""ARRAY, MAP, JSON and BYTES in every format: what is read, what is rejected, and that what is written reads the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from reading import read_bytes, spec_of

import cep
from cep.nested import DEEPEST
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = Schema((
    ColumnSpec("ts", Type.TIMESTAMP, not_null=True),
    ColumnSpec("a", Type.ARRAY_DOUBLE),
    ColumnSpec("t", Type.ARRAY_TIMESTAMP),
    ColumnSpec("m", Type.MAP_INT),
    ColumnSpec("j", Type.JSON),
    ColumnSpec("b", Type.BYTES),
))
RULES = """
CREATE STREAM s (ts TIMESTAMP, a ARRAY<DOUBLE>, t ARRAY<TIMESTAMP>, m MAP<STRING, INT>, j JSON, b BYTES, WATERMARK FOR ts AS ts);
CREATE RULE r AS SELECT * FROM s;
"""
ROWS: list[dict[str, Any]] = [
    {
        "ts": 1,
        "a": [1.0, 2.5],
        "t": [0, 1_500_000],
        "m": {"b": 1, "a": 2},
        "j": {"x": [1, "é,\"'"]},
    },
    {"ts": 2, "a": [], "t": [None], "m": {}, "j": [], "b": b""},
    {"ts": 3, "a": None, "t": None, "m": None, "j": None, "b": None},
    {"ts": 4, "a": [None, -0.5], "t": [], "m": {"": -1}, "j": "text", "b": b"\x00\xff"},
    {"ts": 5, "a": [1e300], "t": [-1], "m": {"x": None}, "j": True, "b": b"hi"},
]


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("a", "[1, 2.5]", [1.0, 2.5]),
        ("a", "[1e400]", "rejected"),
        ("a", "[null, -0.0]", [None, 0.0]),
        ("a", '["1"]', "rejected"),
        ("a", "[[1]]", "rejected"),
        ("a", "[true]", "rejected"),
        ("a", "3", "rejected"),
        ("a", '"[1]"', "rejected"),
        ("t", '["1970-01-01T00:00:01Z", 5]', [1_000_000, 5]),
        ("t", '["soon"]', "rejected"),
        ("m", '{"a": 1, "b": null}', {"a": 1, "b": None}),
        ("m", '{"a": 1, "a": 2}', {"a": 2}),
        ("m", '{"a": 1.5}', "rejected"),
        ("m", "[1]", "rejected"),
        ("j", '{"b": 1.0, "a": [true, null]}', {"a": [True, None], "b": 1}),
        ("j", '{"a": 1, "a": 2}', {"a": 2}),
        ("j", '"x"', "x"),
        ("j", "null", None),
        ("j", "1e-7", 1e-7),
        ("j", "123456789012345678901234567890", 123456789012345678901234567890),
        ("j", deep(DEEPEST), json.loads(deep(DEEPEST))),
        ("j", deep(DEEPEST + 1), "rejected"),
        ("j", deep(100_000), "rejected"),
        ("b", '"aGk="', b"hi"),
        ("b", '"aGk"', "rejected"),
        ("b", '"a k="', "rejected"),
        ("b", "7", "rejected"),
    ],
)
def test_json_lines(column: str, text: str, value: Any) -> None:
    line = f'{{"ts": 1, "{column}": {text}}}\n'.encode()
    good = b'{"ts": 2}\n'
    rows, rejects, read, _ = read_bytes(line + good, "jsonl", spec_of(SCHEMA))
    assert read == 2
    found = dict(zip(SCHEMA.names(), rows[0], strict=True))
    if value == "rejected":
        assert len(rejects) == len(rows) == 1
        assert found["ts"] == 2
    else:
        assert not rejects
        assert found[column] == value
        assert not isinstance(value, bool) or found[column] is value


def test_numbers_beyond_all_types_are_rejected_rows() -> None:
    """A number of 400,000 digits, and one of 10^400, cost their rows and nothing else."""
    content = b"".join(
        b'{"ts": %d, "j": %s}\n' % (n, text)
        for n, text in enumerate([b"1", b"9" * 400_000, b"1" + b"0" * 400, b"2"])
    )
    rows, rejects, read, _ = read_bytes(content, "jsonl", spec_of(SCHEMA))
    assert read == 4
    assert [row[0] for row in rows if row[4] in (1, 2)] == [0, 3]
    assert len(rows) + len(rejects) == 4


def test_csv_has_json_texts() -> None:
    content = (
        b'ts,a,m,j,b\n1,"[1, 2]","{""x"": 3}","{""k"": [1.0]}",aGk=\n'
        b"2,,,,\n3,[1,,,\n4,,,nope,\n5,NaN,,,\n6,,,NaN,\n7,,,7,?\n"
    )
    rows, rejects, _, _ = read_bytes(content, "csv", spec_of(SCHEMA))
    assert rows == [
        (1, [1.0, 2.0], None, {"x": 3}, {"k": [1]}, b"hi"),
        (2, None, None, None, None, None),
    ]
    assert [r[0] for r in rejects] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_what_is_written_reads_the_same(ending: str, tmp_path: Path) -> None:
    huge = {"ts": 6, "a": None, "t": None, "m": None, "j": [10**30, "\u2028"], "b": None}
    rows = [{"b": None, **row} for row in [*ROWS, huge]]
    out = tmp_path / f"r.{ending}"
    with cep.Engine(RULES, tier="python", bounded=True) as engine:
        sink = engine.write("r", str(out))
        engine.send_many("s", rows)
        engine.flush()
        sink.close()
    again = cep.run(RULES, {"s": str(out)}, raw_time=True)["r"].to_dicts()
    assert again == rows


def test_arrow_and_numpy_have_their_own_types() -> None:
    table = cep.run(RULES, {"s": ROWS})["r"]
    arrow = table.to_arrow()
    kinds = [str(arrow.schema.field(n).type) for n in "atmjb"]
    assert kinds == [
        "list<item: double>",
        "list<item: timestamp[us, tz=UTC]>",
        "map<string, int64>",
        "string",
        "binary",
    ]
    again = cep.run(RULES, {"s": arrow})["r"]
    assert again.to_dicts() == table.to_dicts()
    assert table.to_numpy()["a"].tolist() == [row["a"] for row in ROWS]
