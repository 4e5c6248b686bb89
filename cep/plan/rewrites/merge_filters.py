"""Rewrite: two filters on top of each other become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.plan.conditions import conjunction
from cep.plan.nodes import Filter
from cep.plan.tree import conjuncts

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def merge_filters(node: Node) -> Node:
    """Turn a filter over a filter into one filter; a row passes both or neither.

    Before::

        Filter value > 40.0
          Filter kind = 'smoke'

    After::

        Filter kind = 'smoke' AND value > 40.0
    """
    if isinstance(node, Filter) and isinstance(node.source, Filter):
        below = node.source
        condition = conjunction((*conjuncts(below.condition), *conjuncts(node.condition)))
        return Filter(below.source, condition, node.schema)
    return node
