"""The kernel of a window table function without GROUP BY: each row once for each window that contains it (ruling 34).

The windows of a row come in the order of their bounds. Nothing is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.layout import Layout
from cep.codegen.select import SelectScope
from cep.codegen.writer import Writer
from cep.plan.expressions import Column

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import WindowedRows

BOUNDS = {"window_start": "start", "window_end": "end", "window_time": "add_i64(end, -1)"}


def windowed_rows_kernel(node: WindowedRows, entry: str) -> KernelSpec:
    """Return the kernel; its outputs are the columns of the input, then the bounds."""
    layout, body, window = Layout(entry), Writer(), node.window
    scope = SelectScope(layout, body, None)
    time = layout.merge("ts")
    grid = window.size_us if window.cumulates else window.every_us
    count = -(-window.size_us // window.every_us)
    loop.begin(body)
    with body.block("while row < n_rows:"):
        loop.no_room(body, layout, count)
        body.line(f"now = {time}[row]")
        # The last start that is not after the row; of HOP windows begin before it too.
        body.line(
            f"start = add_i64(add_i64(now, {-window.offset_us}) // {grid} * {grid}, {window.offset_us})"
        )
        if window.cumulates:
            body.line("end = start")
        elif count > 1:
            body.line(f"start = add_i64(start, {-window.every_us * (count - 1)})")
        with body.block(f"for number in range({count}):"):
            step = f"add_i64(end, {window.every_us})"
            body.line(f"end = {step if window.cumulates else f'add_i64(start, {window.size_us})'}")
            with body.block("if end > now:"):
                _write(node, layout, scope)
            if not window.cumulates:
                body.line(f"start = add_i64(start, {window.every_us})")
        body.line("row += 1")
    loop.end(body)
    return layout.spec(body, doc=["Each row once for each window that contains it"])


def _write(node: WindowedRows, layout: Layout, scope: SelectScope) -> None:
    """Write the row of a window."""
    body, time = scope.writer, layout.merge("ts")
    for column in node.schema.columns:
        array = layout.output(column.name, column.type)
        if column.name in BOUNDS:
            body.line(f"{array}[n_out] = {BOUNDS[column.name]}")
        else:
            expr = Column(0, column.name, column.type, column.not_null)
            loop.store(array, expr, scope)
    body.lines(f"out_ts[n_out] = {time}[row]", "out_cause[n_out] = row", "n_out += 1")
