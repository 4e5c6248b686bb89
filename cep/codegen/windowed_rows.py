"""The kernel of a window table function without GROUP BY: each row once for each window that contains it (ruling 34).

The windows of a row come in the order of their bounds. Nothing is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.layout import Layout
from cep.codegen.select import SelectScope
from cep.codegen.window.panes import CalendarPanes, panes_of
from cep.codegen.writer import Writer
from cep.plan.expressions import Column
from cep.plan.nodes import WindowSize

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import WindowedRows

BOUNDS = {"window_start": "start", "window_end": "end", "window_time": "add_i64(end, -1)"}


def windowed_rows_kernel(node: WindowedRows, entry: str) -> KernelSpec:
    """Return the kernel; its outputs are the columns of the input, then the bounds."""
    layout, body = Layout(entry), Writer()
    scope = SelectScope(layout, body, None)
    panes = panes_of(node.window, layout)
    loop.begin(body)
    with body.block("while row < n_rows:"):
        loop.no_room(body, layout, panes.open_windows)
        body.line(f"now = {layout.merge('ts')}[row]")
        if isinstance(panes, CalendarPanes):
            _calendar(panes, body, lambda: _write(node, layout, scope))
        else:
            assert isinstance(node.window, WindowSize), "windows of fixed length"
            _fixed(node.window, panes.open_windows, body, lambda: _write(node, layout, scope))
        body.line("row += 1")
    loop.end(body)
    return layout.spec(body, doc=["Each row once for each window that contains it"])


def _fixed(window: WindowSize, count: int, body: Writer, write: Callable[[], None]) -> None:
    """Write the windows of the row at `now`, of one length or growing by one."""
    grid = window.size_us if window.cumulates else window.every_us
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
            write()
        if not window.cumulates:
            body.line(f"start = add_i64(start, {window.every_us})")


def _calendar(panes: CalendarPanes, body: Writer, write: Callable[[], None]) -> None:
    """Write the windows of the row at `now`, of days or months."""
    body.line(f"pane = {panes.number('now')}")
    if not panes.window.cumulates:
        with body.block(f"for number in range({panes.n}):"):
            body.lines(
                "last = pane + number",
                f"end = {panes.bound('last + 1')}",
                f"start = {panes.start('end', 'last')}",
            )
            write()
        return
    body.lines(f"end = {panes.bound('pane + 1')}", f"start = {panes.start('end')}", "more = 1")
    with body.block("while more != 0:"):
        write()
        body.line(f"more = int(not ({panes.is_full('end')}))")
        panes.step(body, "end")


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
