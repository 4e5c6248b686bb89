"""SELECT DISTINCT, ORDER BY and LIMIT n: over the rows of one end of a group window, and nowhere else (ruling 38)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.names import item_name
from cep.plan.bind.operators import convert
from cep.plan.bind.report import is_broken
from cep.plan.nodes import CalendarWindow, EventWindow, Sorted, WindowSize
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.plan.bind.groups import GroupScope
    from cep.plan.bind.report import Report
    from cep.plan.expressions import Expr

# Clause of a query: its name in messages.
_CLAUSES = {"distinct": "SELECT DISTINCT", "order_by": "ORDER BY", "limit": "LIMIT n"}


@dataclass(frozen=True, slots=True)
class Ordering:
    """What is done with the rows of one window end: different values, order, number."""

    distinct: tuple[Expr, ...]
    order: tuple[Sorted, ...]
    limit: int | None


def given_clauses(node: ast.Select) -> list[str]:
    """Return which of the three clauses a query has."""
    given = {
        "distinct": node.distinct,
        "order_by": bool(node.order_by),
        "limit": node.limit is not None,
    }
    return [clause for clause, is_there in given.items() if is_there]


def no_ordering(node: ast.Select, report: Report) -> None:
    """Report the three clauses of a query that has no group window.

    Errors: CEP223.
    """
    for clause in given_clauses(node):
        message = f"{_CLAUSES[clause]} acts on the rows of one window end, and there is no window"
        hint = "group by one, GROUP BY .., TUMBLE(10s); LIMIT n PER d bounds the rate of rows"
        report.add("CEP223", message, node.span, hint)


def bind_ordering(node: ast.Select, scope: GroupScope) -> Ordering | None:
    """Return the three clauses of a query that groups, None if it has none, or on a mistake.

    To be called before the node of the groups is made: it collects their aggregates.

    Errors: CEP216 LIMIT 0 or a position in ORDER BY, CEP223 no window, CEP224 what DISTINCT leaves out, and those of expressions.
    """
    clauses = given_clauses(node)
    if not clauses:
        return None
    window = scope.grouping.window
    if not isinstance(window, WindowSize | CalendarWindow | EventWindow):
        no_ordering(node, scope.report)
        return None
    if node.limit == 0:
        scope.report.add("CEP216", "LIMIT 0 lets no row pass", node.span)
    items = [i for i in node.items if isinstance(i, ast.SelectItem)]
    named = {i.alias or item_name(i.value): i.value for i in items}
    distinct = _values((i.value for i in items), "SELECT", scope) if node.distinct else []
    order = [
        named.get(i.value.name, i.value) if isinstance(i.value, ast.Name) else i.value
        for i in node.order_by
    ]
    for item in node.order_by:
        if isinstance(item.value, ast.Number):
            hint = "write the column"
            scope.report.add("CEP216", "ORDER BY takes values, not positions", item.span, hint)
    values = _values(order, "ORDER BY", scope)
    if any(is_broken(v) for v in (*distinct, *values)):
        return None
    for item, value in zip(node.order_by, values, strict=True):
        if node.distinct and value not in distinct:
            message = "ORDER BY with DISTINCT takes columns of the select list"
            hint = "of equal rows only the first stays: select what it sorts by"
            scope.report.add("CEP224", message, item.span, hint)
    pairs = zip(node.order_by, values, strict=True)
    keys = tuple(Sorted(v, i.direction == "desc", i.nulls == "first") for i, v in pairs)
    return Ordering(tuple(distinct), keys, node.limit)


def _values(nodes: Iterable[ast.Expression], place: str, scope: GroupScope) -> list[Expr]:
    scope.place = place
    found = (bind_expression(node, scope) for node in nodes)
    return [convert(v, Type.STRING) if v.type is Type.NULL else v for v in found]
