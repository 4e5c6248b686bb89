"""From an Incident node to two operators: its life, and a SELECT that adds `incident_id`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.codegen.incident.kernel import hidden_columns, incident_kernel
from cep.codegen.select import Identity
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.lower.context import Lowered
from cep.lower.select import lower_select
from cep.plan.expressions import Column, Meta
from cep.plan.nodes import Incident, Item, Project
from cep.schema import Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.lower.context import Context

_ID = "incident_id"


def lower_incident(node: Incident, context: Context) -> Lowered:
    """Return the operators; the hidden origin is used up by `incident_id`."""
    kernel = incident_kernel(node, context.entry)
    life = OperatorSpec(
        OperatorKind.INCIDENT,
        kernel,
        _without_id(node),
        hidden=tuple(name for name, _ in hidden_columns(node)),
        description=f"incident by {', '.join(node.keys)}",
    )
    named = lower_identified(node, replace(context, number=context.number + 1))
    return Lowered((life, *named.operators))


def _without_id(node: Incident) -> Schema:
    return Schema(tuple(c for c in node.schema.columns if c.name != _ID))


def lower_identified(node: Incident, context: Context) -> Lowered:
    """Return the operator that adds `incident_id` to rows of an incident."""
    by_name = {c.name: c for c in node.schema.columns}
    identity = Identity(
        context.rule.name,
        "",
        tuple(scan.stream for scan in node.inputs),
        tuple(Column(0, name, by_name[name].type) for name in node.keys),
    )
    items = tuple(
        Item(
            c.name,
            Meta(_ID, Type.STRING) if c.name == _ID else Column(0, c.name, c.type, c.not_null),
        )
        for c in node.schema.columns
    )
    project = Project(node, items, node.schema)
    return lower_select(_without_id(node), [project], replace(context, identity=identity))
