"""Rewrite: a projection of a projection becomes one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.expressions import Column, Expr
from cep.plan.nodes import Item, Project
from cep.plan.tree import rebuild

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def merge_projects(node: Node) -> Node:
    """Put the expressions of the lower projection into the upper one.

    Before::

        Project ts, x := TO_DOUBLE(n)
          Project ts := time(), n := a + 1

    After::

        Project ts := time(), x := TO_DOUBLE(a + 1)
    """
    if not isinstance(node, Project) or not isinstance(node.source, Project):
        return node
    below = {item.name: item.value for item in node.source.items}

    def replaced(expr: Expr) -> Expr:
        return below[expr.name] if isinstance(expr, Column) else expr

    items = tuple(Item(i.name, rebuild(i.value, replaced)) for i in node.items)
    return replace(node, source=node.source.source, items=items)
