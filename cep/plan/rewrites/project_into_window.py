"""Rewrite: what a rule selects is computed where its window or frame gives a row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.nodes import GroupWindow, Over, Project
from cep.plan.rewrites.project_into_match import is_plain
from cep.plan.tree import walk

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def project_into_window(node: Node) -> Node:
    """Put a projection of plain columns and arithmetic into the GROUP BY or OVER below it.

    Columns that nothing selects are not written then, and one operator less runs for every batch.

    Before::

        Project ts := time(), room, mean := avg_0 / 2
          GroupWindow TUMBLE 1m by room aggregates avg_0 := AVG(value)

    After::

        GroupWindow TUMBLE 1m by room aggregates avg_0 := AVG(value) rows ts := time(), room, mean := avg_0 / 2
    """
    if not isinstance(node, Project) or not isinstance(node.source, GroupWindow | Over):
        return node
    below = node.source
    if below.items or not all(is_plain(part) for i in node.items for part in walk(i.value)):
        return node
    return replace(below, items=node.items, inner=below.schema, schema=node.schema)
