"""Whatever the AST can say is printed as text that parses to an equal AST, in one canonical layout."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cep.errors import SourceText
from cep.lang import ast, parse
from cep.lang.print import format_text, print_statement, print_statements
from cep.lang.print.tokens import comments_of, tokens_of
from tests.properties.ast_strategies import expression, pattern, statement, statements

TEXTS = Path(__file__).parent.parent / "data" / "grammar"
NODES = {c for c in vars(ast).values() if isinstance(c, type) and is_dataclass(c)}


def read(text: str) -> tuple[ast.Statement, ...]:
    result = parse(SourceText("printed", text))
    assert not result.problems, text + "\n" + "\n".join(p.render() for p in result.problems)
    return result.statements


def kinds(node: Any) -> set[type]:
    """Return the classes of all nodes in a tree."""
    if isinstance(node, tuple):
        return {kind for part in node for kind in kinds(part)}
    if not is_dataclass(node):
        return set()
    below = {kind for f in fields(node) if f.compare for kind in kinds(getattr(node, f.name))}
    return {type(node), *below}


def test_what_is_printed_reads_back() -> None:
    """All kinds of nodes: parse(print(x)) == x, and printing that again gives the same text."""
    seen: set[type] = set()

    @settings(max_examples=20)
    @given(st.data())
    def check_all(data: st.DataObject) -> None:
        for kind in statements(2):
            check(data.draw(kind))

    def check(node: ast.Statement) -> None:
        text = print_statement(node)
        assert read(text) == (node,), text
        assert format_text(text) == text + "\n"
        seen.update(kinds(node))

    check_all()
    # What is drawn need not hold every kind; the grammar's example texts do.
    for path in sorted(TEXTS.glob("*.cep")):
        for node in parse(SourceText(path.name, path.read_text(encoding="utf-8"))).statements:
            check(node)
    assert seen == NODES


@settings(max_examples=60)
@given(expression(4), pattern(3))
def test_deep_expressions_and_patterns_read_back(value: ast.Expression, steps: ast.Pattern) -> None:
    """Brackets stand where they must, whatever stands in whatever."""
    select = ast.Select((ast.SelectItem(value),), ast.Match(None, steps))
    text = print_statement(ast.Insert(select))
    assert read(text) == (ast.Insert(select),), text


# ---------------------------------------------------------------- comments

COMMENTS = st.sampled_from([
    "-- c",
    "--",
    '-- it\'s; "odd" /* ',
    "/* d */",
    "/* two\nlines; ' */",
    "/**/",
])
SPACE = st.sampled_from([" ", "\n", "\n\n\n", "  \n  "])


@st.composite
def commented(draw: st.DrawFn) -> tuple[str, tuple[ast.Statement, ...]]:
    """Return printed statements with comments, spaces and line ends between their tokens."""
    nodes = tuple(draw(st.lists(statement(1), min_size=1, max_size=3)))
    out: list[str] = []
    for token in tokens_of(print_statements(nodes)):
        out += [draw(SPACE), token] if draw(st.integers(0, 9)) == 0 else [" ", token]
        if draw(st.integers(0, 7)) == 0:
            comment = draw(COMMENTS)
            out += [draw(SPACE), comment, "\n" if comment.startswith("--") else draw(SPACE)]
    return "".join(out), nodes


@settings(max_examples=60)
@given(commented())
def test_formatting_loses_nothing_and_settles(case: tuple[str, tuple[ast.Statement, ...]]) -> None:
    """The formatted text says the same, has every comment, and is not changed by formatting again."""
    text, nodes = case
    formatted = format_text(text)
    assert read(formatted) == nodes, formatted
    assert sorted(comments_of(formatted)) == sorted(comments_of(text))
    assert format_text(formatted) == formatted
