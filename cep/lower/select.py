"""From a chain of Filter and Project nodes to one SELECT operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.select import Selection, select_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.lower.context import Lowered
from cep.plan.explain_expressions import expression_text
from cep.plan.expressions import Column, Expr
from cep.plan.nodes import Filter, Item, Project
from cep.plan.tree import rebuild

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.lower.context import Context
    from cep.schema import Schema


def passed(schema: Schema) -> tuple[Item, ...]:
    """Return the items that pass all columns of a schema on."""
    return tuple(Item(c.name, Column(0, c.name, c.type, c.not_null)) for c in schema.columns)


def lower_select(below: Schema, nodes: Sequence[Filter | Project], context: Context) -> Lowered:
    """Return the operator of filters and projections, lowest first, over columns `below`.

    Every expression is written over the columns below: items take the place of the columns they name.
    """
    items = passed(below)
    schema = below
    conditions: list[Expr] = []
    for node in nodes:
        if isinstance(node, Filter):
            conditions.append(_over(node.condition, items))
        else:
            items = tuple(Item(i.name, _over(i.value, items)) for i in node.items)
        schema = node.schema
    selection = Selection(tuple(conditions), items, context.hidden, context.identity)
    kernel, vector = select_kernel(selection, context.entry)
    where = [expression_text(c) for c in conditions]
    operator = OperatorSpec(
        OperatorKind.SELECT,
        kernel,
        schema,
        numpy_source=vector,
        hidden=context.hidden_names,
        description=" AND ".join(where) if where else ", ".join(i.name for i in items),
    )
    projects = any(isinstance(node, Project) for node in nodes)
    return Lowered((operator,), context.hidden, None if projects else context.identity)


def _over(expr: Expr, items: Sequence[Item]) -> Expr:
    """Return an expression with every column replaced by the item of that name."""
    by_name = {item.name: item.value for item in items}

    def step(part: Expr) -> Expr:
        return by_name.get(part.name, part) if isinstance(part, Column) else part

    return rebuild(expr, step)
