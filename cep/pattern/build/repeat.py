"""Loops `+ * ? {n,m}` of a step or a group, and optional parts."""

from __future__ import annotations

from dataclasses import replace

from cep.pattern.build.fragment import Fragment, Loop


def repeat(
    part: Fragment,
    low: int,
    high: int | None,
    *,
    strict: bool = False,
    possessive: bool = False,
    until: str = "",
    combine: bool = False,
) -> Fragment:
    """Return the fragment of `part{low,high}`; low 0 makes it optional.

    A part that can be empty may do any number of its rounds without an event, so all of them.
    """
    empty = () if low == 0 else part.empty
    if high == 1:
        return replace(part, empty=empty)
    least = 1 if part.empty is not None else max(low, 1)
    size = len(part.steps)
    loop = Loop(0, size, least, high, part.firsts, part.lasts, strict, possessive, until, combine)
    return replace(part, empty=empty, loops=(*part.loops, loop))
