"""JSON lines against the standard library's reader, its corner cases, and independence of block sizes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.connectors.formats.jsonl import JsonLinesEncoder
from cep.strings import StringTable
from cep.times import parse_timestamp
from tests.unit.connectors.reading import ALL_TYPES, read_bytes, spec_of
from tests.unit.connectors.test_csv import ROW, TEXT, batch_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
FITTING = {
    "ts": st.integers(0, 10**15),
    "s": st.none() | TEXT,
    "x": st.none()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False),
    "n": st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    "b": st.none() | st.booleans(),
    "d": st.none() | st.integers(-(2**53), 2**53),
    "other": JSON,
}
OBJECTS = st.fixed_dictionaries({}, optional=FITTING)


def expected(row: dict[str, Any]) -> tuple[Any, ...]:
    values = [row.get(name) for name in ALL_TYPES.names()]
    values[2] = None if values[2] is None else float(values[2])
    return tuple(values)


@given(
    st.lists(OBJECTS, max_size=8),
    st.sampled_from([1, 5, 64, 1000]),
    st.sampled_from(["\n", "\r\n", " \n\n"]),
    st.booleans(),
)
@settings(max_examples=200)
def test_reads_what_the_standard_library_writes(
    objects: list[dict[str, Any]], block: int, end: str, ascii_only: bool
) -> None:
    def finite(o: dict[str, Any]) -> bool:
        text = json.dumps(o)
        return "NaN" not in text and "Infinity" not in text

    objects = [o for o in objects if finite(o)]
    text = "".join(json.dumps(o, ensure_ascii=ascii_only) + end for o in objects)
    rows, rejects, read, _ = read_bytes(text.encode(), "jsonl", spec_of(), block=block)
    assert repr(rows) == repr([expected(o) for o in objects if "ts" in o])
    assert [r[0] for r in rejects] == [i for i, o in enumerate(objects) if "ts" not in o]
    assert {r[3] for r in rejects} <= {"null"}
    assert read == len(objects)


PIECES = st.sampled_from([
    b'{"ts":1}',
    b'{"ts":',
    b"1}",
    b"\n",
    b"\r",
    b" ",
    b"{",
    b"}",
    b",",
    b'"',
    b"\xff",
    b"[1]",
])


@given(st.lists(PIECES, max_size=12).map(b"".join), st.sampled_from([1, 3, 8]))
@settings(max_examples=300)
def test_any_bytes_give_the_same_rows_whatever_the_blocks(content: bytes, block: int) -> None:
    whole = read_bytes(content, "jsonl", spec_of())
    assert read_bytes(content, "jsonl", spec_of(), block=block) == whole
    rows, rejects, read, numbers = whole
    assert sorted([*numbers, *(r[0] for r in rejects)]) == list(range(read))
    good = [line for line in content.split(b"\n") if is_event(line)]
    assert len(rows) == len(good)


def is_event(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("ts"), int)


def test_a_line_is_one_object() -> None:
    content = b'{"ts":1} {"ts":2}\n\n{"ts":3,"x":\n{"ts":4}}{"ts":5}\n{"ts":6}\n'
    rows, rejects, read, _ = read_bytes(content, "jsonl", spec_of())
    assert [r[0] for r in rows] == [6]
    assert [r[1] for r in rejects] == ['{"ts":1} {"ts":2}', '{"ts":3,"x":', '{"ts":4}}{"ts":5}']
    assert read == 4


def test_byte_order_mark_and_last_line_without_end() -> None:
    content = b'\xef\xbb\xbf{"ts":1}\n{"ts":2}'
    for block in (1, 4, 100):
        rows, rejects, _, _ = read_bytes(content, "jsonl", spec_of(), block=block)
        assert [r[0] for r in rows] == [1, 2]
        assert not rejects


BAD = [
    ('{"ts":1,"x":"1"}', "column x: '1' is not a DOUBLE", "value"),
    ('{"ts":1,"x":true}', "column x: True is not a DOUBLE", "value"),
    ('{"ts":1,"n":1.5}', "column n: 1.5 is not a INT", "value"),
    ('{"ts":1,"n":9223372036854775808}', "is not a INT", "value"),
    ('{"ts":1,"n":-9223372036854775808}', "is not a INT", "value"),
    ('{"ts":1,"b":1}', "column b: 1 is not a BOOLEAN", "value"),
    ('{"ts":1,"s":1}', "column s: 1 is not a STRING", "value"),
    ('{"ts":1,"s":{}}', "column s: {} is not a STRING", "value"),
    ('{"ts":1,"d":"soon"}', "column d: 'soon' is not a DURATION", "value"),
    ('{"ts":"soon"}', "column ts: 'soon' is not a TIMESTAMP", "value"),
    ('{"ts":true}', "column ts: True is not a TIMESTAMP", "value"),
    ('{"ts":9223372036854775808}', "is not a TIMESTAMP", "value"),
    ('{"ts":-9223372036854775808}', "is not a TIMESTAMP", "value"),
    ('{"ts":null}', "column ts: NULL where a value is required", "null"),
    ("{}", "column ts: NULL where a value is required", "null"),
    ('{"ts":1,"x":1e999}', "out of range", "syntax"),
    ('{"ts":1,"x":1' + "0" * 400 + "}", "column x: ", "value"),
    ('{"ts":1,"s":"\\ud800"}', "", "syntax"),
    ('{"ts":1,"o":' + "[" * 100_000 + "]" * 100_000 + "}", "recursion", "syntax"),
    ("[1]", "not a JSON object", "syntax"),
    ("null", "not a JSON object", "syntax"),
    ('{"ts":1', "not a JSON object", "syntax"),
    ('{"ts":1}}', "not a JSON object", "syntax"),
    ('{"ts":01}', "not a JSON object", "syntax"),
    ('{"ts":NaN}', "not a JSON object", "syntax"),
    ("{'ts':1}", "not a JSON object", "syntax"),
]


@pytest.mark.parametrize(("line", "reason", "kind"), BAD, ids=[b[0][:30] for b in BAD])
def test_bad_lines(line: str, reason: str, kind: str) -> None:
    content = f'{{"ts":5}}\n{line}\n{{"ts":6}}\n'.encode()
    rows, rejects, read, numbers = read_bytes(content, "jsonl", spec_of())
    assert [r[0] for r in rows] == [5, 6]
    assert (read, numbers) == (3, [0, 2])
    ((number, raw, why, found),) = rejects
    assert (number, found) == (1, kind)
    assert reason in why
    assert raw == line[:10_000]


def test_values_of_other_shapes_that_fit() -> None:
    lines = [
        '{"ts":"2026-01-01T00:00:00Z","x":1,"n":2.0,"d":"1m"}',
        '{"ts":0,"ts":7,"s":"\\u00e9\\u0000"}',
        '{"ts":-1,"x":9007199254740993}',
        '{"ts":1.4,"d":2.6}',
    ]
    rows, rejects, _, _ = read_bytes("\n".join(lines).encode(), "jsonl", spec_of())
    assert not rejects
    assert rows == [
        (parse_timestamp("2026-01-01"), None, 1.0, 2, None, 60_000_000),
        (7, "é\0", None, None, None, None),
        (-1, None, 9007199254740992.0, None, None, None),
        (1, None, None, None, None, 3),
    ]


@given(st.lists(ROW, max_size=6), st.sampled_from([3, 1000]))
@settings(max_examples=150)
def test_what_is_written_reads_back(rows: list[tuple[Any, ...]], block: int) -> None:
    strings = StringTable()
    encoder = JsonLinesEncoder(ALL_TYPES, strings)
    content = encoder.begin() + encoder.encode(batch_of(rows, strings))
    got, rejects, _, _ = read_bytes(content, "jsonl", spec_of(), block=block)
    assert not rejects
    assert repr(got) == repr(rows)
    for line in content.splitlines():
        assert list(json.loads(line)) == list(ALL_TYPES.names())
