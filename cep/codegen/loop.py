"""Part of a kernel: the loop over merged rows and what stands before and after it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cep.codegen.forms import atom as simple
from cep.codegen.forms import error_test, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope, Value
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Expr


def begin(writer: Writer) -> None:
    """Write the reading of the control cells into locals `row`, `n_rows`, `n_out`, `status`."""
    writer.lines("row = ctl[0]", "n_rows = ctl[1]", "n_out = ctl[3]", "status = 0")


def end(writer: Writer, *, next_clock: str = "MAX_I64") -> None:
    """Write the control cells back and return the status."""
    writer.lines("ctl[0] = row", "ctl[3] = n_out", f"ctl[4] = {next_clock}", "return status")


@contextmanager
def rows(writer: Writer, layout: Layout) -> Iterator[None]:
    """Write the loop over the rows, which needs room for one output row; its body handles row `row`."""
    with writer.block("while row < n_rows:"):
        no_room(writer, layout)
        yield
        writer.line("row += 1")


def no_room(writer: Writer, layout: Layout, n_rows: int = 1) -> None:
    """Write the test that `n_rows` output rows have room; it leaves the loop around it."""
    needed = "n_out" if n_rows == 1 else f"n_out + {n_rows - 1}"
    with writer.block(f"if {needed} >= {layout.capacity('out')}:"):
        writer.lines(f"status = {layout.full('out')}", "break")


def store(array: str, expr: Expr, scope: Scope) -> None:
    """Write the value of an expression into cell `n_out` of an output array; count expression errors."""
    scope.writer.line(f"{array}[n_out] = {counted(expr, scope).text}")


def counted(expr: Expr, scope: Scope) -> Value:
    """Return the value of an expression, once the counting of its errors is written."""
    result = settled(expr, scope)
    if error_test(expr, result, scope) is not None:
        result = simple(result, scope)
        with scope.writer.block(f"if {error_test(expr, result, scope)}:"):
            scope.writer.line("ctl[5] = ctl[5] + 1")
    return result
