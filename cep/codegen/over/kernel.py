"""The kernel of OVER: for each row the aggregates over its frames, tested by QUALIFY and written.

A frame holds the rows of the same key up to the present one in the total order, which is its last row.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.layout import Layout
from cep.codegen.over.frame import FrameState
from cep.codegen.scope import RowScope
from cep.codegen.window.scope import OutputScope, columns_of, store_row
from cep.codegen.writer import Writer
from cep.plan.expressions import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.scope import Value
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import Over


class OverKernel:
    """Writes the kernel of one OVER node."""

    def __init__(self, node: Over, entry: str) -> None:
        self.node = node
        self.layout = Layout(entry)
        used = sorted({number for _, _, number in node.aggregates})
        self.frames = {
            number: FrameState(
                node.frames[number],
                [a for _, a, n in node.aggregates if n == number],
                self.layout,
                f"f{number}_" if len(used) > 1 else "",
            )
            for number in used
        }

    def spec(self) -> KernelSpec:
        """Return the kernel."""
        writer = Writer()
        writer.lines("status = 0", "i = ctl[0]", "n = ctl[1]", "out = ctl[3]")
        for frame in self.frames.values():
            frame.enter(writer)
        with writer.block("while i < n:"):
            self._row(writer)
            writer.line("i += 1")
        for frame in self.frames.values():
            frame.leave(writer)
        clock = "MAX_I64"
        expiries = [f.expiry for f in self.frames.values() if f.expiry is not None]
        if expiries:
            writer.line("next_end = MAX_I64")
            for expiry in expiries:
                expiry.at_end(writer, "next_end")
            clock = "next_end + 1 if next_end < MAX_I64 else MAX_I64"
        writer.lines("ctl[0] = i", "ctl[3] = out", f"ctl[4] = {clock}", "return status")
        return self.layout.spec(writer, doc=[self._doc()])

    def _doc(self) -> str:
        texts = []
        for frame in self.node.frames:
            unit = "us" if frame.kind == "range" else "rows"
            size = "UNBOUNDED" if frame.amount is None else f"{frame.amount} {unit}"
            texts.append(f"{frame.kind.upper()} {size} PRECEDING")
        return "OVER, frames: " + "; ".join(texts) + "."

    def _row(self, writer: Writer) -> None:
        where = self.node.where
        scope = RowScope(self.layout, writer, "i")
        if where is None:
            self._taken(writer, scope)
            return
        scope.load(columns_of(where))
        with writer.block(f"if {conditions.is_true(where, scope)}:"):
            self._taken(writer, scope)

    def _taken(self, writer: Writer, scope: RowScope) -> None:
        """Write what is done for a row that exists for this node."""
        with writer.block(f"if out >= {self.layout.capacity('out')}:"):
            writer.lines(f"status = {self.layout.full('out')}", "break")
        aggregates = [a for _, a, _ in self.node.aggregates]
        partitions = [key for f in self.frames.values() for key in f.frame.partition]
        scope.load(columns_of(*partitions, *aggregates))
        writer.line(f"ts = {self.layout.merge('ts')}[i]")
        for frame in self.frames.values():
            frame.prepare(scope, "ts")
        for frame in self.frames.values():
            frame.push(scope, "ts")
        self._emit(writer, scope)

    def _emit(self, writer: Writer, row: RowScope) -> None:
        node = self.node
        columns: dict[str, Callable[[], Value]] = {}
        sources: dict[str, Column] = {}
        aggregates = {name: (aggregate, number) for name, aggregate, number in node.aggregates}
        loaded: dict[str, dict[str, str]] = {}
        for spec in node.own.columns:
            if spec.name in aggregates:
                aggregate, number = aggregates[spec.name]
                frame = self.frames[number]
                columns[spec.name] = partial(frame.value, writer, aggregate, loaded)
            else:
                column = Column(0, spec.name, spec.type, spec.not_null)
                sources[spec.name] = column
                columns[spec.name] = partial(row.column, column)
        inputs = {name: a for name, a, _ in node.aggregates} | sources
        scope = OutputScope(self.layout, writer, columns, inputs, "ts")
        if node.qualify is None:
            self._write(writer, scope)
            return
        with writer.block(f"if {conditions.is_true(node.qualify, scope)}:"):
            self._write(writer, scope)

    def _write(self, writer: Writer, scope: OutputScope) -> None:
        columns = self.node.schema.columns
        arrays = {c.name: self.layout.output(c.name, c.type) for c in columns}
        store_row(self.node, scope, arrays, "out")
        writer.lines("out_ts[out] = ts", "out_cause[out] = i", "out += 1")


def over_kernel(node: Over, entry: str) -> KernelSpec:
    """Return the kernel of OVER; its outputs are the columns of the node's schema."""
    return OverKernel(node, entry).spec()
