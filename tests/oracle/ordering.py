"""SELECT DISTINCT, ORDER BY and LIMIT n over the rows of one window end (ruling 38)."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate

if TYPE_CHECKING:
    from tests.oracle.operator import Scope


def orders(query: ast.Select) -> bool:
    """Whether a query has one of the clauses."""
    return bool(query.distinct or query.order_by or query.limit is not None)


def ordered(query: ast.Select, scopes: list[Scope]) -> list[Scope]:
    """Return the scopes of one window end, in their order, as the three clauses leave them."""
    if query.distinct:
        kept: list[Scope] = []
        rows: list[list[Any]] = []
        for scope in scopes:
            row = [evaluate(item.value, scope) for item in query.items]
            if row not in rows:
                rows.append(row)
                kept.append(scope)
        scopes = kept
    if query.order_by:
        named = {i.alias: i.value for i in query.items if i.alias is not None}
        keys = [
            named.get(i.value.name, i.value) if isinstance(i.value, ast.Name) else i.value
            for i in query.order_by
        ]
        rated = [(scope, [evaluate(key, scope) for key in keys]) for scope in scopes]
        scopes = [s for s, _ in sorted(rated, key=cmp_to_key(lambda a, b: _compared(query, a, b)))]
    return scopes if query.limit is None else scopes[: query.limit]


def _compared(query: ast.Select, a: tuple[Any, list[Any]], b: tuple[Any, list[Any]]) -> int:
    for item, left, right in zip(query.order_by, a[1], b[1], strict=True):
        if left == right:
            continue
        if left is None or right is None:
            last = 1 if item.nulls != "first" else -1
            return last if left is None else -last
        less = -1 if item.direction != "desc" else 1
        return less if left < right else -less
    return 0
