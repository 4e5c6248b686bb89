"""Rewrite: a MATCH_RECOGNIZE runs as a deterministic automaton where its pattern has one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.expressions import Aggregate
from cep.plan.recognition import Recognize

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def run_in_one_pass(node: Node) -> Node:
    """Let a MATCH_RECOGNIZE that asks for nothing but its matches go over its rows once, without keeping any.

    Whether that is possible is seen when its automaton is made; otherwise it keeps rows and threads as it does
    without this rewrite, and as it does for GAP, WITHIN n EVENTS, ALL ROWS, other skips and NEXT.

    Before::

        Recognize A B{3,} rows one skip past_last

    After::

        Recognize A B{3,} rows one skip past_last
          in one pass where its automaton can be deterministic
    """
    if not isinstance(node, Recognize) or node.rows != "one" or node.skip.kind != "past_last":
        return node
    if (node.within_events, node.gap_us) != (None, None) or node.looks_ahead:
        return node
    if any(isinstance(m.value, Aggregate) and m.value.distinct for m in node.measures):
        return node
    return replace(node, one_pass=True)
