"""Part of a kernel: keys that had no row for a time are forgotten (`@ttl`).

All keys wait for the same length, so those that had a row most lately stand last in a queue, and the first ones go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.keys import KeySlots
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer


class KeyExpiry:
    """Writes the forgetting of the keys of some slots `ttl_us` after their last row, that instant included.

    reset: writes the emptying of the cells of a slot, whose text it is given. Local: `gone`. `prefix` as in `KeySlots`.
    """

    def __init__(
        self,
        layout: Layout,
        keys: KeySlots,
        ttl_us: int,
        reset: Callable[[Writer, str], None],
        *,
        prefix: str = "",
    ) -> None:
        self._layout = layout
        self._keys = keys
        self._ttl_us = ttl_us
        self._reset = reset
        self._queue = layout.register_number(f"{prefix}quiet_first", -1)
        layout.register(f"{prefix}quiet_last", -1)
        self._links = layout.state(f"{prefix}quiet_links", "i64", keys.pool, width=2, fill=-1)
        self._due = layout.state(f"{prefix}quiet_due", "i64", keys.pool)
        self._gone, self._armed = f"{prefix}gone", f"{prefix}armed"

    def forget(self, writer: Writer, before: str) -> None:
        """Write the forgetting of keys whose time is over before an instant."""
        first = self._layout.use("deadlines", "first_deadline")
        with writer.block(f"while {first}(reg, {self._queue}, {self._due}) < {before}:"):
            writer.line(f"{self._gone} = reg[{self._queue}]")
            self._remove(writer, self._gone)
            self._reset(writer, self._gone)
            self._keys.release(writer, self._gone)

    def look(self, writer: Writer) -> None:
        """Write what stands between the look-up of a key and the taking of its slot."""
        writer.line(f"{self._armed} = {self._keys.slot}")

    def touch(self, writer: Writer, ts: str) -> None:
        """Write that the key of the present slot has a row at an instant."""
        append = self._layout.use("runs", "append_run")
        after = self._layout.use("deadlines", "deadline_after")
        slot = self._keys.slot
        with writer.block(f"if {self._armed} >= 0:"):
            self._remove(writer, slot)
        writer.lines(
            f"{self._due}[{slot}] = {after}({ts}, {self._ttl_us})",
            f"{append}(reg, {self._queue}, {self._links}, {slot})",
        )

    def _remove(self, writer: Writer, slot: str) -> None:
        remove = self._layout.use("runs", "remove_run")
        writer.line(f"{remove}(reg, {self._queue}, {self._links}, {slot})")

    def at_end(self, writer: Writer, next_clock: str) -> None:
        """Write the forgetting up to the clock behind the last row, and when it is to go on, into a local."""
        with writer.block("if status == 0:"):
            self.forget(writer, "ctl[2]")
        first = self._layout.use("deadlines", "first_deadline")
        writer.line(
            f"{next_clock} = min_i64({next_clock}, {first}(reg, {self._queue}, {self._due}))"
        )
