"""Files as sources and sinks: globs, partitions, `tail:`, standard input, formats, what cannot be opened."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

import cep
from cep.connectors.file import RecordSource, open_sink, open_sources
from cep.connectors.formats import format_named, formats
from cep.errors import CepError
from cep.strings import StringTable
from tests.unit.connectors.reading import ALL_TYPES, spec_of

if TYPE_CHECKING:
    from pathlib import Path


def times(source: Any) -> list[int]:
    found: list[int] = []
    while (decoded := source.poll()) is not None and decoded.rows_read:
        found += decoded.columns["ts"].tolist()
    return found


def opened(uri: object, **options: Any) -> list[Any]:
    return list(open_sources(str(uri), spec_of(**options), StringTable()))


def test_formats_and_their_endings() -> None:
    assert set(formats()) == {"arrow", "csv", "jsonl", "parquet"}
    with pytest.raises(CepError) as caught:
        format_named("json1")
    assert caught.value.code == "CEP501"
    assert "jsonl" in caught.value.hint


def test_globs_are_partitions_in_sorted_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.csv").write_text(f"ts\n{ord(name)}\n")
    (tmp_path / "d.csv").mkdir()
    sources = opened(tmp_path / "*.csv")
    assert [times(s) for s in sources] == [[97], [98], [99]]
    for source in sources:
        source.close()
        source.close()
    strange = tmp_path / "x[1].csv"
    strange.write_text("ts\n5\n")
    (source,) = opened(strange)
    assert times(source) == [5]
    source.close()


def test_tail(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"ts":1}\n{"ts"')
    (source,) = opened(f"tail:{path}")
    assert times(source) == [1]
    assert source.share() is None
    with path.open("ab") as file:
        file.write(b':2}\n{"ts":3}')
    assert times(source) == [2]
    with path.open("ab") as file:
        file.write(b"\n")
    assert times(source) == [3]
    assert source.poll().rows_read == 0
    source.close()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_positions(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    head = "ts\n" if name.endswith("csv") else ""
    line = "{}\n" if name.endswith("csv") else '{{"ts":{}}}\n'
    path.write_text(head + "".join(line.format(i) for i in range(300_000)))
    (source,) = opened(path)
    first = source.poll()
    place, share = source.position(), source.share()
    rest = times(source)
    assert 0 < share < 1
    assert source.share() == 1.0
    source.close()
    (again,) = opened(path)
    again.seek(place)
    assert times(again) == rest
    assert first.columns["ts"].tolist() + rest == list(range(300_000))
    again.close()


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("none.csv", "CEP504"),
        ("*.csv", "CEP504"),
        (".", "CEP505"),
        ("folder.csv", "CEP504"),
        ("folder.parquet", "CEP504"),
        ("a.xyz", "CEP505"),
        ("", "CEP505"),
        ("tail:none.jsonl", "CEP504"),
        ("tail:a.parquet", "CEP505"),
    ],
)
def test_what_cannot_be_read(
    uri: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("folder.csv", "folder.parquet"):
        (tmp_path / name).mkdir()
    (tmp_path / "a.parquet").touch()
    with pytest.raises(CepError) as caught:
        opened(uri)
    assert caught.value.code == code


def test_the_format_of_the_stream_holds_where_the_name_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("ts\n7\n")
    (source,) = opened(path, format="csv")
    assert times(source) == [7]
    source.close()


def test_standard_input_and_output(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"ts":4}\n')))
    (source,) = opened("-")
    assert times(source) == [4]
    source.close()
    assert not sys.stdin.closed
    sink = open_sink("-", ALL_TYPES, StringTable())
    sink.close()
    sink.close()
    assert capsysbinary.readouterr().out == b""
    with pytest.raises(CepError) as caught:
        opened("-", format="parquet")
    assert caught.value.code == "CEP505"


def test_a_sink_is_not_opened_for_a_format_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_text("precious")
    with pytest.raises(CepError) as caught:
        open_sink(str(path), ALL_TYPES, StringTable())
    assert caught.value.code == "CEP505"
    assert path.read_text() == "precious"


def test_a_record_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    from cep.connectors import file

    monkeypatch.setattr(file, "LONGEST_RECORD_BYTES", 50)
    monkeypatch.setattr(file, "BLOCK_BYTES", 20)
    content = b'{"ts":1}\n' + b"x" * 200 + b'\n{"ts":2}\n'
    decoder = format_named("jsonl").decoder
    assert decoder is not None
    source = RecordSource(io.BytesIO(content), decoder(spec_of(), StringTable()))
    found: list[int] = []
    while (decoded := source.poll()) is not None:
        if decoded.rows_read:
            found += decoded.columns["ts"].tolist()
    assert found == [1, 2]
    assert source.position() == len(content)


RULES = """
CREATE STREAM s (ts TIMESTAMP, n INT, x DOUBLE, k STRING, WATERMARK FOR ts AS ts - 1s);
CREATE RULE r AS SELECT n FROM s;
"""
# Each is refused; every one holds the number, so that none is equal to another.
BAD_JSON = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe",
    b'{"ts":%d,"k":"\xff"}',
    b'{"ts":%d,"k":"\\ud800"}',
    b'{"ts":%d,"o":' + b"[" * 3000 + b"}",
    b'{"ts":%d,"x":1' + b"0" * 400 + b"}",
    b'{"ts":%d,"x":1e400}',
    b'{"ts":%d,"n":"1"}',
    b'{"ts":%d,"n":1.5}',
    b'{"ts":9223372036854775808,"n":%d}',
    b'{"ts":null,"n":%d}',
    b'{"n":%d}',
    b'{"ts":"","n":%d}',
    b'{"ts":"yesterday","n":%d}',
    b'{"ts":{},"n":%d}',
    b'{"ts":%d,"k":5}',
    b'{"ts":%d,"k":[]}',
    b'{"ts":%d} {"ts":1}',
    b"{'ts':%d}",
]
BAD_CSV = [
    b"%d,1",
    b"%d,1,2,a,5",
    b"%d,x,2,a",
    b"%d,1.5,2,a",
    b"%d,1,1_000,a",
    b"%d,1,nan,a",
    b"%d,1, 1,a",
    b"%d,1,1e400,a",
    b"%d,1,1" + b"0" * 400 + b",a",
    b"%d,1,1,\xff",
    b'%d,1,1,"a"b',
    b'"%d"x,1,1,a',
    b",%d,1,a",
    b'"",%d,1,a',
    b"9223372036854775808,%d,1,a",
    b"yesterday,%d,1,a",
    b"%d",
    b"\x00%d,1,1,a",
]
BAD_DICTS: list[Any] = [
    None,
    5,
    "text",
    [],
    {},
    {"ts": None},
    {"ts": "soon"},
    {"ts": 2**63},
    {"ts": -(2**63)},
    {"ts": True},
    {"ts": float("nan")},
    {"ts": 1, "x": 10**400},
    {"ts": 1, "n": 10**5000},
    {"ts": 1, "n": 2**63},
    {"ts": 1, "n": "1"},
    {"ts": 1, "x": "nan"},
    {"ts": 1, "k": "\ud800"},
    {"ts": 1, "k": b"a"},
    {"ts": 1, "k": object()},
]
KINDS = {"value", "null", "syntax", "encoding"}


def filled(pattern: bytes, number: int) -> bytes:
    return pattern.replace(b"%d", str(number).encode())


def malformed(form: str) -> tuple[bytes, int, int]:
    """Return a file of 20,000 lines, every other one bad; and how many are good and bad."""
    patterns = BAD_JSON if form == "jsonl" else BAD_CSV
    lines = [b"ts,n,x,k"] if form == "csv" else []
    bad = 0
    for number in range(10_000):
        line = filled(patterns[number % len(patterns)], number)
        bad += bool(line)
        good = f"{number},{number},0.5,a" if form == "csv" else f'{{"ts":{number},"n":{number}}}'
        lines += [line, good.encode()]
    return b"\n".join(lines) + b"\n", 10_000, bad


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_ten_thousand_bad_lines(form: str, tmp_path: Path) -> None:
    content, good, bad = malformed(form)
    path = tmp_path / f"a.{form}"
    path.write_bytes(content)
    with cep.Engine(RULES, tier="python", bounded=True) as engine:
        table = engine.tables()["r"]
        for _ in engine.read({"s": path}):
            pass
        engine.check()
        assert table["n"] == list(range(good))
        stats = engine.stats()["streams"]["s"]
        assert stats["events"] == good + bad
        assert sum(stats["rejected"].values()) == bad == len(engine.errors)
        assert stats["rejected"].keys() <= KINDS
        seqs = [e.seq for e in engine.errors]
        assert seqs == sorted(set(seqs))
        assert all(e.reason and e.raw for e in engine.errors)
        # What is kept is the line as it came, so that it can be mended and sent again.
        for bad_one in list(engine.errors)[:200]:
            shown = bad_one.raw.encode().replace(b"\\xff", b"\xff").replace(b"\\xfe", b"\xfe")
            assert shown in content


@pytest.mark.parametrize("one_by_one", [True, False])
def test_ten_thousand_bad_events(one_by_one: bool) -> None:
    rows = [BAD_DICTS[i % len(BAD_DICTS)] for i in range(10_000)]
    events: list[Any] = []
    for number, bad in enumerate(rows):
        events += [bad, {"ts": number, "n": number}]
    with cep.Engine(RULES, tier="python", batch_rows=1_000) as engine:
        table = engine.tables()["r"]
        if one_by_one:
            for event in events:
                engine.send("s", event)
        else:
            engine.send_many("s", events)
        engine.flush()
        engine.check()
        assert table["n"] == list(range(10_000))
        assert engine.stats()["streams"]["s"]["events"] == 20_000
        assert [e.seq for e in engine.errors] == list(range(0, 20_000, 2))
        assert all(e.reason and e.raw for e in engine.errors)
        json.dumps([e.raw for e in engine.errors])


def test_times_of_all_kinds_are_taken() -> None:
    taken = [0, -1, 1, -(2**63) + 1, 2**63 - 1, 1.5, "1970-01-01", "1970-01-01T00:00:00+02:00"]
    for ts in taken:
        tables = cep.run(RULES, {"s": [{"ts": ts, "n": 1}]}, tier="python", raw_time=True)
        assert len(tables["r"]) == 1, ts
