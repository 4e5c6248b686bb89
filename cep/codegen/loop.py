"""Part of a kernel: the loop over merged rows and what stands before and after it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cep.codegen.conditions import is_true
from cep.codegen.forms import atom as simple
from cep.codegen.forms import error_test, settled
from cep.plan.tree import conjuncts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope, Value
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Expr

AHEAD = 60  # rows whose filter is evaluated at once, a bit of an int64 each


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


@contextmanager
def filtered(
    writer: Writer, row: str, n_rows: str, test: Callable[[], str], *, more: str = ""
) -> Iterator[None]:
    """Write the loop over the next rows that pass a filter; its body handles row `row`, and leaves it by `status`.

    Which ones pass is seen for up to `AHEAD` rows before any is taken: a bit a row, so that the processor has not to
    foresee it. Stands in a loop over all rows, which it leaves where the body did.

    Args:
        writer: the kernel.
        row: local of the row; afterwards the first row not looked at, or the one at which the body left.
        n_rows: number of rows.
        test: writes what the condition of row `row` needs and returns it: an int, 0 or 1.
        more: a condition that ends the rows where it is false.
    """
    writer.lines(f"first = {row}", f"last = min_i64({n_rows}, first + {AHEAD})", "passing = 0")
    with writer.block(f"while {row} < last{f' and {more}' if more else ''}:"):
        writer.line(f"passing = passing | (({test()}) << ({row} - first))")
        writer.line(f"{row} = {row} + 1")
    writer.line(f"last = {row}")
    with writer.block("while passing != 0:"):
        writer.line(f"{row} = first + trailing_zeros(passing)")
        yield
        writer.line("passing = passing & (passing - 1)")
    with writer.block("if status != 0:"):
        writer.line("break")
    writer.line(f"{row} = last")


def passes(where: Expr, scope: Scope) -> str:
    """Return 1 where a row passes, 0 where it does not: an int, found without a branch."""
    return " & ".join(f"int({is_true(part, scope)})" for part in conjuncts(where))


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
