"""Rewrite: filters beside a window move into it, so that one kernel does the work of three operators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.conditions import conjunction
from cep.plan.nodes import Filter, GroupWindow, Over
from cep.plan.tree import conjuncts

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def filter_into_window(node: Node) -> Node:
    """Move the filter below a window into `where`, the one above it into `having` or `qualify`.

    Before::

        Filter n > 3
          GroupWindow TUMBLE(10s) by room aggregates n := COUNT(*)
            Filter kind = 'smoke'
              Scan readings

    After::

        GroupWindow TUMBLE(10s) by room aggregates n := COUNT(*) where kind = 'smoke' having n > 3
          Scan readings
    """
    match node:
        case GroupWindow(source=Filter() as below) | Over(source=Filter() as below):
            parts = (*conjuncts(below.condition), *conjuncts(node.where))
            return replace(node, source=below.source, where=conjunction(parts))
        case Filter(source=GroupWindow() as window):
            parts = (*conjuncts(window.having), *conjuncts(node.condition))
            return replace(window, having=conjunction(parts))
        case Filter(source=Over() as over):
            parts = (*conjuncts(over.qualify), *conjuncts(node.condition))
            return replace(over, qualify=conjunction(parts))
        case _:
            return node
