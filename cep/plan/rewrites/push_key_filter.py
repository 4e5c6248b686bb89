"""Rewrite: a condition on the keys of a group is tested on the rows, before they are grouped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.conditions import conjunction
from cep.plan.expressions import Column, Expr
from cep.plan.nodes import GroupWindow
from cep.plan.tree import conjuncts, rebuild, walk

if TYPE_CHECKING:
    from cep.plan.nodes import Node


def push_key_filter(node: Node) -> Node:
    """Move the parts of HAVING that read only keys into `where`.

    All rows of a group have the same keys, so either all of them pass or none; groups that fail are
    never built. (The order of the other groups is that of their first rows, which does not change.)

    Before::

        GroupWindow TUMBLE(10s) by room aggregates n := COUNT(*) having room = 'r1' AND n > 3

    After::

        GroupWindow TUMBLE(10s) by room aggregates n := COUNT(*) where room = 'r1' having n > 3
    """
    if not isinstance(node, GroupWindow) or node.having is None:
        return node
    keys = {item.name: item.value for item in node.keys}
    moved: list[Expr] = []
    kept: list[Expr] = []
    for part in conjuncts(node.having):
        names = {e.name for e in walk(part) if isinstance(e, Column)}
        (moved if names and names <= keys.keys() else kept).append(part)
    if not moved:
        return node
    where = (*conjuncts(node.where), *(_over_rows(part, keys) for part in moved))
    having = conjunction(tuple(kept)) if kept else None
    return replace(node, where=conjunction(where), having=having)


def _over_rows(condition: Expr, keys: dict[str, Expr]) -> Expr:
    """Return a condition on key columns as a condition on the rows below."""
    return rebuild(condition, lambda e: keys[e.name] if isinstance(e, Column) else e)
