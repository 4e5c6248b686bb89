"""The kernel of EMIT EVERY: it keeps the rows of groups and gives them at the ticks (ruling 38).

Ticks stand at multiples of the period since 1970; a tick closes the instant before it, as the end of a window does.
Groups keep their slots, which are so in the order of the groups' first rows. At a tick all slots are looked at.

| kind | keeps | gives at a tick |
|---|---|---|
| snapshot | the last row of a group | those of all groups; once more at the end of input if one has changed |
| last | the last row of a group | those of the groups that have changed |
| first | the first row of a group since the tick | the same |
| all | all rows since the tick, linked by group | group by group all of them |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout, identifier, kernel_dtype
from cep.codegen.select import SelectScope
from cep.codegen.writer import Writer
from cep.graph.kernel import CAUSE_WINDOW
from cep.plan.expressions import Column
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import Conflate


class _Conflate:
    """Writes the kernel. Registers: the next tick (us, MAX_I64: none), rows since the last, the slot being written."""

    def __init__(self, node: Conflate, entry: str, *, phases: bool) -> None:
        self.node = node
        self.phases = phases
        self.layout = layout = Layout(entry)
        self.body = Writer()
        self.scope = SelectScope(layout, self.body, None)
        self.keys = KeySlots(layout, [k.type for k in node.keys])
        self.time = layout.merge("ts")
        self.tick = layout.register_number("next_tick", 2**63 - 1)
        self.tick_cell = f"reg[{self.tick}]"
        self.changed_rows = layout.register("changed_rows")
        self.cursor = layout.register("cursor")
        pool = self.keys.pool
        if node.kind == "all":
            pool = "kept"
            layout.pool(pool, 256)
            self.follower = layout.state("follower", "i64", pool, fill=-1)
            self.oldest = layout.state("oldest", "i64", self.keys.pool, fill=-1)
            self.newest = layout.state("newest", "i64", self.keys.pool, fill=-1)
        else:
            self.changed = layout.state("changed", "i64", pool)
        self.kept = {
            c.name: layout.state(f"kept{n}_{identifier(c.name)}", kernel_dtype(c.type), pool)
            for n, c in enumerate(node.schema.columns)
        }
        self.outputs = {c.name: layout.output(c.name, c.type) for c in node.schema.columns}

    def spec(self) -> KernelSpec:
        """Return the kernel."""
        body = self.body
        loop.begin(body)
        self.keys.enter(body)
        with body.block("while row <= n_rows:"):
            body.comment("the row, or after the last one the clock")
            body.line(f"now = {self.time}[row] if row < n_rows else ctl[2]")
            if self.phases:
                with body.block(f"if row < n_rows and {self.layout.merge('phase')}[row] > 2:"):
                    body.line("now += 1")
            with body.block(f"while status == 0 and {self._is_due()}:"):
                self._write_groups()
                with body.block("if status == 0:"):
                    self._end_tick()
            with body.block("if status != 0 or row == n_rows:"):
                body.line("break")
            self._take()
            body.line("row += 1")
        body.line(f"next_clock = {self.tick_cell}")
        with body.block(f"if ctl[2] == MAX_I64 and {self.changed_rows} == 0:"):
            body.line("next_clock = MAX_I64")
        loop.end(body, next_clock="next_clock")
        every = format_duration(self.node.every_us)
        return self.layout.spec(body, doc=[f"EMIT EVERY {every} {self.node.kind.upper()}"])

    def _is_due(self) -> str:
        due = f"{self.tick_cell} <= now and {self.tick_cell} != MAX_I64"
        if self.node.kind != "snapshot":
            return due
        return f"{due} and ({self.changed_rows} > 0 or row < n_rows or ctl[2] != MAX_I64)"

    def _write_groups(self) -> None:
        """Write the rows of a tick; a full output leaves the loop with `status`, to go on there."""
        body = self.body
        body.line(f"n_slots = {self.keys.n_slots}")
        with body.block(f"while {self.cursor} < n_slots:"):
            if self.node.kind == "all":
                body.line(f"here = {self.oldest}[{self.cursor}]")
                with body.block("while here >= 0:"):
                    loop.no_room(body, self.layout)
                    self._emit("here")
                    body.line(f"here = {self.follower}[here]")
                body.line(f"{self.oldest}[{self.cursor}] = here")
                with body.block("if status != 0:"):
                    body.line("break")
                body.line(f"{self.newest}[{self.cursor}] = -1")
            else:
                loop.no_room(body, self.layout)
                if self.node.kind == "snapshot":
                    self._emit(self.cursor)
                else:
                    with body.block(f"if {self.changed}[{self.cursor}] != 0:"):
                        self._emit(self.cursor)
                body.line(f"{self.changed}[{self.cursor}] = 0")
            body.line(f"{self.cursor} = {self.cursor} + 1")

    def _emit(self, place: str) -> None:
        for name, array in self.outputs.items():
            self.body.line(f"{array}[n_out] = {self.kept[name]}[{place}]")
        self.body.lines(
            f"out_ts[n_out] = {self.tick_cell} - 1",
            f"out_cause[n_out] = {CAUSE_WINDOW}",
            "n_out += 1",
        )

    def _end_tick(self) -> None:
        self.body.lines(f"{self.cursor} = 0", f"{self.changed_rows} = 0")
        if self.node.kind == "snapshot":
            self._set_tick(f"add_i64({self.tick_cell}, {self.node.every_us})")
        else:
            self.body.line(f"{self.tick_cell} = MAX_I64")

    def _set_tick(self, text: str) -> None:
        """Write the setting of the next tick; one past the end of time is at the end of it."""
        self.body.line(f"{self.tick_cell} = {text}")
        with self.body.block(f"if {self.tick_cell} == NULL_I64:"):
            self.body.line(f"{self.tick_cell} = MAX_I64 - 1")

    def _take(self) -> None:
        """Write the keeping of a row of the group in `slot`."""
        body, every, gathers = self.body, self.node.every_us, self.node.kind == "all"
        if gathers:
            capacity = self.layout.capacity("kept")
            with body.block(f"if {self.changed_rows} >= {capacity}:"):
                body.lines(f"status = {self.layout.full('kept')}", "break")
        self.keys.look_up(self.scope, self.node.keys)
        self.keys.ensure(body)
        if gathers:
            self._link()
        elif self.node.kind == "first":
            with body.block(f"if {self.changed}[slot] == 0:"):
                self._keep("slot")
        else:
            self._keep("slot")
        if not gathers:
            body.line(f"{self.changed}[slot] = 1")
        body.line(f"{self.changed_rows} = {self.changed_rows} + 1")
        with body.block(f"if {self.tick_cell} == MAX_I64:"):
            self._set_tick(f"add_i64(now // {every} * {every}, {every})")

    def _link(self) -> None:
        """Write the putting of the row behind the others of its group."""
        body = self.body
        body.line(f"place = {self.changed_rows}")
        self._keep("place")
        body.line(f"{self.follower}[place] = -1")
        with body.block(f"if {self.newest}[slot] < 0:"):
            body.line(f"{self.oldest}[slot] = place")
        with body.block("else:"):
            body.line(f"{self.follower}[{self.newest}[slot]] = place")
        body.line(f"{self.newest}[slot] = place")

    def _keep(self, place: str) -> None:
        for column in self.node.schema.columns:
            value = self.scope.column(Column(0, column.name, column.type, column.not_null))
            self.body.line(f"{self.kept[column.name]}[{place}] = {value.text}")


def conflate_kernel(node: Conflate, entry: str, *, phases: bool = True) -> KernelSpec:
    """Return the kernel of EMIT EVERY over the rows of groups.

    phases: whether its input may have rows that deadlines made.
    """
    return _Conflate(node, entry, phases=phases).spec()
