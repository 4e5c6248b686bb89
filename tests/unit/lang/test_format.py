"""The canonical layout, and comments in it."""

from __future__ import annotations

import pytest

from cep.errors import CepError
from cep.lang import ast
from cep.lang.print import format_text, print_expression, print_pattern, print_statement

FORMATTED = {
    "clauses on lines of their own": (
        "select a,b from s where a>1 and b<2;",
        "SELECT a, b\nFROM s\nWHERE a > 1 AND b < 2;\n",
    ),
    "blank lines around long statements": (
        "param a int;param b int;\n\n\n\nparam c int;select a from s;param d int;",
        "PARAM a int;\nPARAM b int;\n\nPARAM c int;\n\nSELECT a\nFROM s;\n\nPARAM d int;\n",
    ),
    "comments above and beside": (
        "-- file\n\n\n\n--   rule\nPARAM a INT ;   -- beside\n-- next\n  PARAM b INT; /* two\n lines */ -- x\n\n--end",
        "-- file\n\n--   rule\nPARAM a INT;  -- beside\n-- next\nPARAM b INT; /* two\n lines */  -- x\n\n--end\n",
    ),
    "comments inside": (
        "SELECT a, -- first\n  b /* second */, c -- third\n-- where from\nFROM s -- the stream\nWHERE a > 1 -- big\n;",
        (
            "SELECT a,  -- first\n  b /* second */, c  -- third\n-- where from\nFROM s  -- the stream\n"
            "WHERE a > 1;  -- big\n"
        ),
    ),
    "comments follow the tokens that are moved": (
        "SELECT a FROM s MATCH (x -> y WITHIN INTERVAL '5' MINUTE -- not long\n PARTITION BY k -- each\n);",
        "SELECT a\nFROM s MATCH (x -> y PARTITION BY k  -- each\n  WITHIN 5m  -- not long\n  );\n",
    ),
    "two comments at the end of a statement": (
        "SELECT a FROM s -- one\n; -- two\nPARAM p INT;",
        "SELECT a\nFROM s;  -- one\n\n-- two\nPARAM p INT;\n",
    ),
    "a comment alone": ("  -- nothing\n\n", "-- nothing\n"),
    "nothing": (" \n", ""),
    "texts with line ends keep them": ("PARAM p STRING = 'a\n  b';", "PARAM p STRING = 'a\n  b';\n"),
    "quotes go where they are not needed": (
        'SELECT "a", `b c`, "from" FROM "s"."t u";',
        'SELECT a, "b c", "from"\nFROM s."t u";\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMATTED)
def test_format(case: str) -> None:
    text, formatted = FORMATTED[case]
    assert format_text(text) == formatted
    assert format_text(formatted) == formatted


def test_lists_break_one_item_a_line() -> None:
    text = "SELECT " + ", ".join(f"column_number_{n}" for n in range(9)) + " FROM s;"
    lines = format_text(text).splitlines()
    assert lines[:3] == ["SELECT", "  column_number_0,", "  column_number_1,"]
    assert max(map(len, lines)) <= 100


def test_a_text_with_mistakes_is_not_formatted() -> None:
    with pytest.raises(CepError) as caught:
        format_text("SELECT FROM a; SELECT b FORM c;", "r.cep")
    assert [p.code for p in caught.value.problems] == ["CEP103", "CEP101"]
    assert caught.value.span.source is not None
    assert caught.value.span.source.name == "r.cep"


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (ast.Unary("neg", ast.Unary("neg", ast.Name("a"))), "-(-a)"),
        (ast.Binary("mul", ast.Binary("add", ast.Name("a"), ast.Number(1)), ast.Number(2.0)), "(a + 1) * 2.0"),
        (ast.Binary("sub", ast.Name("a"), ast.Binary("sub", ast.Name("b"), ast.Name("c"))), "a - (b - c)"),
        (ast.Binary("eq", ast.Binary("lt", ast.Name("a"), ast.Name("b")), ast.Boolean(True)), "(a < b) = TRUE"),
        (ast.Unary("not", ast.Binary("or", ast.Name("a"), ast.Name("b"))), "NOT (a OR b)"),
        (ast.Member(ast.Binary("add", ast.Name("a"), ast.Name("b")), "c"), "(a + b).c"),
        (ast.Duration(5_400_000_000), "1h30m"),
        (ast.Duration(1_500_000), "1s500ms"),
        (ast.Text("it's"), "'it''s'"),
        (ast.Number(1e16), "1e+16"),
    ],
)  # fmt: skip
def test_expressions(node: ast.Expression, text: str) -> None:
    assert print_expression(node) == text


def test_patterns() -> None:
    """Brackets that the AST lacks are added where an operator binds looser than its place."""
    a, b = ast.Atom("a"), ast.Atom("b")
    loose = ast.Adjacent((ast.Choice((a, b)), ast.Quantified(ast.Adjacent((a, b)), 1, None)))
    assert print_pattern(loose) == "(a | b) (a b)+"


def test_a_tree_that_is_too_deep_is_a_mistake() -> None:
    node: ast.Expression = ast.Name("a")
    for _ in range(5000):
        node = ast.Unary("not", node)
    with pytest.raises(CepError) as caught:
        print_statement(ast.SetOption("x", node))
    assert caught.value.code == "CEP105"
