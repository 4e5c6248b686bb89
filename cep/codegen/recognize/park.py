"""Part of the kernel of a MATCH_RECOGNIZE: a start that is its key's only row is not tried before the next row comes.

Most starts end with the row after them. So where one row alone decides nothing, the only row of a key is parked: when the
next row can bind to nothing that may follow, it takes the place of the parked one, without threads and paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.recognize.parts import Parts

MOST_FIRST_STATES = 8


class Park:
    """Writes the test that the only row of a key has failed as a start, and its replacement."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        program = parts.program
        self.first = [program.states[t] for t in program.starts[0].follow]
        self.mask = sum({1 << state.variable for state in self.first})

    @property
    def possible(self) -> bool:
        """Whether no single row decides anything: no match of one row or none, no timer, no output of its own."""
        parts = self.parts
        plain = not parts.limited and parts.node.rows != "all_unmatched"
        accepting = any(s.accepting for s in (parts.program.starts[0], *self.first))
        plain = plain and not parts.program.waits
        few = 0 < len(self.first) <= MOST_FIRST_STATES
        return plain and few and not accepting and not parts.program.anchored

    def waits(self, flushing: str) -> str:
        """Return the condition that the start of key `slot`, row `head`, is parked."""
        fits = f"row_flags[head] & {self.mask} != 0"
        return f"{flushing} == 0 and head == key_tail[slot] and {fits}"

    def replace(self, fill: Callable[[], None]) -> None:
        """Write the replacement of a parked row that the present row ends; `fill` writes the row into `kept`."""
        parts, writer = self.parts, self.parts.writer
        with writer.block("if slot >= 0 and key_begun[slot] == 0 and key_head[slot] >= 0:"):
            writer.lines("kept = key_head[slot]", "before = row_flags[kept]", "goes_on = 0")
            for state in self.first:
                behind = sum({1 << parts.program.states[t].variable for t in state.follow})
                test = f"(before >> {state.variable}) & 1 == 1 and flags & {behind} != 0"
                with writer.block(f"if {test}:"):
                    writer.line("goes_on = 1")
            with writer.block("if goes_on == 0:"):
                parts.add_one("runs_started")
                parts.add_one("runs_killed")
                with writer.block(f"if flags & {self.mask} != 0:"):
                    fill()
                with writer.block("else:"):
                    self._give_back()
                writer.lines("slot = -1", "row = row + 1", "continue")

    def _give_back(self) -> None:
        """Write the giving back of the parked row, and of its key where keys do not stay."""
        parts, writer = self.parts, self.parts.writer
        writer.line(parts.call("slots", "free_slot", "reg", parts.rows.at, "rows_chain", "kept"))
        if parts.keeps_keys:
            writer.lines("key_head[slot] = -1", "key_tail[slot] = -1")
            parts.rows.remember(writer, "row")
        else:
            parts.keys.release(writer)
