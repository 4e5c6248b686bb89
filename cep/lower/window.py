"""From a GroupWindow node of the plan to its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.window.by_event import event_window_kernel
from cep.codegen.window.kernel import window_kernel
from cep.codegen.windowed_rows import windowed_rows_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.plan.explain import window_text
from cep.plan.nodes import EventWindow

if TYPE_CHECKING:
    from cep.plan.nodes import GroupWindow, WindowedRows


def lower_window(node: GroupWindow, rule: str, *, phases: bool = True) -> OperatorSpec:
    """Return the operator of a GROUP BY with a window; `rule` names the kernel.

    phases: whether its input may have rows that deadlines made.
    """
    keys = ", ".join(item.name for item in node.keys) or "all rows"
    if isinstance(node.window, EventWindow):
        kernel = event_window_kernel(node, rule)
    else:
        kernel = window_kernel(node, rule, phases=phases)
    return OperatorSpec(
        OperatorKind.WINDOW,
        kernel,
        node.schema,
        description=f"{window_text(node.window)} of {keys}",
    )


def lower_windowed_rows(node: WindowedRows, rule: str) -> OperatorSpec:
    """Return the operator of a window table function without GROUP BY; `rule` names the kernel."""
    text = f"rows of {window_text(node.window)}"
    kernel = windowed_rows_kernel(node, rule)
    return OperatorSpec(OperatorKind.WINDOWED_ROWS, kernel, node.schema, description=text)
