"""Every example of the language runs in a case word for word, or is refused by name and stands in a list here."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.errors import SourceText
from cep.lang import parse
from cep.lang.imports import read_files
from cep.plan.binder import bind

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "data" / "grammar"
CASES = ROOT / "cases" / "examples"
# What the cases have to read from elsewhere than a folder of the example's own.
MOVED = {"'rules.common.geo:": "'geo:", "'tests/cases/tables/sensors.csv'": "'sensors.csv'"}

# Statements without a case so far: words of the statement, the codes with which it is refused. When one runs,
# it gets a case in tests/cases/examples and leaves this list.
NOT_YET: dict[str, set[str]] = {
    "CREATE RULE top_items": {"CEP305", "CEP308"},
    "CREATE AGGREGATE FUNCTION robust_spread": {"CEP301"},
    "SELECT order_zipcode, COUNT(*) FROM orders": {"CEP308"},
    "SELECT * FROM r MATCH_RECOGNIZE": {"CEP307", "CEP312"},
}
STREAMS = """
CREATE STREAM Bid (bidtime TIMESTAMP, price DOUBLE, item STRING, WATERMARK FOR bidtime AS bidtime);
CREATE STREAM orders (order_zipcode STRING, orderdate TIMESTAMP, WATERMARK FOR orderdate AS orderdate);
CREATE STREAM r (ts TIMESTAMP, room STRING, value DOUBLE, x INT, "open" BOOLEAN, WATERMARK FOR ts AS ts);
CREATE STREAM temps (ts TIMESTAMP, room STRING, value DOUBLE, x INT, WATERMARK FOR ts AS ts);
CREATE STREAM vents (ts TIMESTAMP, room STRING, "open" BOOLEAN, value DOUBLE, x INT, WATERMARK FOR ts AS ts);
CREATE STREAM clicks (ts TIMESTAMP, user_id STRING, action STRING, item STRING, price DOUBLE, WATERMARK FOR ts AS ts);
CREATE STREAM readings (ts TIMESTAMP, sensor STRING, value DOUBLE, WATERMARK FOR ts AS ts);
CREATE RULE fire_suspected AS SELECT sensor FROM readings;
"""


def words(text: str) -> str:
    """Return a text with single blanks, without comments and semicolons."""
    lines = (line.split("--")[0] for line in text.split("\n"))
    return " ".join(" ".join(lines).replace(";", " ").split())


def statements(name: str) -> list[str]:
    """Return the statements of an example file, each from one semicolon to the next."""
    text = (TEXTS / name).read_text(encoding="utf-8")
    parsed = parse(SourceText(name, text)).statements
    ends = [node.span.end for node in parsed]
    starts = [0, *ends[:-1]]
    found = (words(text[a:b]).lstrip("; ") for a, b in zip(starts, ends, strict=True))
    return list(found)


STATEMENTS = [*statements("examples.cep"), *statements("compat.cep")]


def cased() -> str:
    """Return the text of all cases, as if they stood where the examples do."""
    text = " ".join(p.read_text(encoding="utf-8") for p in sorted(CASES.glob("*.test")))
    for moved, place in MOVED.items():
        text = text.replace(moved, place)
    return words(text)


def test_there_are_68_examples() -> None:
    assert len(STATEMENTS) == 68


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s[:60])
def test_every_example_has_a_case_or_is_listed(statement: str) -> None:
    listed = [start for start in NOT_YET if statement.startswith(start)]
    assert (statement in cased()) != bool(listed)


@pytest.mark.parametrize("start", NOT_YET)
def test_what_does_not_run_is_refused_by_name(start: str) -> None:
    statement = next(s for s in STATEMENTS if s.startswith(start))
    files = read_files([SourceText("<example>", f"{STREAMS}{statement};")])
    problems = [*files.problems, *bind(files.statements).problems]
    mistakes = [p for p in problems if not p.is_lint]
    assert {p.code for p in mistakes} <= NOT_YET[start]
    assert all("not supported yet" in p.message for p in mistakes)
