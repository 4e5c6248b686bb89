"""Prints expressions, with brackets only where the meaning needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.lang.print.layout import LINE, Group, Indent, enclosed, join
from cep.lang.print.names import (
    ARGUMENT,
    EXPRESSION,
    alias,
    dotted,
    duration,
    name,
    number,
    text_literal,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cep.lang.print.layout import Doc

# How tight an expression binds, loosest first; an operand that binds looser than its place gets brackets.
OR, AND, NOT, PREDICATE, ADDITIVE, TERM, UNARY, POSTFIX, PRIMARY = range(9)

# Operator of a Binary: how tight it binds, how it is written.
_BINARY: dict[str, tuple[int, str]] = {
    "or": (OR, "OR"),
    "and": (AND, "AND"),
    "eq": (PREDICATE, "="),
    "ne": (PREDICATE, "<>"),
    "lt": (PREDICATE, "<"),
    "le": (PREDICATE, "<="),
    "gt": (PREDICATE, ">"),
    "ge": (PREDICATE, ">="),
    "like": (PREDICATE, "LIKE"),
    "not_like": (PREDICATE, "NOT LIKE"),
    "regexp": (PREDICATE, "REGEXP"),
    "is_distinct": (PREDICATE, "IS DISTINCT FROM"),
    "is_not_distinct": (PREDICATE, "IS NOT DISTINCT FROM"),
    "add": (ADDITIVE, "+"),
    "sub": (ADDITIVE, "-"),
    "concat": (ADDITIVE, "||"),
    "mul": (TERM, "*"),
    "div": (TERM, "/"),
    "mod": (TERM, "%"),
}
_UNARY = {"not": (NOT, "NOT "), "neg": (UNARY, "-"), "pos": (UNARY, "+")}
_BOUNDS = {
    "unbounded_preceding": "UNBOUNDED PRECEDING",
    "unbounded_following": "UNBOUNDED FOLLOWING",
    "current_row": "CURRENT ROW",
}


def expression(node: ast.Expression, loosest: int = OR) -> Doc:
    """Return an expression for a place where nothing looser than `loosest` may stand without brackets."""
    printed = _PRINTERS[type(node)](node)
    return enclosed("(", printed) if _binding(node) < loosest else printed


def expressions(nodes: Iterable[ast.Expression]) -> Doc:
    """Return expressions with commas."""
    return join(expression(node) for node in nodes)


def argument(node: ast.Expression | ast.NamedArgument) -> Doc:
    """Return an argument of a call, `name => value` or a value."""
    if isinstance(node, ast.NamedArgument):
        return (name(node.name, ARGUMENT), " => ", expression(node.value))
    return expression(node)


def window_spec(node: ast.WindowSpec) -> Doc:
    """Return what stands between the brackets of OVER ( .. ) and WINDOW w AS ( .. )."""
    parts: list[Doc] = []
    if node.partition_by:
        parts.append(partition_by(node.partition_by))
    if node.order_by:
        parts.append(order_by(node.order_by))
    if node.frame:
        parts.append(_frame(node.frame))
    return join(parts, LINE)


def partition_by(items: tuple[ast.PartitionItem, ...]) -> Doc:
    """Return PARTITION BY with its keys."""
    keys = join((expression(i.value), alias(i.alias)) for i in items)
    return Group(("PARTITION BY ", Indent(keys)))


def order_by(items: tuple[ast.SortItem, ...]) -> Doc:
    """Return ORDER BY with its items."""
    printed: list[Doc] = []
    for item in items:
        direction = f" {item.direction.upper()}" if item.direction else ""
        nulls = f" NULLS {item.nulls.upper()}" if item.nulls else ""
        printed.append((expression(item.value), direction, nulls))
    return Group(("ORDER BY ", Indent(join(printed))))


def _binding(node: ast.Expression) -> int:
    match node:
        case ast.Binary():
            return _BINARY[node.operator][0]
        case ast.Unary():
            return _UNARY[node.operator][0]
        case ast.Is() | ast.Between() | ast.In() | ast.InTable():
            return PREDICATE
        case ast.Member() | ast.MemberStar() | ast.Index():
            return POSTFIX
        case _:
            return PRIMARY


def _binary(node: ast.Binary) -> Doc:
    """Operands of one strength stand in one chain, so that `a AND b AND c` breaks at every AND."""
    level, word = _BINARY[node.operator]
    parts: list[Doc] = []
    left: ast.Expression = node
    while isinstance(left, ast.Binary) and _BINARY[left.operator][0] == level:
        level, word = _BINARY[left.operator]
        parts += [expression(left.right, level + 1), f"{word} ", LINE]
        left = left.left
        if level == PREDICATE:
            break
    tail = tuple(reversed(parts))
    return Group((expression(left, level + 1 if level == PREDICATE else level), Indent(tail)))


def _unary(node: ast.Unary) -> Doc:
    level, word = _UNARY[node.operator]
    # Two signs in a row would be a comment (`--`); they get brackets.
    signs = isinstance(node.operand, ast.Unary) and level == UNARY
    return (word, expression(node.operand, PRIMARY if signs else level))


def _not(*, negated: bool) -> str:
    return "NOT " if negated else ""


def _is(node: ast.Is) -> Doc:
    return (
        expression(node.operand, ADDITIVE),
        f" IS {_not(negated=node.negated)}{node.what.upper()}",
    )


def _between(node: ast.Between) -> Doc:
    return (
        expression(node.operand, ADDITIVE),
        f" {_not(negated=node.negated)}BETWEEN ",
        expression(node.low, ADDITIVE),
        " AND ",
        expression(node.high, ADDITIVE),
    )


def _in(node: ast.In) -> Doc:
    word = f" {_not(negated=node.negated)}IN "
    return (expression(node.operand, ADDITIVE), word, enclosed("(", expressions(node.items)))


def _in_table(node: ast.InTable) -> Doc:
    word = f" {_not(negated=node.negated)}IN "
    return (expression(node.operand, ADDITIVE), word, dotted(node.table))


def _case(node: ast.Case) -> Doc:
    operand: Doc = "" if node.operand is None else (" ", expression(node.operand))
    arms: list[Doc] = [
        (LINE, "WHEN ", expression(when), " THEN ", expression(then)) for when, then in node.whens
    ]
    if node.otherwise is not None:
        arms.append((LINE, "ELSE ", expression(node.otherwise)))
    return Group(("CASE", operand, Indent(tuple(arms)), LINE, "END"))


def _cast(node: ast.Cast) -> Doc:
    word = "TRY_CAST(" if node.tries else "CAST("
    return enclosed(word, (expression(node.operand), f" AS {type_name(node.type)}"))


def _call(node: ast.Call) -> Doc:
    mode = f"{node.mode.upper()} " if node.mode else ""
    args: Doc = "*" if node.star else join(argument(a) for a in node.args)
    distinct = "DISTINCT " if node.distinct else ""
    parts: list[Doc] = [enclosed(f"{mode}{name(node.name, EXPRESSION)}(", (distinct, args))]
    if node.filter is not None:
        parts.append(enclosed(" FILTER (", ("WHERE ", expression(node.filter))))
    if isinstance(node.over, str):
        parts.append(f" OVER {name(node.over)}")
    elif node.over is not None:
        parts.append(enclosed(" OVER (", window_spec(node.over)))
    return tuple(parts)


def _exists(node: ast.Exists) -> Doc:
    # Queries are made of expressions; only here does an expression hold a query.
    from cep.lang.print.queries import query

    return enclosed("EXISTS (", query(node.query))


def _bound(node: ast.FrameBound) -> Doc:
    if node.amount is None:
        return _BOUNDS[node.kind]
    return (expression(node.amount, ADDITIVE), f" {node.kind.upper()}")


def _frame(node: ast.Frame) -> Doc:
    kind = node.kind.upper()
    if node.high is None:
        return (f"{kind} ", _bound(node.low))
    return (f"{kind} BETWEEN ", _bound(node.low), " AND ", _bound(node.high))


_PRINTERS: dict[type, Callable[[Any], Doc]] = {
    ast.Number: lambda node: number(node.value),
    ast.Text: lambda node: text_literal(node.value),
    ast.Boolean: lambda node: "TRUE" if node.value else "FALSE",
    ast.Null: lambda _: "NULL",
    ast.Duration: duration,
    ast.Parameter: duration,
    ast.Name: lambda node: name(node.name, EXPRESSION),
    ast.Member: lambda node: (expression(node.target, POSTFIX), f".{name(node.name)}"),
    ast.MemberStar: lambda node: (expression(node.target, POSTFIX), ".*"),
    ast.Index: lambda node: (
        expression(node.target, POSTFIX),
        enclosed("[", expression(node.index), "]"),
    ),
    ast.ArrayLiteral: lambda node: enclosed("[", expressions(node.items), "]"),
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Is: _is,
    ast.Between: _between,
    ast.In: _in,
    ast.InTable: _in_table,
    ast.Exists: _exists,
    ast.Case: _case,
    ast.Cast: _cast,
    ast.Call: _call,
}
