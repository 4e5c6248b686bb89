"""Whether one condition implies another, as far as their texts show: for advice, never for meaning."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from cep.plan.expressions import Call, Expr, Literal
from cep.plan.tree import conjuncts

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
}
# (comparison of the first, of the second): what must hold of their bounds that the first implies the second.
_BOUNDS: dict[tuple[str, str], Callable[[float, float], bool]] = {
    ("gt", "gt"): operator.ge,
    ("gt", "ge"): operator.ge,
    ("ge", "ge"): operator.ge,
    ("ge", "gt"): operator.gt,
    ("lt", "lt"): operator.le,
    ("lt", "le"): operator.le,
    ("le", "le"): operator.le,
    ("le", "lt"): operator.lt,
    **{("eq", other): test for other, test in _COMPARE.items()},
}


def implies(condition: Expr | None, other: Expr | None) -> bool:
    """Return whether `other` is seen to hold wherever `condition` does; None is TRUE.

    Each part of `other` stands in `condition` too, or compares with a number what a part of that compares with another.
    """
    parts = conjuncts(condition)
    return all(any(_part_implies(one, wanted) for one in parts) for wanted in conjuncts(other))


def _part_implies(one: Expr, other: Expr) -> bool:
    if one == other:
        return True
    first, second = _bound(one), _bound(other)
    if first is None or second is None or first[0] != second[0]:
        return False
    test = _BOUNDS.get((first[1], second[1]))
    return test is not None and test(first[2], second[2])


def _bound(part: Expr) -> tuple[Expr, str, float] | None:
    """Return what is compared with a number, how, and the number."""
    if not isinstance(part, Call) or part.function not in _COMPARE:
        return None
    left, right = part.args
    if isinstance(right, Call) and right.function == "to_double":
        right = right.args[0]
    if not isinstance(right, Literal) or not isinstance(right.value, int | float):
        return None
    return left, part.function, right.value
