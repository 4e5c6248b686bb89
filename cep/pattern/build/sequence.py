"""Sequences `A -> B` (the first later event that fits), `A ->> B` (each of them), `A B` (the very next event)."""

from __future__ import annotations

from typing import Literal as OneOf

from cep.pattern.build.fragment import Edge, Fragment
from cep.plan.nodes import Gap


def sequence(
    left: Fragment, edge: OneOf["relaxed", "strict", "fork"] | Gap, right: Fragment
) -> Fragment:
    """Return the fragment of `left edge right`.

    Steps that can come next stand in pattern order: first those of `left`, then, where `left` or what
    remains of it can be passed over, those of `right`. Between the last event of one and the first of the other it is
    the edge that joins the two which counts, not those within them beside a part that binds nothing: in `(a -> b?) c`
    event c follows a at once where b is left out, in `a b? -> c` it may come later.
    """
    right = right.moved(len(left.steps))
    between = Edge(strict=edge == "strict", fork=edge == "fork")
    if isinstance(edge, Gap):
        between = Edge(strict=False, low_us=edge.low_us, high_us=edge.high_us, fork=edge.fork)
    firsts = left.firsts
    if left.empty is not None:
        firsts += tuple((step, left.empty + to) for step, to in right.firsts)
    lasts = right.lasts
    if right.empty is not None:
        passed = right.empty
        lasts = tuple((step, out + passed) for step, out in left.lasts) + lasts
    joined = tuple(
        (step, then, (*out, between, *to)) for step, out in left.lasts for then, to in right.firsts
    )
    empty = None
    if left.empty is not None and right.empty is not None:
        empty = left.empty + right.empty
    return Fragment(
        left.steps + right.steps,
        firsts,
        lasts,
        left.follow + right.follow + joined,
        empty,
        left.loops + right.loops,
    )
