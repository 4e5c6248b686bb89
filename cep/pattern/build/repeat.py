"""Loops `+ * ? {n,m}` of a step, and optional groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.pattern.build.fragment import Fragment


def repeat(
    part: Fragment, low: int, high: int | None, *, strict: bool = False, possessive: bool = False
) -> Fragment:
    """Return the fragment of `part{low,high}`; low 0 makes it optional.

    The part is a single step, or `high` is 1 (an optional group).

    Raises:
        ValueError: a group is to be repeated; the binder refuses that before.
    """
    empty = () if low == 0 else part.empty
    if high == 1:
        return replace(part, empty=empty)
    if len(part.steps) != 1 or part.empty is not None:
        msg = "only a single step can be repeated"
        raise ValueError(msg)
    step = replace(part.steps[0], low=max(low, 1), high=high, strict=strict, possessive=possessive)
    return replace(part, steps=(step,), empty=empty)
