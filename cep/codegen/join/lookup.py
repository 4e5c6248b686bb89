"""The kernel of a join with the latest row of a key: ASOF JOIN.

Of each key the right row that came last is kept; a left row meets that one, or none.

Memory: one row a key of the right side. Cost a row: O(1).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.conditions import is_true
from cep.codegen.forms import settled
from cep.codegen.join.scope import JoinScope
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout
from cep.codegen.texts import FALSE, null_test
from cep.codegen.writer import Writer
from cep.plan.explain_expressions import expression_text
from cep.plan.expressions import Column

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import Join

LEFT, RIGHT = 0, 1


class _LookupKernel:
    """Writes the kernel of one join."""

    def __init__(self, node: Join, entry: str) -> None:
        self.node = node
        self.layout = layout = Layout(entry, n_inputs=2)
        self.body = Writer()
        self.keys = KeySlots(layout, [left.type for left, _ in node.keys])
        self.scope = JoinScope(node, layout, self.body, ("", self.keys.pool))
        self.scope.partner = "slot"
        self.outputs = [layout.output(c.name, c.type) for c in node.schema.columns]

    def write(self) -> KernelSpec:
        """Return the kernel."""
        body, layout = self.body, self.layout
        loop.begin(body)
        self.keys.enter(body)
        with loop.rows(body, layout):
            body.lines(f"now = {layout.merge('ts')}[row]", f"j = {layout.merge('row')}[row]")
            with body.block(f"if {layout.merge('source')}[row] == {LEFT}:"):
                self._left()
            with body.block("else:"):
                self._right()
        loop.end(body)
        return layout.spec(
            body, doc=[f"{self.node.owners[0]} with the latest {self.node.owners[1]}."]
        )

    def _load(self, number: int) -> str:
        self.scope.present = number
        values = [settled(pair[number], self.scope) for pair in self.node.keys]
        return self.keys.load(self.scope, values, grouped=False)

    def _left(self) -> None:
        """Write the meeting of a left row with the row of its key."""
        body, scope, condition = self.body, self.scope, self.node.condition
        is_null = self._load(LEFT)
        body.lines("slot = -1", "found = 0")
        with body.block(f"if not ({is_null}):") if is_null != FALSE else nullcontext():
            self.keys.find(body)
        with body.block("if slot >= 0:"):
            test = "1 == 1" if condition is None else is_true(condition, scope)
            if condition is not None:
                body.comment(expression_text(condition))
            with body.block(f"if {test}:"):
                body.line("found = 1")
                self._emit()
        if self.node.left_outer:
            with body.block("if found == 0:"):
                self._emit(missing=RIGHT)

    def _right(self) -> None:
        """Write the keeping of a right row as the latest of its key."""
        body = self.body
        is_null = self._load(RIGHT)
        with body.block(f"if not ({is_null}):") if is_null != FALSE else nullcontext():
            self.keys.find(body)
            gone = self._gone()
            if gone:
                with body.block(f"if {gone}:"), body.block("if slot >= 0:"):
                    self.keys.release(body)
            with body.block("else:") if gone else nullcontext():
                self.keys.ensure(body)
                self.scope.keep(RIGHT, "slot")

    def _gone(self) -> str:
        """Return the condition that a right row says its key has no row any more, empty if none says so."""
        column = self.node.inputs[RIGHT].schema.find(self.node.removed_by)
        if column is None:
            return ""
        return null_test(self.scope.column(Column(RIGHT, column.name, column.type)))

    def _emit(self, missing: int | None = None) -> None:
        body = self.body
        for array, value in zip(self.outputs, self.scope.outputs(missing), strict=True):
            body.line(f"{array}[n_out] = {value.text}")
        body.lines("out_ts[n_out] = now", "out_cause[n_out] = row", "n_out += 1")


def lookup_kernel(node: Join, entry: str) -> KernelSpec:
    """Return the kernel of a join with the latest row; its outputs are the columns of the node's schema."""
    return _LookupKernel(node, entry).write()
