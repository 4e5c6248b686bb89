"""CSV against the standard library's reader, its corner cases, and independence of block sizes."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.batch import EventBatch
from cep.connectors import records
from cep.connectors.formats.csv import CsvDecoder, CsvEncoder
from cep.errors import CepError
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import NULL_I64, Type
from tests.unit.connectors.reading import ALL_TYPES, read_bytes, spec_of

TEXTS = Schema((ColumnSpec("a", Type.STRING), ColumnSpec("b", Type.STRING)))
PLAIN = spec_of(TEXTS, time_column=None)

PIECES = st.sampled_from([
    "a",
    "b",
    '"',
    '""',
    ",",
    "\n",
    "\r\n",
    "\r",
    " ",
    "é",
    "x,y",
    "1",
    "\t",
    "\u2028",
])
CELLS = st.lists(PIECES, max_size=5).map("".join)


def written(rows: list[tuple[str, str]], quoting: Any, end: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator=end)
    writer.writerow(["a", "b"])
    writer.writerows(rows)
    return out.getvalue()


@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=8),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([1, 3, 7, 1000]),
    st.booleans(),
)
@settings(max_examples=200)
def test_reads_what_the_standard_library_writes(
    rows: Any, quoting: Any, end: str, block: int, last_end: bool
) -> None:
    text = written(rows, quoting, end)
    if not last_end:
        text = text.removesuffix(end)
    got, rejects, _, _ = read_bytes(text.encode(), "csv", PLAIN, block=block)
    again = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert again == [list(row) for row in rows]
    assert not rejects
    assert [tuple(v or "" for v in row) for row in got] == rows


@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from([1, 2, 5, 11]))
@settings(max_examples=300)
def test_any_text_gives_the_same_rows_whatever_the_blocks(text: str, block: int) -> None:
    content = ("a,b\n" + text).encode()
    assert read_bytes(content, "csv", PLAIN, block=block) == read_bytes(content, "csv", PLAIN)


@given(st.binary(max_size=40), st.sampled_from([1, 2, 5]))
@settings(max_examples=200)
def test_any_bytes_are_rows_or_rejects(content: bytes, block: int) -> None:
    content = b"a,b\n" + content
    rows, rejects, read, numbers = read_bytes(content, "csv", PLAIN, block=block)
    assert len(rows) + len(rejects) == read
    assert sorted([*numbers, *(r[0] for r in rejects)]) == list(range(read))
    assert (rows, rejects, read, numbers) == read_bytes(content, "csv", PLAIN)


def test_a_stray_quote_costs_one_line() -> None:
    text = 'a,b\n1,2\n3,"4\n5,"6"\n"7"x,8\n9,5" pipe\n10,"11\n12,13\n'
    rows, rejects, read, numbers = read_bytes(text.encode(), "csv", PLAIN)
    assert rows == [("1", "2"), ("5", "6"), ("9", '5" pipe'), ("12", "13")]
    assert [r[1] for r in rejects] == ['3,"4', '"7"x,8', '10,"11']
    assert {r[3] for r in rejects} == {"syntax"}
    assert (read, numbers) == (7, [0, 2, 4, 6])


def test_a_quote_that_is_never_closed_does_not_hold_the_rest_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "LONGEST_BYTES", 100)
    content = b'a,b\n1,"2\n' + b"3,4\n" * 100
    for block in (10, 64, 1000):
        rows, rejects, read, _ = read_bytes(content, "csv", PLAIN, block=block)
        assert rows == [("3", "4")] * 100
        assert [r[1] for r in rejects] == ['1,"2']
        assert read == 101
    decoder = CsvDecoder(PLAIN, StringTable())
    assert decoder.cut(content) == len(content)


def cell(column: str, text: str) -> tuple[Any, list[str]]:
    """Read one row with one cell; return the value, and the reasons when it was refused."""
    content = f"ts,{column}\n1,{text}\n2,\n".encode()
    rows, rejects, _, _ = read_bytes(content, "csv", spec_of())
    assert rows[-1][0] == 2
    place = ALL_TYPES.names().index(column)
    return (rows[0][place] if len(rows) == 2 else None), [r[2] for r in rejects]


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("s", "", None),
        ("s", '""', ""),
        ("s", " a ", " a "),
        ("s", '"a ""b"""', 'a "b"'),
        ("s", "NULL", "NULL"),
        ("x", "", None),
        ("x", "1", 1.0),
        ("x", "-1.5e3", -1500.0),
        ("x", ".5", 0.5),
        ("x", "5.", 5.0),
        ("x", "+0.0", 0.0),
        ("n", "-7", -7),
        ("n", "007", 7),
        ("n", str(2**63 - 1), 2**63 - 1),
        ("b", "true", True),
        ("b", "FALSE", False),
        ("b", "1", True),
        ("b", "0", False),
        ("d", "1m30s", 90_000_000),
        ("d", "250", 250),
    ],
)
def test_cells(column: str, text: str, value: Any) -> None:
    assert cell(column, text) == (value, [])


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("x", "1_000"),
        ("x", "nan"),
        ("x", "inf"),
        ("x", "-Infinity"),
        ("x", " 1"),
        ("x", "1 "),
        ("x", '""'),
        ("x", "1e999"),
        ("x", "1" + "0" * 399),
        ("x", "1" + "0" * 400),
        ("x", "0x10"),
        ("x", "1,5"),
        ("x", "--1"),
        ("x", "1e"),
        ("x", "٣"),
        ("n", "1.5"),
        ("n", "1_0"),
        ("n", " 1"),
        ("n", "1e3"),
        ("n", str(2**63)),
        ("n", str(-(2**63))),
        ("n", "9" * 5000),
        ("n", "٣"),
        ("b", "yes"),
        ("b", "2"),
        ("d", "1 m"),
        ("d", "soon"),
        ("ts", "soon"),
    ],
)
def test_cells_that_do_not_fit(column: str, text: str) -> None:
    if column == "ts":
        _, rejects, _, _ = read_bytes(b"ts\nsoon\n2\n", "csv", spec_of())
        assert [r[2] for r in rejects] == ["column ts: 'soon' is not a TIMESTAMP"]
        return
    value, reasons = cell(column, text)
    assert value is None
    assert len(reasons) == 1


def test_header_by_name_with_mark_extra_and_missing_columns() -> None:
    content = "\ufeffx,other,ts\r\n1.5,?,7\r\n\r\n2,,8".encode()
    rows, rejects, read, _ = read_bytes(content, "csv", spec_of(), block=5)
    assert rows == [(7, None, 1.5, None, None, None), (8, None, 2.0, None, None, None)]
    assert (rejects, read) == ([], 2)


def test_wrong_number_of_fields() -> None:
    rows, rejects, _, _ = read_bytes(b"ts,x\n1,2\n3\n4,5,6\n7,8\n", "csv", spec_of())
    assert [r[0] for r in rows] == [1, 7]
    assert [r[2] for r in rejects] == [
        "1 fields where the header has 2",
        "3 fields where the header has 2",
    ]


def test_bad_bytes_in_a_quoted_record() -> None:
    content = b'a,b\n"x\ny",1\n"\xff\n",2\n3,\xfe\n4,5\n'
    rows, rejects, _, numbers = read_bytes(content, "csv", PLAIN)
    assert rows == [("x\ny", "1"), ("4", "5")]
    assert [(r[0], r[3]) for r in rejects] == [(1, "encoding"), (2, "encoding")]
    assert numbers == [0, 3]


@pytest.mark.parametrize(
    ("header", "hint"), [(b"tss,x\n1,2\n", "tss"), (b"Ts\n1\n", "ts"), (b"x,y\n1,2\n", "")]
)
def test_headers_that_name_no_time(header: bytes, hint: str) -> None:
    with pytest.raises(CepError) as caught:
        read_bytes(header, "csv", spec_of())
    assert caught.value.code == "CEP502"
    assert hint in caught.value.hint


def test_going_on_in_the_middle_of_a_file() -> None:
    from cep.connectors.file import RecordSource
    from tests.unit.connectors.reading import Trickle

    content = "\ufeffts,x\n1,1\n2,2\n".encode()
    decoder = CsvDecoder(spec_of(), StringTable())
    source = RecordSource(Trickle(content, 100), decoder)
    source.seek(content.index(b"2,2"))
    decoded = source.poll()
    assert decoded is not None
    assert decoded.columns["ts"].tolist() == [2]


DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
INTS = st.integers(NULL_I64 + 1, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ROW = st.tuples(
    TIMES,
    st.none() | TEXT,
    st.none() | DOUBLES,
    st.none() | INTS,
    st.none() | st.booleans(),
    st.none() | INTS,
)


def batch_of(rows: list[tuple[Any, ...]], strings: StringTable) -> EventBatch:
    from cep.connectors.columns import from_columns

    lists = list(zip(*rows, strict=True)) if rows else [()] * 6
    decoded = from_columns(lists, spec_of(), strings, rows)
    assert not decoded.rejects
    return EventBatch(ALL_TYPES, decoded.columns, decoded.columns["ts"], decoded.columns["ts"])


@given(st.lists(ROW, max_size=6), st.sampled_from([3, 1000]))
@settings(max_examples=150)
def test_what_is_written_reads_back(rows: list[tuple[Any, ...]], block: int) -> None:
    strings = StringTable()
    encoder = CsvEncoder(ALL_TYPES, strings)
    content = encoder.begin() + encoder.encode(batch_of(rows, strings))
    got, rejects, _, _ = read_bytes(content, "csv", spec_of(), block=block)
    assert not rejects
    assert repr(got) == repr(rows)
    assert len(list(csv.reader(io.StringIO(content.decode(), newline="")))) == len(rows) + 1
