"""Part of the kernel of a MATCH_RECOGNIZE: a start is scouted before threads and paths are made for it.

Where no condition reads bound rows, the scout is the set of states that the rows so far have led to, a bit a state. A start
whose set is empty before it holds a state that accepts has no match, and is decided by that row; only where it holds
one the rows are offered again to threads, which find out which match is preferred. Marks of (row, state) pairs tried
in vain serve all later starts, so scouting all starts looks at each pair once.
Source: the bit-parallel simulation of R. Baeza-Yates, G. H. Gonnet, "A new approach to text searching", 1992.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.graph.kernel import Array, Numbers, Role

if TYPE_CHECKING:
    from cep.codegen.recognize.parts import Parts

MOST_SCOUTED = 32  # states: bits of a word of marks
SCOUTING = 2  # values of `key_begun`: the start is scouted, threads are to begin with its first row
TO_THREADS = 3


class Scout:
    """Writes the scouting of key `slot`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        states = parts.program.states
        plain = not parts.program.anchored and not states[0].accepting
        self.possible = plain and not parts.captures and len(states) <= MOST_SCOUTED
        if not self.possible:
            return
        layout = parts.layout
        layout.state("key_scout", "i64", "keys")
        layout.state("row_tried", "i64", "rows")
        masks = tuple(
            sum({1 << t for m in state.moves for t in (m.target, m.wait) if t >= 0})
            for state in states
        )
        layout.add(Array("follow_mask", "i64", Role.TABLE, source=Numbers(masks)))
        self.accepting = sum(1 << n for n, state in enumerate(states) if state.accepting)
        self.waiting = sum({1 << m.wait for s in states for m in s.moves if m.wait >= 0})
        self.by_variable = [
            sum(1 << n for n, s in enumerate(states) if s.variable == v)
            for v in range(len(parts.node.variables))
        ]

    def begin(self) -> None:
        """Write the start of the scouting of the first row of key `slot`."""
        parts, writer = self.parts, self.parts.writer
        writer.lines(f"key_begun[slot] = {SCOUTING}", "key_scout[slot] = 1")
        writer.lines("key_at[slot] = -1", "key_best[slot] = -2", "key_thread[slot] = -1")
        parts.add_one("runs_started")
        parts.add_one("runs_live")

    def write(self) -> None:
        """Write the scouting of the rows from `r` on.

        Afterwards `stop` is 0 if the start waits for rows (`r` < 0) or its time is over (`r` >= 0), 1 if it has failed;
        where it may match the work on the key begins again with threads.
        """
        parts, writer = self.parts, self.parts.writer
        tries = parts.layout.register("tries")
        writer.lines("active = key_scout[slot]", "may_match = 0", "passed = key_at[slot]")
        test = "r >= 0 and active != 0 and may_match == 0"
        if parts.node.within_us is not None:
            writer.line(f"last_ts = row_ts[head] + {parts.node.within_us}")
            test += " and row_ts[r] <= last_ts"
        if parts.node.within_events is not None:
            test += f" and row_place[r] - row_place[head] < {parts.node.within_events}"
        if parts.node.gap_us is not None:
            test += f" and (passed < 0 or row_ts[r] - row_ts[passed] <= {parts.node.gap_us})"
        with writer.block(f"while {test}:"):
            writer.lines("flags = row_flags[r]", "reached = 0")
            with writer.block("while active != 0:"):
                writer.line("reached = reached | follow_mask[trailing_zeros(active)]")
                writer.lines("active = active & (active - 1)", f"{tries} = {tries} + 1")
            fits = " + ".join(
                f"((flags >> {v}) & 1) * {mask}" for v, mask in enumerate(self.by_variable) if mask
            )
            fits = fits or "0"
            if parts.program.waits:
                ended = self._ended()
                fits = f"({fits} + ({self.waiting} & ~({' | '.join(ended)})))"
            writer.line(f"active = reached & ({fits}) & ~row_tried[r]")
            writer.line("row_tried[r] = row_tried[r] | active")
            with writer.block(f"if active & {self.accepting} != 0:"):
                writer.line("may_match = 1")
            writer.lines("passed = r", "r = row_next[r]")
        with writer.block("if may_match == 1:"):
            self._to_threads()
        writer.lines("key_scout[slot] = active", "key_at[slot] = passed")
        with writer.block("if active == 0:"):
            writer.line("stop = 1")

    def _ended(self) -> list[str]:
        """Return the kernel text of the waiting states that the row ends, by variable: it fits or is guarded against."""
        found = []
        for number in range(len(self.by_variable)):
            mask = 0
            for place, state in enumerate(self.parts.program.states):
                for move in state.moves if self.waiting >> place & 1 else ():
                    target = self.parts.program.states[move.target].variable
                    mask |= (number in (target, *move.guards)) << place
            if mask:
                found.append(f"((flags >> {number}) & 1) * {mask}")
        return found

    def _to_threads(self) -> None:
        """Write the change from scout to threads, from the first row on."""
        parts, writer = self.parts, self.parts.writer
        call = parts.call("row_paths", "forget_tries", "row_next", "row_tried", 1, "head", "passed")
        writer.lines(call, f"key_begun[slot] = {TO_THREADS}", "continue")
