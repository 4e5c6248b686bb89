"""Clauses gathered from a list: each at most once, in the order the language has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.lang.build.base import Base


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause as read: which (`keyword` as written by users), its content, its place."""

    keyword: str
    items: Any
    span: Span


# Clauses of a SELECT in their order; EMIT and what follows may repeat and keep their order.
SELECT_ORDER = (
    "FROM",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "QUALIFY",
    "WINDOW",
    "ORDER BY",
    "LIMIT",
    "EMIT",
)
# Flink writes WINDOW after QUALIFY or before it; both are read.
FREE = frozenset({"QUALIFY", "WINDOW"})


def by_keyword(
    base: Base, clauses: list[Clause], order: tuple[str, ...] | None, many: frozenset[str]
) -> dict[str, Any]:
    """Return content by keyword; clauses in `many` give a list.

    Raises:
        CepError: CEP104, a clause stands twice or (with `order`) in the wrong place.
    """
    found: dict[str, Any] = {}
    last: Clause | None = None
    for clause in clauses:
        if clause.keyword in many:
            found.setdefault(clause.keyword, []).append(clause.items)
        elif clause.keyword in found:
            msg = f"{clause.keyword} stands twice"
            raise base.mistake("CEP104", msg, clause.span, f"one {clause.keyword} is enough")
        else:
            found[clause.keyword] = clause.items
        if order is not None and last is not None and _before(order, clause.keyword, last.keyword):
            msg = f"{clause.keyword} stands after {last.keyword}"
            hint = f"put {clause.keyword} before {last.keyword}"
            raise base.mistake("CEP104", msg, clause.span, hint)
        last = clause
    return found


def _before(order: tuple[str, ...], one: str, other: str) -> bool:
    if one in FREE and other in FREE:
        return False
    return order.index(one) < order.index(other)
