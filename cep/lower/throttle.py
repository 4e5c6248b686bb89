"""From a SUPPRESS or LIMIT node to its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.throttle import throttle_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.lower.context import Lowered
from cep.plan.explain_expressions import expression_text
from cep.plan.nodes import Limit, Suppress
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.lower.context import Context


def lower_throttle(node: Suppress | Limit, context: Context) -> Lowered:
    """Return the operator; hidden columns and the keys of a match travel along."""
    kernel = throttle_kernel(node, context.entry, context.hidden, context.identity)
    by = ", ".join(expression_text(k) for k in node.keys)
    if isinstance(node, Suppress):
        kind = OperatorKind.SUPPRESS
        text = f"suppress by ({by}) for {format_duration(node.for_us)}"
    else:
        kind = OperatorKind.LIMIT
        text = f"limit {node.count} per {format_duration(node.per_us)} by ({by})"
    operator = OperatorSpec(
        kind, kernel, node.schema, hidden=context.hidden_names, description=text
    )
    return Lowered((operator,), context.hidden, context.identity)
