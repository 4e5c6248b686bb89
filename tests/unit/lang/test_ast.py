"""What the AST says about a text: values, defaults, and spans that point at the text of each node."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cep.errors import NO_SPAN, SourceText
from cep.lang import ast, parse
from cep.lang.print import print_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).resolve().parents[2] / "data" / "grammar"
NODES = [c for c in vars(ast).values() if isinstance(c, type) and is_dataclass(c)]


def one(text: str) -> Any:
    (statement,) = parse(SourceText("t.cep", text)).statements
    return statement


def expression(text: str) -> Any:
    return one(f"SELECT {text} FROM s;").query.items[0].value


def nodes(node: Any, parent: Any = None) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part, parent)
    elif is_dataclass(node):
        yield node, parent
        for field in fields(node):
            if field.compare:
                yield from nodes(getattr(node, field.name), node)


@pytest.mark.parametrize("node", NODES, ids=lambda n: n.__name__)
def test_nodes_are_frozen_values_with_a_span_last(node: type) -> None:
    last = fields(node)[-1]  # type: ignore[arg-type]
    assert (last.name, last.default, last.compare, last.repr) == ("span", NO_SPAN, False, False)
    assert not hasattr(node, "__dict__") or "__slots__" in vars(node)
    with pytest.raises((FrozenInstanceError, TypeError)):
        object.__new__(node).span = NO_SPAN  # type: ignore[attr-defined]


@pytest.mark.parametrize("file", ["examples.cep", "compat.cep", "further.cep"])
def test_every_span_is_the_text_of_its_node(file: str) -> None:
    """Each node points into the file and lies within its parent; what has one spelling is there as written."""
    source = SourceText(file, (DATA / file).read_text(encoding="utf-8"))
    for node, parent in nodes(parse(source).statements):
        assert node.span.source is source
        if parent is not None:
            assert parent.span.start <= node.span.start <= node.span.end <= parent.span.end
        written = source.text[node.span.start : node.span.end]
        match node:
            case ast.Name() | ast.Text() | ast.Parameter():
                assert written == print_expression(node)
            case ast.Atom():
                assert written.startswith(node.variable)
            case ast.WindowSpec() | ast.Edge():
                pass
            case _:
                assert written


def test_spans_count_from_the_begin_of_the_file() -> None:
    source = SourceText("t.cep", "PARAM p INT;\n-- c\n  SELECT a\n FROM s WHERE bee > 1;")
    statement: Any = parse(source).statements[1]
    assert (statement.span.line, statement.span.column) == (3, 3)
    assert (statement.query.where.left.span.line, statement.query.where.left.span.column) == (4, 15)


def test_names() -> None:
    """Identifiers keep their case, keywords have none; quotes are undone, dots kept."""
    statement = one('select Foo, "a ""b""", `c d` from My."odd stream" as T;')
    assert [item.value.name for item in statement.query.items] == ["Foo", 'a "b"', "c d"]
    assert statement.query.from_ == ast.TableName("My.odd stream", alias="T")


def test_literals() -> None:
    assert expression("1") == ast.Number(1)
    assert isinstance(expression("1").value, int)
    assert isinstance(expression("1.0").value, float)
    assert expression("1e3") == ast.Number(1000.0)
    assert expression("9223372036854775807") == ast.Number(2**63 - 1)
    assert expression("'it''s'") == ast.Text("it's")
    assert expression("$hot") == ast.Parameter("hot")
    assert expression("true") == ast.Boolean(True)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("250ms", 250_000),
        ("1h30m", 5_400_000_000),
        ("1.5s", 1_500_000),
        ("1w", 604_800_000_000),
        ("INTERVAL '5' MINUTE", 300_000_000),
        ("interval '10' minutes", 600_000_000),
        ("INTERVAL '1.5' HOURS", 5_400_000_000),
        ("INTERVAL '2' DAY", 172_800_000_000),
    ],
)
def test_durations(text: str, us: int) -> None:
    assert expression(text) == ast.Duration(us)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a OR b AND NOT c = d", "a OR (b AND (NOT (c = d)))"),
        ("a - b - c", "(a - b) - c"),
        ("a + b * -c", "a + (b * (-c))"),
        ("a.b[1].c", "((a.b)[1]).c"),
        ("a || b = c || d", "(a || b) = (c || d)"),
        ("NOT a BETWEEN b AND c AND d", "(NOT (a BETWEEN b AND c)) AND d"),
        ("a == b", "a = b"),
        ("a != b", "a <> b"),
        ("a ~ 'x'", "a REGEXP 'x'"),
        ("a IS NOT NULL", "NOT_NULL"),
    ],
)
def test_operators_bind(text: str, same: str) -> None:
    expected = ast.Is(ast.Name("a"), "null", True) if same == "NOT_NULL" else expression(same)
    assert expression(text) == expected


def test_patterns_bind() -> None:
    def pattern(text: str) -> ast.Pattern:
        found: ast.Pattern = one(f"SELECT a.x FROM s MATCH ({text});").query.from_.pattern
        return found

    a, b, c, d, e = (ast.Atom(v) for v in "abcde")
    twice = ast.Quantified(e, 2, 2)
    assert pattern("a b | c -> d & e{2}") == ast.Followed(
        (ast.Choice((ast.Adjacent((a, b)), c)), ast.AnyOrder((d, twice))), (ast.Edge(),)
    )
    assert pattern("a -[1s..$p]->> NOT b FOR 5s") == ast.Followed(
        (a, ast.Absent(b, ast.Duration(5_000_000))),
        (ast.Edge(True, ast.Duration(1_000_000), ast.Parameter("p")),),
    )
    assert pattern("a++ STRICT UNTIL [x]") == ast.Quantified(
        a, 1, None, "possessive", "strict", ast.Name("x")
    )
    assert pattern("a{,3}?") == ast.Quantified(a, 0, 3, "reluctant")


def test_options_of_a_pattern_stand_in_any_order() -> None:
    options = ["WITHIN 1m", "WITHIN 5 EVENTS", "PARTITION BY k", "GAP 1s", "STARTS LAST"]
    first, *_ = texts = [" ".join(options), " ".join(reversed(options))]
    built = [one(f"SELECT a.x FROM s MATCH (a -> b {text});") for text in texts]
    assert built[0] == built[1], first
    match = built[0].query.from_
    assert (match.within, match.within_events) == (ast.Duration(60_000_000), 5)


def test_output_clauses_keep_their_order() -> None:
    limit, suppress = "LIMIT 1 PER 1s", "SUPPRESS BY (a) FOR 1s"
    query = one(f"SELECT a FROM s {suppress} {limit} LIMIT 2 PER 1m BY (a);").query
    assert [type(c) for c in query.output] == [ast.Suppress, ast.RateLimit, ast.RateLimit]
