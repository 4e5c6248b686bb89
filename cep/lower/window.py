"""From a GroupWindow node of the plan to its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.window.kernel import window_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.plan.nodes import GroupWindow


def lower_window(node: GroupWindow, rule: str, *, phases: bool = True) -> OperatorSpec:
    """Return the operator of a GROUP BY with TUMBLE or HOP; `rule` names the kernel.

    phases: whether its input may have rows that deadlines made.
    """
    window = node.window
    keys = ", ".join(item.name for item in node.keys) or "all rows"
    every = (
        "" if window.every_us == window.size_us else f" every {format_duration(window.every_us)}"
    )
    return OperatorSpec(
        OperatorKind.WINDOW,
        window_kernel(node, rule, phases=phases),
        node.schema,
        description=f"windows of {format_duration(window.size_us)}{every} of {keys}",
    )
