"""Rewrite: a join keeps and writes only the columns that something above it reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.expressions import Column
from cep.plan.nodes import EventWindow, Filter, GroupWindow, Join, Project
from cep.plan.tree import walk, with_source
from cep.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.plan.expressions import Expr
    from cep.plan.nodes import Node


def narrow_join(node: Node) -> Node:
    """Drop the columns of a join that neither filters nor the projection (or grouping) above it read.

    Before::

        Project missing := o.amount - p.amount
          Join on order_id = order_id (o.order_id, o.customer, o.amount, p.order_id, p.amount)

    After::

        Project missing := o.amount - p.amount
          Join on order_id = order_id (o.amount, p.amount)
    """
    if not isinstance(node, Project | GroupWindow):
        return node
    filters: list[Filter] = []
    below = node.source
    while isinstance(below, Filter):
        filters.append(below)
        below = below.source
    if not isinstance(below, Join):
        return node
    read = {e.name for expr in _expressions(node) for e in walk(expr) if isinstance(e, Column)}
    for item in filters:
        read |= {e.name for e in walk(item.condition) if isinstance(e, Column)}
    schema = Schema(tuple(c for c in below.schema.columns if c.name in read))
    narrowed: Node = replace(below, schema=schema)
    for item in reversed(filters):
        narrowed = replace(item, source=narrowed, schema=schema)
    return with_source(node, narrowed)


def _expressions(node: Project | GroupWindow) -> Iterator[Expr]:
    """Yield the expressions of a node over the rows below it."""
    if isinstance(node, Project):
        yield from (item.value for item in node.items)
        return
    yield from (item.value for item in node.keys)
    yield from (aggregate for _, aggregate in node.aggregates)
    tests = [node.where]
    if isinstance(node.window, EventWindow):
        tests += [node.window.opens, node.window.closes]
    yield from (test for test in tests if test is not None)
