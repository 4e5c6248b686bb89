"""From an Over node of the plan to its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.over.kernel import over_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.plan.nodes import Frame, Over


def lower_over(node: Over, rule: str) -> OperatorSpec:
    """Return the operator of aggregates over frames; `rule` names the kernel."""
    return OperatorSpec(
        OperatorKind.OVER,
        over_kernel(node, rule),
        node.schema,
        description=f"for each row: {', '.join(_frame(f) for f in node.frames)}",
    )


def _frame(frame: Frame) -> str:
    if frame.amount is None:
        return "all rows before"
    if frame.kind == "rows":
        return f"the last {frame.amount + 1} rows"
    return f"the last {format_duration(frame.amount)}"
