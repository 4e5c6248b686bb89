"""Sizes: what reasonable rules need is far inside the limits, what is beyond them is CEP105, never a RecursionError."""

from __future__ import annotations

import time

import pytest

from cep.compile import compile_rules
from cep.errors import CepError, SourceText
from cep.lang import parse
from cep.lang.print import format_text

STREAM = "CREATE STREAM s (ts TIMESTAMP, k STRING, a DOUBLE, b BOOLEAN, WATERMARK FOR ts AS ts);\n"


def compiled(query: str) -> tuple[str, ...]:
    """Return the codes of the mistakes of a rule, none when it compiles."""
    try:
        compile_rules([SourceText("r.cep", f"{STREAM}CREATE RULE r AS {query};")])
    except CepError as mistakes:
        return tuple(p.code for p in mistakes.problems)
    return ()


REASONABLE = {
    "100 conditions with AND": "SELECT k FROM s WHERE " + " AND ".join(f"a <> {n}" for n in range(100)),
    "100 conditions with OR": "SELECT k FROM s WHERE " + " OR ".join(f"a = {n}" for n in range(100)),
    "100 conditions of a step": "SELECT x.a FROM s MATCH (x["
    + " AND ".join(f"a <> {n}" for n in range(100))
    + "] -> y PARTITION BY k WITHIN 1m)",
    "100 terms": "SELECT " + " + ".join(["a"] * 100) + " AS z FROM s",
    "90 brackets": "SELECT " + "(" * 90 + "a" + ")" * 90 + " AS z FROM s",
    "40 calls": "SELECT " + "ABS(" * 40 + "a" + ")" * 40 + " AS z FROM s",
    "30 CASE in ELSE": "SELECT " + "CASE WHEN b THEN 1 ELSE " * 30 + "2" + " END" * 30 + " AS z FROM s",
    "90 WHEN": "SELECT CASE a " + " ".join(f"WHEN {n} THEN {n}" for n in range(90)) + " END AS z FROM s",
    "1,000 numbers in IN": "SELECT k FROM s WHERE a IN (" + ", ".join(map(str, range(1000))) + ")",
    "50 steps": "SELECT x0.a FROM s MATCH ("
    + " -> ".join(f"x{n}[a > {n}]" for n in range(50))
    + " PARTITION BY k WITHIN 1m)",
    "300 columns": "SELECT " + ", ".join(f"a AS a{n}" for n in range(300)) + " FROM s",
}  # fmt: skip


@pytest.mark.parametrize("kind", REASONABLE)
def test_reasonable_rules_compile_and_print(kind: str) -> None:
    assert compiled(REASONABLE[kind]) == ()
    formatted = format_text(REASONABLE[kind] + ";")
    assert format_text(formatted) == formatted


BEYOND = {
    "100,000 brackets": "SELECT " + "(" * 100_000 + "a" + ")" * 100_000 + " FROM s",
    "100,000 open brackets": "SELECT " + "(" * 100_000 + "a FROM s",
    "5,000 conditions with AND": "SELECT k FROM s WHERE " + " AND ".join(["a > 1"] * 5000),
    "20,000 NOT": "SELECT " + "NOT " * 20_000 + "a FROM s",
    "5,000 CASE in THEN": "SELECT " + "CASE WHEN b THEN " * 5000 + "a" + " END" * 5000 + " FROM s",
    "5,000 CASE without END": "SELECT " + "CASE " * 5000 + "a FROM s",
    "5,000 BETWEEN": "SELECT a FROM s WHERE a" + " BETWEEN 1 AND 2 AND a" * 5000,
    "2,000 queries in FROM": "SELECT a FROM " + "(SELECT a FROM " * 2000 + "s" + ")" * 2000,
    "5,000 NOT in a pattern": "SELECT x.a FROM s MATCH (" + "NOT (" * 5000 + "x" + ")" * 5000 + ")",
}  # fmt: skip


@pytest.mark.parametrize("kind", BEYOND)
def test_beyond_the_limits_is_a_mistake(kind: str) -> None:
    begin = time.process_time()
    assert set(compiled(BEYOND[kind])) <= {"CEP101", "CEP102", "CEP105"}
    assert compiled(BEYOND[kind])
    assert time.process_time() - begin < 10


def test_a_mebibyte_of_anything() -> None:
    """A text of 1 MiB is refused by its length; one just below the limit is read."""
    for character in "x(;' \n":
        codes = {p.code for p in parse(SourceText("t", character * 2**20)).problems}
        assert codes == {"CEP105"}
    for character in "x(;'\n@$[9":
        text = character * (2**18 - 1)
        assert len(parse(SourceText("t", text)).problems) <= 1


def test_words_in_annotations_may_be_clause_words() -> None:
    """`@null_key(group)` is how MATCH keeps NULL keys; a query still needs its columns quoted."""
    match = "SELECT x.a FROM s MATCH (x -> y PARTITION BY k WITHIN 1m)"
    text = f"@null_key(group) @note(from, by = select)\nCREATE RULE r AS {match};"
    result = parse(SourceText("t", text))
    assert result.problems == ()
    assert format_text(text).splitlines()[0] == "@null_key(group) @note(from, by = select)"
    compile_rules([SourceText("t", f"{STREAM}@null_key(group) CREATE RULE r AS {match};")])
    (problem,) = parse(SourceText("t", "@null_key(group) CREATE RULE r AS SELECT by;")).problems
    assert (problem.code, problem.span.column) == ("CEP103", 42)


def test_a_byte_order_mark_before_the_text_says_nothing() -> None:
    result = parse(SourceText("t", "\ufeffPARAM p INT;\nSELECT \ufeff;"))
    assert [(p.code, p.span.line, p.span.column) for p in result.problems] == [("CEP101", 2, 8)]
    assert result.statements[0].span.start == 1
    assert format_text("\ufeff-- c\nPARAM p INT;") == "-- c\nPARAM p INT;\n"
