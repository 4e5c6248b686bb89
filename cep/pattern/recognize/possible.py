"""Which conditions of one row exclude each other: bounds of single columns that cannot hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.plan.expressions import Call, Column, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cep.plan.expressions import Expr

_MIRRORED = {"eq": "eq", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def possible_results(conditions: Sequence[Iterable[Expr]]) -> tuple[bool, ...]:
    """Return, for each combination of results of conditions (bit n: condition n holds), whether rows may have it.

    A condition is given as the parts of a conjunction.
    """
    bounds = [[b for part in parts if (b := _bound(part)) is not None] for parts in conditions]
    found = []
    for results in range(1 << len(conditions)):
        held = [b for n, some in enumerate(bounds) if results >> n & 1 for b in some]
        found.append(_together(held))
    return tuple(found)


def _bound(part: Expr) -> tuple[str, str, int | float | str] | None:
    """Return a comparison of a column with a constant: the column, the operator, the constant."""
    if not isinstance(part, Call) or part.function not in _MIRRORED:
        return None
    left, right = part.args
    operator = part.function
    if isinstance(left, Literal):
        left, right, operator = right, left, _MIRRORED[operator]
    if not isinstance(left, Column) or not isinstance(right, Literal) or right.value is None:
        return None
    return left.name, operator, right.value


def _together(bounds: list[tuple[str, str, int | float | str]]) -> bool:
    """Return whether some value of each column may satisfy all comparisons with it."""
    columns: dict[str, list[tuple[str, int | float | str]]] = {}
    for name, operator, value in bounds:
        columns.setdefault(name, []).append((operator, value))
    return all(_satisfiable(some) for some in columns.values())


def _satisfiable(some: list[tuple[str, int | float | str]]) -> bool:
    """Return whether a value may lie above all lower and below all upper bounds (values between are not counted)."""
    lower = [
        (value, operator == "gt") for operator, value in some if operator in ("eq", "gt", "ge")
    ]
    upper = [
        (value, operator == "lt") for operator, value in some if operator in ("eq", "lt", "le")
    ]
    for low, above in lower:
        for high, below in upper:
            if low > high or (low == high and (above or below)):  # type: ignore[operator]
                return False
    return True
