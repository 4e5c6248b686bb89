"""The kernel of a join of two streams within a time.

Each row is kept until no partner can come any more; a row meets all kept rows of its key on the other side, the
oldest first. A row of an outer side that found none is written with NULLs when it leaves (an inclusive deadline).
Kept rows of a side stand in the order they came in, all of them and those of each key.

Memory: the rows within the two bounds. Cost a row: O(1) and the partners of its key.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.conditions import is_true
from cep.codegen.forms import settled
from cep.codegen.join.scope import SIDES, JoinScope
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout
from cep.codegen.texts import FALSE
from cep.codegen.writer import Writer
from cep.plan.explain_expressions import expression_text
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import Join


class _Side:
    """The kept rows of one side: arrays, registers, and how long a row stays."""

    def __init__(self, number: int, node: Join, layout: Layout, keys: KeySlots) -> None:
        name = SIDES[number]
        self.number = number
        self.name = name
        self.pool = f"{name}_rows"
        self.length = (node.after_us, node.before_us)[number]
        self.outer = (node.left_outer, node.right_outer)[number]
        layout.pool(self.pool, 64)
        self.at = layout.register_number(f"{name}_free", -1)
        layout.register(f"{name}_rows_used")
        layout.register(f"{name}_rows_live")
        self.oldest = layout.register(f"{name}_oldest", -1)
        self.newest = layout.register(f"{name}_newest", -1)
        for what in ("ts", "slot", "next", "later", "order"):
            layout.state(f"{name}_{what}", "i64", self.pool)
        layout.state(f"{name}_chain", "i32", self.pool, fill=-1)
        layout.state(f"{name}_paired", "i8", self.pool)
        layout.state(f"{name}_first", "i64", keys.pool, fill=-1)
        layout.state(f"{name}_last", "i64", keys.pool, fill=-1)
        layout.state(f"{name}_n", "i64", keys.pool)


class _WithinKernel:
    """Writes the kernel of one join."""

    def __init__(self, node: Join, entry: str) -> None:
        self.node = node
        self.layout = layout = Layout(entry, n_inputs=2)
        self.body = Writer()
        self.keys = KeySlots(layout, [left.type for left, _ in node.keys])
        self.sides = tuple(_Side(number, node, layout, self.keys) for number in (0, 1))
        pools = (self.sides[0].pool, self.sides[1].pool)
        self.scope = JoinScope(node, layout, self.body, pools)
        self.kept = layout.register("rows_kept")
        self.outputs = [layout.output(c.name, c.type) for c in node.schema.columns]

    def write(self) -> KernelSpec:
        """Return the kernel."""
        body, layout = self.body, self.layout
        loop.begin(body)
        self.keys.enter(body)
        with body.block("while row <= n_rows:"):
            loop.no_room(body, layout)
            body.line(f"now = {layout.merge('ts')}[row] if row < n_rows else ctl[2]")
            self._deadlines()
            with body.block("if min_i64(left_due, right_due) < now:"):
                self._leave()
            with body.block("elif row == n_rows:"):
                body.line("break")
            with body.block("else:"):
                self._row()
                body.line("row += 1")
        if any(side.outer for side in self.sides):
            self._deadlines()
            body.line("due = min_i64(left_due, right_due)")
            loop.end(body, next_clock="due + 1 if due < MAX_I64 else MAX_I64")
        else:
            loop.end(body)
        node = self.node
        bounds = f"{format_duration(node.before_us)} before, {format_duration(node.after_us)} after"
        return layout.spec(body, doc=[f"JOIN {node.owners[0]}, {node.owners[1]} within {bounds}."])

    # ------------------------------------------------------------------ rows that leave

    def _deadlines(self) -> None:
        """Write when the oldest row of each side leaves."""
        after = self.layout.use("deadlines", "deadline_after")
        for side in self.sides:
            name = side.name
            self.body.line(f"{name}_due = MAX_I64")
            with self.body.block(f"if {side.oldest} >= 0:"):
                self.body.line(f"{name}_due = {after}({name}_ts[{side.oldest}], {side.length})")

    def _leave(self) -> None:
        """Write the leaving of the oldest row: of rows of one deadline the one that came first."""
        left, right = self.sides
        body = self.body
        body.line("of_left = left_due < right_due")
        with body.block("if left_due == right_due:"):
            body.line(f"of_left = left_order[{left.oldest}] < right_order[{right.oldest}]")
        with body.block("if of_left:"):
            self._leave_of(left, right)
        with body.block("else:"):
            self._leave_of(right, left)

    def _leave_of(self, side: _Side, other: _Side) -> None:
        body, name = self.body, side.name
        body.lines(
            f"p = {side.oldest}",
            f"{side.oldest} = {name}_later[p]",
            f"slot = {name}_slot[p]",
        )
        with body.block(f"if {side.oldest} < 0:"):
            body.line(f"{side.newest} = -1")
        if side.outer:
            with body.block(f"if {name}_paired[p] == 0:"):
                self.scope.present = -1
                self._emit(f"{name}_due", "-2", missing=other.number)
        with body.block("if slot >= 0:"):
            body.lines(f"{name}_first[slot] = {name}_next[p]", f"{name}_n[slot] -= 1")
            with body.block(f"if {name}_n[slot] == 0:"):
                body.line(f"{name}_last[slot] = -1")
                with body.block(f"if {other.name}_n[slot] == 0:"):
                    self.keys.release(body)
        free = self.layout.use("slots", "free_slot")
        body.line(f"{free}(reg, {side.at}, {name}_chain, p)")

    # ------------------------------------------------------------------ a row

    def _row(self) -> None:
        body = self.body
        body.line(f"j = {self.layout.merge('row')}[row]")
        source = self.layout.merge("source")
        for side, other in (self.sides, self.sides[::-1]):
            with body.block(f"if {source}[row] == 0:" if side.number == 0 else "else:"):
                body.comment(f"a row of {self.node.owners[side.number]}")
                self._of_side(side, other)

    def _of_side(self, side: _Side, other: _Side) -> None:
        body, scope, keys, layout = self.body, self.scope, self.keys, self.layout
        scope.present = side.number
        free = layout.use("slots", "next_slot")
        with body.block(f"if {free}(reg, {side.at}) >= {layout.capacity(side.pool)}:"):
            body.lines(f"status = {layout.full(side.pool)}", "break")
        values = [settled(pair[side.number], scope) for pair in self.node.keys]
        is_null = keys.load(scope, values, grouped=False)
        body.lines("slot = -1", "paired = 0")
        with body.block(f"if not ({is_null}):") if is_null != FALSE else nullcontext():
            keys.find(body)
            with body.block("if slot < 0:"):
                keys.room(body)
                keys.add(body)
            with body.block("else:"):
                self._room(other)
                self._pairs(other)
        with nullcontext() if side.outer or is_null == FALSE else body.block("if slot >= 0:"):
            self._keep(side)

    def _room(self, other: _Side) -> None:
        """Write the test that the row's pairs have room."""
        body, layout = self.body, self.layout
        with body.block(f"if n_out + {other.name}_n[slot] > {layout.capacity('out')}:"):
            body.lines(f"status = {layout.full('out')}", "break")

    def _pairs(self, other: _Side) -> None:
        """Write the pairs of the present row with the kept rows of its key, oldest first."""
        body, condition = self.body, self.node.condition
        body.line(f"p = {other.name}_first[slot]")
        with body.block("while p >= 0:"):
            if condition is None:
                self._pair(other)
            else:
                body.comment(expression_text(condition))
                with body.block(f"if {is_true(condition, self.scope)}:"):
                    self._pair(other)
            body.line(f"p = {other.name}_next[p]")

    def _pair(self, other: _Side) -> None:
        self.body.lines("paired = 1", f"{other.name}_paired[p] = 1")
        self._emit("now", "row")

    def _keep(self, side: _Side) -> None:
        """Write the keeping of the present row, the newest of its side and key."""
        body, name = self.body, side.name
        take = self.layout.use("slots", "take_slot")
        body.lines(
            f"p = {take}(reg, {side.at}, {name}_chain)",
            f"{name}_ts[p] = now",
            f"{name}_slot[p] = slot",
            f"{name}_next[p] = -1",
            f"{name}_later[p] = -1",
            f"{name}_order[p] = {self.kept}",
            f"{name}_paired[p] = paired",
            f"{self.kept} += 1",
        )
        self.scope.keep(side.number, "p")
        with body.block(f"if {side.newest} >= 0:"):
            body.line(f"{name}_later[{side.newest}] = p")
        with body.block("else:"):
            body.line(f"{side.oldest} = p")
        body.line(f"{side.newest} = p")
        with body.block("if slot >= 0:"):
            with body.block(f"if {name}_last[slot] >= 0:"):
                body.line(f"{name}_next[{name}_last[slot]] = p")
            with body.block("else:"):
                body.line(f"{name}_first[slot] = p")
            body.lines(f"{name}_last[slot] = p", f"{name}_n[slot] += 1")

    # ------------------------------------------------------------------ output

    def _emit(self, ts: str, cause: str, missing: int | None = None) -> None:
        """Write a row of output; missing: the side that has no row."""
        body = self.body
        values = self.scope.outputs(missing)
        for array, value in zip(self.outputs, values, strict=True):
            body.line(f"{array}[n_out] = {value.text}")
        body.lines(f"out_ts[n_out] = {ts}", f"out_cause[n_out] = {cause}", "n_out += 1")


def within_kernel(node: Join, entry: str) -> KernelSpec:
    """Return the kernel of a join within a time; its outputs are the columns of the node's schema."""
    return _WithinKernel(node, entry).write()
