"""Part of the kernel of OVER: one frame, the rows of a key it holds and their aggregates.

The rows of a key in a frame are a queue made of two stacks: `front` (the oldest row on top; each row holds the
aggregate from itself to the end of the stack) and `back` (the newest on top; one running aggregate,
`acc_..`). A row enters at the back; when the front is empty as a row leaves, the back is turned over. So every
row is merged once or twice, whatever the length of the frame, and nothing is subtracted. Turning over
depends on the rows of the key alone, so the order of additions does too.

Source: the two-stack queue aggregation of K. Tangwongsan, M. Hirzel, S. Schneider, "Low-latency
sliding-window aggregation in worst-case constant time", DEBS 2017, section 2 (Two-Stacks).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.expiry import KeyExpiry
from cep.codegen.keys import KeySlots
from cep.codegen.over.storage import storage
from cep.codegen.window.collected import Collected
from cep.codegen.window.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope, Value
    from cep.codegen.window.slots import Slot
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Aggregate
    from cep.plan.nodes import Frame


class FrameState:
    """One frame of an OVER kernel. `prefix` keeps the names of two frames apart."""

    def __init__(
        self, frame: Frame, aggregates: Sequence[Aggregate], layout: Layout, prefix: str
    ) -> None:
        self.frame = frame
        self.layout = layout
        self.p = prefix
        ttl_us = frame.ttl_us
        self.keys = KeySlots(
            layout,
            [key.type for key in frame.partition],
            prefix=prefix,
            fixed=ttl_us is None,
            shrinks=ttl_us is not None,
        )
        self.slots = Slots(layout, aggregates, prefix)
        self.collected = Collected(self.slots.collected(), layout, self.keys, 0, prefix)
        self.whole = frame.amount is None
        self.by_time = frame.kind == "range" and not self.whole
        pool = self.keys.pool
        self.slots.arrays("acc_", self.slots.merged(), pool)
        self.slots.arrays("base_", self.slots.carried(), pool)
        if not self.whole:
            self._queue_state()
        self.expiry = (
            None
            if ttl_us is None
            else KeyExpiry(layout, self.keys, ttl_us, self._empty, prefix=prefix)
        )

    def _empty(self, writer: Writer, slot: str) -> None:
        """Write the emptying of the state of a key."""
        self.slots.reset(writer, self.slots.merged(), lambda used: used.cells("acc_", slot))
        self.slots.reset(writer, self.slots.carried(), lambda used: used.cells("base_", slot))

    def _queue_state(self) -> None:
        layout, p = self.layout, self.p
        self.rows = rows = storage(layout, p, by_time=self.by_time)
        self.link = rows.array(f"{p}row_link", "i64", fill=-1)
        self.in_rows = (*self.slots.merged(), *self.slots.carried())
        for name, field in self.slots.fields(self.in_rows):
            rows.array(f"row_{name}", field.dtype, fill=field.empty)
        if self.collected.slots:
            self.entries = rows.array(f"{p}row_entry", "i64", width=self.collected.n, fill=-1)
        self.front = layout.state(f"{p}front", "i64", self.keys.pool, fill=-1)
        self.back = layout.state(f"{p}back", "i64", self.keys.pool, fill=-1)
        if self.by_time:
            self.row_ts = rows.array(f"{p}row_ts", "i64")
            self.row_slot = rows.array(f"{p}row_slot", "i64")
        else:
            self.held = layout.state(f"{p}key_rows", "i64", self.keys.pool)

    # ------------------------------------------------------------------ begin and end of a call

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call."""
        self.keys.enter(writer)
        self.collected.enter(writer)
        if not self.whole:
            self.rows.enter(writer)

    def leave(self, writer: Writer) -> None:
        """Write what is done at the end of a call."""
        if not self.whole:
            self.rows.leave(writer)

    # ------------------------------------------------------------------ a row

    def prepare(self, scope: Scope, ts: str) -> None:
        """Write what comes before any frame takes the row: old rows leave, room and a slot for the key.

        Leaves the row loop with `status` if there is no room; doing it again then does no harm.
        """
        writer, keys = scope.writer, self.keys
        if self.by_time:
            self._expire(writer, ts)
        if self.expiry is not None:
            self.expiry.forget(writer, ts)
        keys.look_up(scope, self.frame.partition)
        self.collected.check_room(writer)
        if not self.whole:
            self.rows.check_room(writer)
        if self.expiry is not None:
            self.expiry.look(writer)
        keys.ensure(writer)
        if self.expiry is not None:
            self.expiry.touch(writer, ts)

    def push(self, scope: Scope, ts: str) -> None:
        """Write the adding of the row to its key's frame."""
        writer, slot = scope.writer, self.keys.slot
        merged = self.slots.merged()
        if self.whole:
            self.slots.add_rows(
                scope,
                (*merged, *self.slots.collected()),
                ts,
                lambda used, xs: self._collect(writer, used, xs, ts),
                cells=lambda used: used.cells("acc_", slot),
            )
            return
        if not self.by_time:
            with writer.block(f"if {self.held}[{slot}] == {(self.frame.amount or 0) + 1}:"):
                self._pop(writer, slot)
                writer.line(f"{self.held}[{slot}] -= 1")
            writer.line(f"{self.held}[{slot}] += 1")
        row = f"{self.p}row"
        self.rows.take(writer, row)
        self.slots.reset(writer, self.in_rows, lambda used: used.locals("r_"))
        for number in range(self.collected.n):
            writer.line(f"{self._entry(row, number)} = -1")
        self.slots.add_rows(
            scope,
            (*self.in_rows, *self.slots.collected()),
            ts,
            lambda used, xs: self._collect(writer, used, xs, ts, row),
            cells=lambda used: used.locals("r_"),
        )
        cell = self.rows.cell(row)
        for used in self.in_rows:
            names, cells = used.locals("r_"), used.cells("row_", cell)
            writer.lines(*(f"{cells[field]} = {name}" for field, name in names.items()))
        for used in merged:
            self.slots.merge(writer, used, used.cells("acc_", slot), used.locals("r_"))
        writer.lines(f"{self.link}[{cell}] = {self.back}[{slot}]", f"{self.back}[{slot}] = {row}")
        if self.by_time:
            writer.lines(f"{self.row_ts}[{cell}] = {ts}", f"{self.row_slot}[{cell}] = {slot}")

    def _entry(self, row: str, number: int) -> str:
        n, cell = self.collected.n, self.rows.cell(row)
        return f"{self.entries}[{cell}]" if n == 1 else f"{self.entries}[{cell} * {n} + {number}]"

    def _collect(
        self, writer: Writer, used: Slot, xs: tuple[str, ...], ts: str, row: str = ""
    ) -> None:
        number = self.collected.slots.index(used)
        into = self._entry(row, number) if row else "entry"
        self.collected.add(writer, used, xs, self.keys.slot, ts, into)

    # ------------------------------------------------------------------ rows that leave

    def _expire(self, writer: Writer, ts: str) -> None:
        """Write the leaving of every row, of whatever key, that is too old for the present row."""
        p, keys = self.p, self.keys
        head, gone = f"{p}head", f"{p}gone"
        oldest = f"{self.row_ts}[{self.rows.cell(head)}]"
        with writer.block(f"while {head} < {p}tail and {ts} - {oldest} > {self.frame.amount}:"):
            writer.line(f"{gone} = {self.row_slot}[{self.rows.cell(head)}]")
            self._pop(writer, gone)
            if not keys.fixed and not self.slots.carried():
                with writer.block(f"if {self.front}[{gone}] < 0 and {self.back}[{gone}] < 0:"):
                    keys.release(writer, gone)

    def _pop(self, writer: Writer, slot: str) -> None:
        """Write the leaving of the oldest row of the key in `slot`."""
        p = self.p
        with writer.block(f"if {self.front}[{slot}] < 0:"):
            self._turn_over(writer, slot)
        old = f"{p}old"
        writer.line(f"{old} = {self.front}[{slot}]")
        cell = self.rows.cell(old)
        for used in self.slots.carried():
            self.slots.merge(writer, used, used.cells("base_", slot), used.cells("row_", cell))
        for number in range(self.collected.n):
            with writer.block(f"if {self._entry(old, number)} >= 0:"):
                writer.line(self.collected.drop(number, self._entry(old, number)))
        writer.line(f"{self.front}[{slot}] = {self.link}[{cell}]")
        self.rows.free(writer, old)

    def _turn_over(self, writer: Writer, slot: str) -> None:
        """Write the moving of all rows of a key from the back to the front."""
        row, newer, older = f"{self.p}turned", f"{self.p}newer", f"{self.p}older"
        cell, above = self.rows.cell(row), self.rows.cell(newer)
        writer.lines(f"{newer} = -1", f"{row} = {self.back}[{slot}]")
        with writer.block(f"while {row} >= 0:"):
            writer.line(f"{older} = {self.link}[{cell}]")
            if self.slots.merged():
                with writer.block(f"if {newer} >= 0:"):
                    for used in self.slots.merged():
                        into, later = used.cells("row_", cell), used.cells("row_", above)
                        self.slots.merge(writer, used, into, later)
            writer.lines(f"{self.link}[{cell}] = {newer}", f"{newer} = {row}", f"{row} = {older}")
        writer.lines(f"{self.front}[{slot}] = {newer}", f"{self.back}[{slot}] = -1")
        self.slots.reset(writer, self.slots.merged(), lambda used: used.cells("acc_", slot))

    # ------------------------------------------------------------------ values

    def value(
        self, writer: Writer, aggregate: Aggregate, loaded: dict[str, dict[str, str]]
    ) -> Value:
        """Write the computing of an aggregate over the frame of the present row; return it.

        loaded: slots whose fields over the frame stand in locals already.
        """
        for used in self.slots.used_by([aggregate]):
            if used.name not in loaded:
                loaded[used.name] = self._load(writer, used)
        return self.slots.value(
            writer,
            aggregate,
            lambda used: loaded[used.name],
            start=f"(ts - {self.frame.amount or 0})",
            end="ts",
        )

    def _load(self, writer: Writer, used: Slot) -> dict[str, str]:
        slot = self.keys.slot
        if used.kind.collects:
            return self.collected.fields(used, slot)
        if used.kind.carried:
            return used.cells("base_", slot)
        if self.whole:
            return used.cells("acc_", slot)
        names = used.locals("w_")
        cells = used.cells("row_", self.rows.cell(f"{self.front}[{slot}]"))
        with writer.block(f"if {self.front}[{slot}] >= 0:"):
            for name, cell in cells.items():
                writer.line(f"{names[name]} = {cell}")
        with writer.block("else:"):
            self.slots.reset(writer, (used,), lambda _: names)
        self.slots.merge(writer, used, names, used.cells("acc_", slot))
        return names
