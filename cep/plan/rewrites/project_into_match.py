"""Rewrite: what a rule selects is computed where its match completes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.functions import FUNCTIONS
from cep.plan.expressions import Call, Column, Expr, Literal, Meta
from cep.plan.nodes import Match, Project
from cep.plan.recognition import Recognize
from cep.plan.tree import walk

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def project_into_match(node: Node) -> Node:
    """Put a projection of plain columns and arithmetic into the MATCH below it, if no other query reads it.

    Before::

        Project ts := time(), room, rise := b_value - a_value
          Match a -> b
            measures b_value := b.value, a_value := a.value

    After::

        Match a -> b
          measures b_value := b.value, a_value := a.value
          rows ts := time(), room, rise := b_value - a_value

    Into a MATCH_RECOGNIZE likewise, as its `items`; measures that no item reads are dropped.
    """
    if not isinstance(node, Project) or not isinstance(node.source, Match | Recognize):
        return node
    if not all(is_plain(part) for i in node.items for part in walk(i.value)):
        return node
    if isinstance(node.source, Match):
        if node.source.rows or node.source.timeouts:
            return node
        return replace(node.source, rows=node.items, schema=node.schema)
    if node.source.items:
        return node
    read = {c.name for i in node.items for c in walk(i.value) if isinstance(c, Column)}
    measures = tuple(m for m in node.source.measures if m.name in read)
    return replace(node.source, items=node.items, measures=measures, schema=node.schema)


def is_plain(part: Expr) -> bool:
    """Return whether a kernel computes this part of an expression by itself, without tables of texts."""
    match part:
        case Literal() | Column():
            return True
        case Meta():
            return part.what == "time"
        case Call():
            types = tuple(a.type for a in part.args)
            signature = FUNCTIONS[part.function].signature(types)
            kernel = signature is not None and signature.kernel is not None
            return kernel and not any(t.is_coded for t in (*types, part.type))
        case _:
            return False
