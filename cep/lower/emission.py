"""From the nodes of EMIT EVERY and EMIT ON CHANGE OF to their operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.conflate import conflate_kernel
from cep.codegen.on_change import on_change_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.lower.context import Lowered
from cep.plan.explain_expressions import expression_text
from cep.times import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.lower.context import Context
    from cep.plan.expressions import Expr
    from cep.plan.nodes import Conflate, OnChange


def lower_conflate(node: Conflate, context: Context) -> Lowered:
    """Return the operator of EMIT EVERY."""
    kernel = conflate_kernel(node, context.entry, phases=not context.from_source)
    text = f"{node.kind} of ({_list(node.keys)}) every {format_duration(node.every_us)}"
    spec = OperatorSpec(OperatorKind.CONFLATE, kernel, node.schema, description=text)
    return Lowered((spec,))


def lower_on_change(node: OnChange, context: Context) -> Lowered:
    """Return the operator of EMIT ON CHANGE OF."""
    kernel = on_change_kernel(node, context.entry)
    text = f"changes of ({_list(node.values)}) by ({_list(node.keys)})"
    spec = OperatorSpec(OperatorKind.ON_CHANGE, kernel, node.schema, description=text)
    return Lowered((spec,))


def _list(exprs: Sequence[Expr]) -> str:
    return ", ".join(expression_text(e) for e in exprs)
