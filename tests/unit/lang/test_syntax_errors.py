"""Mistakes in rule text: each has a code, the place marked by `¦`, a sentence and a hint; none hides another."""

from __future__ import annotations

import pytest

from cep.errors import Problem, SourceText
from cep.lang import ParseResult, parse

MARK = "¦"

MISTAKES = [
    # keywords nearly right
    ("CEP101", "¦CREAT RULE a AS SELECT b FROM c;", "unexpected 'CREAT'", "did you mean 'CREATE'?"),
    ("CEP101", "¦ELECT a;", "unexpected", "did you mean 'SELECT'?"),
    ("CEP101", "SELECT a ¦FORM readings;", "'FORM' is no keyword", "did you mean 'FROM'?"),
    ("CEP101", "SELECT a FROM b ¦WHER x > 1;", "'WHER' is no keyword", "did you mean 'WHERE'?"),
    ("CEP101", "SELECT a FROM b MATCH (a -> b ¦WITHN 5m);", "'WITHN'", "did you mean 'WITHIN'?"),
    ("CEP101", "SELECT a FROM b WHERE c IS ¦NUL;", "unexpected 'NUL'", "did you mean 'NULL'?"),
    # something is missing
    ("CEP103", "SELECT ¦FROM readings;", "a value is missing before FROM", 'written "FROM"'),
    ("CEP103", "SELECT a, ¦FROM b;", "a value is missing before FROM", ""),
    ("CEP101", "SELECT a FROM b WHERE ¦GROUP BY c;", "a value is missing before GROUP", ""),
    ("CEP101", "SELECT a FROM b WHERE c = 1 AND¦;", "a value is missing before ';'", ""),
    ("CEP101", "SELECT f(a, ¦) FROM b;", "a value is missing before ')'", ""),
    ("CEP101", "CREATE RULE ¦AS SELECT a FROM b;", "a name is missing before AS", ""),
    ("CEP101", "SELECT a b ¦c FROM d;", "unexpected 'c'", "is a ',' missing before it?"),
    ("CEP101", "CREATE STREAM s (a INT ¦b INT);", "unexpected 'b'", "is a ',' missing before it?"),
    ("CEP101", "SELECT a FROM b ORDER ¦c;", "unexpected 'c'", "expected BY"),
    ("CEP101", "CREATE RULE r AS INSERT ¦x SELECT a FROM b;", "unexpected 'x'", "expected INTO"),
    ("CEP101", "TEST OF b GIVEN c (d) VALUES ¦1;", "unexpected '1'", "expected '('"),
    ("CEP101", "CREATE RULE r¦;", "the statement ends too early", "expected AS or"),
    ("CEP101", "CREATE RULE ¦r", "the text ends in the middle", "expected '.' or AS or"),
    # ends
    ("CEP102", "SELECT a FROM ¦b", "the statement does not end", "add ';'"),
    ("CEP102", "SELECT a FROM b ¦/* x ;", "comment without its end", "add the closing */"),
    ("CEP102", "SELECT a FROM b WHERE c = ¦'x;", "text without its end", "add the closing '"),
    ("CEP102", 'SELECT ¦"a FROM b;', "quoted name without its end", 'add the closing "'),
    # brackets
    ("CEP102", "SELECT f¦(a, b FROM c;", "'(' is not closed before 'FROM'", "add ')'"),
    ("CEP102", "SELECT a FROM ¦(SELECT b FROM c;", "'(' is not closed before ';'", "add ')'"),
    ("CEP102", "SELECT a FROM b MATCH (x¦[a > 1 -> y);", "'[' is not closed before", "add ']'"),
    ("CEP101", "SELECT a¦) FROM b;", "')' closes nothing", "there is no '(' before it"),
    # signs of other languages
    ("CEP101", "SELECT a FROM b WHERE c ¦&& d;", "unexpected '&&'", "write AND"),
    ("CEP101", "SELECT a FROM b WHERE ¦!c;", "'!'", "write NOT"),
    ("CEP101", "SELECT a¦::INT FROM b;", "unexpected '::'", "write CAST(value AS type)"),
    ("CEP101", "SELECT a ¦# all\n FROM b;", "unexpected character '#'", "a comment begins with --"),
    ("CEP101", "SELECT a FROM b WHERE c = ¦\u201cx\u201d;", "", "straight single quotes"),
    ("CEP101", "SELECT ¦écart FROM b;", "unexpected character 'é'", "in double quotes"),
    ("CEP101", "SELECT a FROM b MATCH (a ¦=> b);", "unexpected '=>'", "steps are joined by ->"),
    # clauses
    ("CEP104", "SELECT a FROM b GROUP BY c ¦WHERE d;", "WHERE stands after GROUP BY", "put WHERE before"),
    ("CEP104", "SELECT a FROM b WHERE c ¦WHERE d;", "WHERE stands twice", "one WHERE is enough"),
    ("CEP104", "SELECT a FROM b EMIT FINAL ¦WHERE c;", "WHERE stands after EMIT", ""),
    ("CEP104", "SELECT a FROM b MATCH (c WITHIN 1s ¦WITHIN 2s);", "WITHIN stands twice", ""),
    ("CEP104", "SELECT a FROM ¦b MATCH_RECOGNIZE (MEASURES a AS b);", "without PATTERN", "add PATTERN"),
    ("CEP104", "CREATE STREAM s (¦a INT NOT NULL NOT NULL);", "stands twice", ""),
    # numbers, durations, names
    ("CEP101", "SELECT ¦5mm FROM b;", "'5mm' is neither a number nor a duration", "us, ms, s"),
    ("CEP106", "SELECT ¦9223372036854775808 FROM b;", "does not fit 64 bits", "DOUBLE"),
    ("CEP106", "SELECT a FROM b LIMIT ¦1.5;", "1.5 where a count", ""),
    ("CEP106", "CREATE STREAM s (a DECIMAL(¦1e999));", "1e999 where a count", ""),
    ("CEP106", "SELECT a FROM b MATCH (a¦{3,2});", "the wrong way round", ""),
    ("CEP106", "SELECT a FROM b MATCH (a{¦99999999999999999999999});", "where a count", ""),
    ("CEP106", "SELECT ¦INTERVAL 'x' MINUTE FROM b;", "is not a number of MINUTES", ""),
    ("CEP106", "SELECT ¦INTERVAL '-5' MINUTE FROM b;", "is not a number", "before INTERVAL"),
    ("CEP106", "SELECT ¦99999999999999999w FROM b;", "is not a duration", ""),
    ("CEP107", "SELECT ¦INTERVAL '5' DECADE FROM b;", "INTERVAL in DECADE is not supported", "units are"),
    ("CEP103", 'SELECT ¦"" FROM b;', "a name without a letter", ""),
]  # fmt: skip


def parsed(text: str) -> ParseResult:
    return parse(SourceText("r.cep", text.replace(MARK, "")))


@pytest.mark.parametrize(
    ("code", "text", "message", "hint"), MISTAKES, ids=[m[1] for m in MISTAKES]
)
def test_mistake(code: str, text: str, message: str, hint: str) -> None:
    problems = parsed(text).problems
    assert problems
    (problem,) = problems[:1]
    before = text[: text.index(MARK)]
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert (problem.code, problem.span.line, problem.span.column) == (code, *place)
    assert message in problem.message
    assert hint in problem.hint
    assert "__" not in problem.render()


def test_every_mistake_of_a_text_in_one_run() -> None:
    text = (
        "CREATE STREAM s (a INT;\n"
        "CREATE RULE one AS SELECT a FROM s;\n"
        "CREATE RULE two AS SELECT FROM s;\n"
        "CREATE RULE three AS SELECT a FROM s WHERE a == 1;\n"
        "CREATE RULE four AS SELECT a FROM s WHERE GROUP BY a;\n"
        "SELECT 'it''s; fine', \"a;b\" /* ; */ FROM s; -- ;\n"
        "SELECT 'open FROM s;\nPARAM p INT;\n"
    )
    result = parsed(text)
    assert [(p.code, p.span.line) for p in result.problems] == [
        ("CEP102", 1),
        ("CEP103", 3),
        ("CEP101", 5),
        ("CEP102", 7),
    ]
    assert len(result.statements) == 3
    assert result.broken_names == {"s", "two", "four", "p"}


def test_a_missing_semicolon_costs_no_statement() -> None:
    text = (
        "CREATE RULE one AS SELECT a FROM s  -- all of it\n\n"
        "CREATE RULE two AS SELECT a FROM s\n"
        "@owner('x') CREATE RULE three AS\nINSERT INTO t\nSELECT a\nFROM s\n"
        "SELECT a FROM s -- end"
    )
    result = parsed(text)
    assert [(p.code, p.span.line, p.message) for p in result.problems] == [
        ("CEP102", line, "the statement does not end") for line in (1, 3, 7, 8)
    ]
    assert [p.span.column for p in result.problems] == [34, 34, 6, 15]
    assert len(result.statements) == 4
    assert not result.broken_names
    assert result.statements[2].span.line == 4


def test_a_quote_that_is_missing_lines_above() -> None:
    """What looks wrong lies behind the text that runs over the line; the hint names where that begins."""
    text = "PARAM p INT;\nSELECT a FROM s WHERE k = 'x;\nSELECT a FROM s WHERE k = 'y;"
    (problem,) = parsed(text).problems
    assert (problem.code, problem.span.line, problem.span.column) == ("CEP101", 3, 28)
    assert problem.message == "unexpected 'y' after a text that begins in line 2"
    (*_, problem) = parsed(text + "\nSELECT a FROM s WHERE k = 'z'';").problems
    assert problem.code == "CEP102"
    assert "in line 2" in problem.hint


DEEP = {
    "brackets": "SELECT " + "(" * 5000 + "a" + ")" * 5000 + " FROM b;",
    "brackets of patterns": "SELECT a FROM b MATCH (" + "(" * 5000 + "a" + ")" * 5000 + ");",
    "types": "CREATE STREAM s (a " + "A<" * 2000 + "B" + ">" * 2000 + ");",
    "not": "SELECT " + "NOT " * 5000 + "a FROM b;",
    "signs": "SELECT " + "- " * 5000 + "a FROM b;",
    "members": "SELECT a" + ".b" * 5000 + " FROM b;",
    "sums": "SELECT a" + " + 1" * 5000 + " FROM b;",
    "or": "SELECT a FROM b WHERE c = 1" + " OR c = 1" * 500 + ";",
    "unions": "SELECT a FROM b" + " UNION ALL SELECT a FROM b" * 500 + ";",
    "joins": "SELECT a FROM b" + " JOIN c ON TRUE" * 500 + ";",
}


@pytest.mark.parametrize("kind", DEEP)
def test_deep_nesting_is_a_mistake_of_its_statement(kind: str) -> None:
    result = parsed(f"SELECT a FROM b; {DEEP[kind]} SELECT c FROM d; SELECT FROM e;")
    assert [p.code for p in result.problems] == ["CEP105", "CEP103"]
    assert len(result.statements) == 2


def test_long_sequences_are_not_deep() -> None:
    steps = " -> ".join(f"s{n}" for n in range(500))
    rows = ", ".join("(1, 'a')" for _ in range(500))
    text = (
        f"SELECT a FROM b MATCH ({steps} WITHIN 1h);"
        f"TEST OF r GIVEN b (a, c) VALUES {rows} EXPECT NO r;"
    )
    assert len(parsed(text).statements) == 2


def test_a_long_text_is_refused_at_once() -> None:
    (problem,) = parsed("SELECT a FROM b;" * 20_000).problems
    assert problem.code == "CEP105"
    assert "at most 262144" in problem.message


def test_empty_statements_say_nothing() -> None:
    assert parsed(" ;; -- x\n; /* y */").statements == ()
    assert parsed(" ;; -- x\n; /* y */").problems == ()


@pytest.mark.parametrize("character", ["\0", "\x1b", "\u2028", "\U0001f525", "\ud800", "¬", "\\"])
def test_odd_characters_are_mistakes(character: str) -> None:
    (problem,) = parsed(f"SELECT a {character} FROM b;").problems
    assert isinstance(problem, Problem)
    assert problem.code == "CEP101"
