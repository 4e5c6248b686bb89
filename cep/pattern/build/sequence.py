"""Sequences `A -> B` (the first later event that fits), `A ->> B` (each of them), `A B` (the very next event)."""

from __future__ import annotations

from typing import Literal as OneOf

from cep.pattern.build.fragment import Edge, Fragment, without_gaps
from cep.plan.nodes import Gap


def sequence(
    left: Fragment, edge: OneOf["relaxed", "strict", "fork"] | Gap, right: Fragment
) -> Fragment:
    """Return the fragment of `left edge right`.

    Steps that can come next stand in pattern order: first those of `left`, then, where `left` or what
    remains of it can be passed over, those of `right`. A fork is at the edge that joins the two: where one of them
    binds nothing, its edge no longer forks.
    """
    right = right.moved(len(left.steps))
    plain = (Edge(strict=edge == "strict"),)
    between = (Edge(strict=edge == "strict", fork=edge == "fork"),)
    if isinstance(edge, Gap):
        between = (Edge(strict=False, low_us=edge.low_us, high_us=edge.high_us),)
    firsts = left.firsts
    if left.empty is not None:
        firsts += tuple((step, left.empty + plain + to) for step, to in right.firsts)
    lasts = right.lasts
    if right.empty is not None:
        passed = right.empty
        lasts = tuple((step, out + plain + passed) for step, out in left.lasts) + lasts
    joined = tuple(
        (step, then, without_gaps(out) + between + without_gaps(to))
        for step, out in left.lasts
        for then, to in right.firsts
    )
    empty = None
    if left.empty is not None and right.empty is not None:
        empty = left.empty + plain + right.empty
    return Fragment(
        left.steps + right.steps,
        firsts,
        lasts,
        left.follow + right.follow + joined,
        empty,
        left.loops + right.loops,
    )
