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

from cep.codegen.keys import KeySlots
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
        self.keys = KeySlots(
            layout, [key.type for key in frame.partition], prefix=prefix, fixed=True
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

    def _queue_state(self) -> None:
        layout, p = self.layout, self.p
        layout.pool(f"{p}rows", 256)
        self.at = layout.register_number(f"{p}rows_free", -1)
        layout.register(f"{p}rows_used")
        layout.register(f"{p}rows_live")
        rows = f"{p}rows"
        self.row_chain = layout.state(f"{p}row_chain", "i32", rows, fill=-1)
        self.link = layout.state(f"{p}row_link", "i64", rows, fill=-1)
        self.slots.arrays("row_", (*self.slots.merged(), *self.slots.carried()), rows)
        if self.collected.slots:
            self.entries = layout.state(
                f"{p}row_entry", "i64", rows, width=self.collected.n, fill=-1
            )
        self.front = layout.state(f"{p}front", "i64", self.keys.pool, fill=-1)
        self.back = layout.state(f"{p}back", "i64", self.keys.pool, fill=-1)
        if self.by_time:
            self.row_ts = layout.state(f"{p}row_ts", "i64", rows)
            self.row_slot = layout.state(f"{p}row_slot", "i64", rows)
            self.row_next = layout.state(f"{p}row_next", "i64", rows, fill=-1)
            self.reg_head = layout.register(f"{p}oldest_row", -1)
            self.reg_tail = layout.register(f"{p}newest_row", -1)
        else:
            self.held = layout.state(f"{p}key_rows", "i64", self.keys.pool)

    # ------------------------------------------------------------------ begin and end of a call

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call."""
        self.keys.enter(writer)
        self.collected.enter(writer)

    # ------------------------------------------------------------------ a row

    def prepare(self, scope: Scope, ts: str) -> None:
        """Write what comes before any frame takes the row: old rows leave, room and a slot for the key.

        Leaves the row loop with `status` if there is no room; doing it again then does no harm.
        """
        writer, keys = scope.writer, self.keys
        if self.by_time:
            self._expire(writer, ts)
        keys.look_up(scope, self.frame.partition)
        self.collected.check_room(writer)
        if not self.whole:
            free = self.layout.use("slots", "next_slot")
            pool = f"{self.p}rows"
            with writer.block(f"if {free}(reg, {self.at}) >= {self.layout.capacity(pool)}:"):
                writer.lines(f"status = {self.layout.full(pool)}", "break")
        keys.ensure(writer)

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
        take = self.layout.use("slots", "take_slot")
        writer.line(f"{row} = {take}(reg, {self.at}, {self.row_chain})")
        in_rows = (*merged, *self.slots.carried())
        self.slots.reset(writer, in_rows, lambda used: used.cells("row_", row))
        for number in range(self.collected.n):
            writer.line(f"{self._entry(row, number)} = -1")
        self.slots.add_rows(
            scope,
            (*in_rows, *self.slots.collected()),
            ts,
            lambda used, xs: self._collect(writer, used, xs, ts, row),
            cells=lambda used: used.cells("row_", row),
        )
        for used in merged:
            self.slots.merge(writer, used, used.cells("acc_", slot), used.cells("row_", row))
        writer.lines(f"{self.link}[{row}] = {self.back}[{slot}]", f"{self.back}[{slot}] = {row}")
        if self.by_time:
            self._append(writer, row, ts)

    def _append(self, writer: Writer, row: str, ts: str) -> None:
        writer.lines(
            f"{self.row_ts}[{row}] = {ts}",
            f"{self.row_slot}[{row}] = {self.keys.slot}",
            f"{self.row_next}[{row}] = -1",
        )
        with writer.block(f"if {self.reg_tail} >= 0:"):
            writer.line(f"{self.row_next}[{self.reg_tail}] = {row}")
        with writer.block("else:"):
            writer.line(f"{self.reg_head} = {row}")
        writer.line(f"{self.reg_tail} = {row}")

    def _entry(self, row: str, number: int) -> str:
        n = self.collected.n
        return f"{self.entries}[{row}]" if n == 1 else f"{self.entries}[{row} * {n} + {number}]"

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
        writer.line(f"{head} = {self.reg_head}")
        with writer.block(
            f"while {head} >= 0 and {ts} - {self.row_ts}[{head}] > {self.frame.amount}:"
        ):
            writer.lines(f"{gone} = {self.row_slot}[{head}]", f"{head} = {self.row_next}[{head}]")
            self._pop(writer, gone)
            if not keys.fixed and not self.slots.carried():
                with writer.block(f"if {self.front}[{gone}] < 0 and {self.back}[{gone}] < 0:"):
                    keys.release(writer, gone)
        with writer.block(f"if {head} < 0:"):
            writer.line(f"{self.reg_tail} = -1")
        writer.line(f"{self.reg_head} = {head}")

    def _pop(self, writer: Writer, slot: str) -> None:
        """Write the leaving of the oldest row of the key in `slot`."""
        p = self.p
        with writer.block(f"if {self.front}[{slot}] < 0:"):
            self._turn_over(writer, slot)
        old = f"{p}old"
        writer.line(f"{old} = {self.front}[{slot}]")
        for used in self.slots.carried():
            self.slots.merge(writer, used, used.cells("base_", slot), used.cells("row_", old))
        for number in range(self.collected.n):
            with writer.block(f"if {self._entry(old, number)} >= 0:"):
                writer.line(self.collected.drop(number, self._entry(old, number)))
        free = self.layout.use("slots", "free_slot")
        writer.lines(
            f"{self.front}[{slot}] = {self.link}[{old}]",
            f"{free}(reg, {self.at}, {self.row_chain}, {old})",
        )

    def _turn_over(self, writer: Writer, slot: str) -> None:
        """Write the moving of all rows of a key from the back to the front."""
        row, newer, older = f"{self.p}turned", f"{self.p}newer", f"{self.p}older"
        writer.lines(f"{newer} = -1", f"{row} = {self.back}[{slot}]")
        with writer.block(f"while {row} >= 0:"):
            writer.line(f"{older} = {self.link}[{row}]")
            if self.slots.merged():
                with writer.block(f"if {newer} >= 0:"):
                    for used in self.slots.merged():
                        into, later = used.cells("row_", row), used.cells("row_", newer)
                        self.slots.merge(writer, used, into, later)
            writer.lines(f"{self.link}[{row}] = {newer}", f"{newer} = {row}", f"{row} = {older}")
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
        cells = used.cells("row_", f"{self.front}[{slot}]")
        with writer.block(f"if {self.front}[{slot}] >= 0:"):
            for name, cell in cells.items():
                writer.line(f"{names[name]} = {cell}")
        with writer.block("else:"):
            self.slots.reset(writer, (used,), lambda _: names)
        self.slots.merge(writer, used, names, used.cells("acc_", slot))
        return names
