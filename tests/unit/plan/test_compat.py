"""The MATCH_RECOGNIZE statements of other engines' documentation bind unchanged (ruling 27)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.errors import SourceText
from cep.lang import ast, parse
from cep.plan.binder import bind

FILE = Path(__file__).parents[2] / "data" / "grammar" / "compat.cep"
STREAMS = """
CREATE STREAM MyTable (userid STRING, proctime TIMESTAMP, id INT, name STRING, WATERMARK FOR proctime AS proctime);
CREATE STREAM Ticker (symbol STRING, rowtime TIMESTAMP, price DOUBLE, WATERMARK FOR rowtime AS rowtime);
CREATE STREAM orders (custkey STRING, orderdate TIMESTAMP, totalprice DOUBLE, WATERMARK FOR orderdate AS orderdate);
CREATE STREAM t (ts TIMESTAMP, x INT, WATERMARK FOR ts AS ts);
"""


def queries() -> list[str]:
    """Return the texts of the queries over MATCH_RECOGNIZE, of streams that are declared above."""
    text = FILE.read_text(encoding="utf-8")
    found = []
    for statement in parse(SourceText("compat.cep", text)).statements:
        assert isinstance(statement, ast.Insert)
        query = statement.query
        recognizes = isinstance(query, ast.Select) and isinstance(query.from_, ast.MatchRecognize)
        if recognizes:
            found.append(text[statement.span.start : statement.span.end].rstrip(";"))
    return found


QUERIES = queries()


def mistakes(query: str) -> list[str]:
    parsed = parse(SourceText("t.cep", f"{STREAMS} CREATE RULE m AS {query};"))
    problems = [*parsed.problems, *bind(parsed.statements).problems]
    return [p.code for p in problems if not p.is_lint]


def test_there_are_seven() -> None:
    assert len(QUERIES) == 7


@pytest.mark.parametrize("number", [0, 1, 2, 3, 5])
def test_it_binds(number: int) -> None:
    assert mistakes(QUERIES[number]) == []


def test_the_end_of_a_stream_is_no_place() -> None:
    assert "$" in QUERIES[4]
    assert mistakes(QUERIES[4]) == ["CEP254"]
