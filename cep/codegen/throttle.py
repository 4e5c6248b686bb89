"""The kernels of SUPPRESS and LIMIT: which rows of a key pass, by the clock of the rows (ruling 36)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout
from cep.codegen.select import SelectScope
from cep.codegen.writer import Writer
from cep.plan.explain_expressions import expression_text
from cep.plan.expressions import Column
from cep.plan.nodes import Limit, Suppress
from cep.times import format_duration
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.select import Identity
    from cep.graph.kernel import KernelSpec
    from cep.schema import Schema

Hidden = tuple[tuple[str, Type], ...]


class _Throttle:
    """What both kernels share: key slots, a queue of entries by the time they are over, the output row.

    State of a slot: `since` (T of the row that opened the entry, us) and `count`.
    """

    def __init__(self, node: Suppress | Limit, entry: str, identity: Identity | None) -> None:
        self.node = node
        self.layout = layout = Layout(entry)
        self.body = Writer()
        self.scope = SelectScope(layout, self.body, identity)
        self.keys = KeySlots(layout, [k.type for k in node.keys])
        self.queue = layout.register_number("queue_first", -1)
        layout.register("queue_last", -1)
        self.links = layout.state("queue_links", "i64", "keys", width=2, fill=-1)
        self.due = layout.state("due", "i64", "keys")
        self.since = layout.state("since", "i64", "keys")
        self.count = layout.state("count", "i64", "keys")
        self.time = layout.merge("ts")

    def arm(self, length: str) -> None:
        """Write the entry of `slot`, which begins now, into the queue; it is over after `now + length`."""
        arm, after = (
            self.layout.use("deadlines", "arm"),
            self.layout.use("deadlines", "deadline_after"),
        )
        self.body.line(
            f"{arm}(reg, {self.queue}, {self.links}, {self.due}, {self.since}, slot, "
            f"{after}(now, {length}))"
        )

    def disarm(self, slot: str) -> None:
        """Write the taking of a slot out of the queue."""
        remove = self.layout.use("runs", "remove_run")
        self.body.line(f"{remove}(reg, {self.queue}, {self.links}, {slot})")

    def write(self, columns: Schema, hidden: Hidden, note: str) -> KernelSpec:
        """Return the kernel; `columns` and `hidden` are those of the input."""
        body = self.body
        first = self.layout.use("deadlines", "first_deadline")
        loop.begin(body)
        self.keys.enter(body)
        with body.block("while row <= n_rows:"):
            body.comment("the row, or after the last one the clock")
            body.line(f"now = {self.time}[row] if row < n_rows else ctl[2]")
            with body.block(f"while {first}(reg, {self.queue}, {self.due}) < now:"):
                body.line(f"slot = reg[{self.queue}]")
                self.disarm("slot")
                self.keys.release(body)
            with body.block("if row == n_rows:"):
                body.line("break")
            loop.no_room(body, self.layout)
            self.keys.look_up(self.scope, self.node.keys)
            with body.block("if slot < 0:"):
                self.keys.room(body)
            self._decide()
            with body.block("if passes == 1:"):
                self._emit(columns, hidden)
            body.line("row += 1")
        body.line(f"next_end = {first}(reg, {self.queue}, {self.due})")
        loop.end(body, next_clock="next_end + 1 if next_end < MAX_I64 else MAX_I64")
        return self.layout.spec(body, doc=[note])

    def _decide(self) -> None:
        """Write `passes = ..` (0 or 1) and what becomes of the entry in `slot`."""
        raise NotImplementedError

    def _emit(self, columns: Schema, hidden: Hidden) -> None:
        """Write the output row: the input's columns, what is appended, the hidden columns."""
        for column in columns.columns:
            expr = Column(0, column.name, column.type, column.not_null)
            loop.store(self.layout.output(column.name, column.type), expr, self.scope)
        self._append()
        for name, kind in hidden:
            loop.store(self.layout.output(name, kind), Column(0, name, kind), self.scope)
        self.body.lines(f"out_ts[n_out] = {self.time}[row]", "out_cause[n_out] = row", "n_out += 1")

    def _append(self) -> None:
        """Write the columns this operator adds."""


class _Suppress(_Throttle):
    """SUPPRESS BY (keys) FOR d: passes iff no row of the key passed within the last d."""

    def __init__(self, node: Suppress, entry: str, identity: Identity | None) -> None:
        super().__init__(node, entry, identity)
        self.for_us = node.for_us
        self.suppressed = self.layout.register("suppressed")

    def _decide(self) -> None:
        body = self.body
        after = self.layout.use("deadlines", "deadline_after")
        body.lines("passes = 1", "held = 0")
        with body.block("if slot < 0:"):
            self.keys.add(body)
        with body.block(f"elif now >= {after}({self.since}[slot], {self.for_us}):"):
            body.line(f"held = {self.count}[slot]")
            self.disarm("slot")
        with body.block("else:"):
            body.lines(
                "passes = 0",
                f"{self.count}[slot] = {self.count}[slot] + 1",
                f"{self.suppressed} = {self.suppressed} + 1",
            )
        with body.block("if passes == 1:"):
            body.lines(f"{self.since}[slot] = now", f"{self.count}[slot] = 0")
            self.arm(str(2 * self.for_us))

    def _append(self) -> None:
        array = self.layout.output("suppressed", Type.INT)
        self.body.line(f"{array}[n_out] = held")


class _Limit(_Throttle):
    """LIMIT n PER d BY (keys): at most n rows in [T0, T0 + d), T0 the first row that passed."""

    def __init__(self, node: Limit, entry: str, identity: Identity | None) -> None:
        super().__init__(node, entry, identity)
        self.most = node.count
        self.per_us = node.per_us
        self.suppressed = self.layout.register("suppressed")

    def _decide(self) -> None:
        body = self.body
        body.line("passes = 1")
        with body.block("if slot < 0:"):
            self.keys.add(body)
            body.lines(f"{self.since}[slot] = now", f"{self.count}[slot] = 1")
            body.comment("over when T >= T0 + d: an inclusive deadline one us before")
            self.arm(str(self.per_us - 1))
        with body.block(f"elif {self.count}[slot] < {self.most}:"):
            body.line(f"{self.count}[slot] = {self.count}[slot] + 1")
        with body.block("else:"):
            body.lines("passes = 0", f"{self.suppressed} = {self.suppressed} + 1")


def throttle_kernel(
    node: Suppress | Limit, entry: str, hidden: Hidden, identity: Identity | None = None
) -> KernelSpec:
    """Return the kernel of SUPPRESS or LIMIT over the output of the node below."""
    by = ", ".join(expression_text(k) for k in node.keys)
    columns = node.source.schema
    if isinstance(node, Suppress):
        note = f"SUPPRESS BY ({by}) FOR {format_duration(node.for_us)}"
        return _Suppress(node, entry, identity).write(columns, hidden, note)
    note = f"LIMIT {node.count} PER {format_duration(node.per_us)} BY ({by})"
    return _Limit(node, entry, identity).write(columns, hidden, note)
