"""Part of the kernel of a MATCH_RECOGNIZE: a start is decided, its match written, the next start found.

A start is decided when no thread is left that is preferred to the best match: threads have ended, or WITHIN or the
input has. Rows before the next start are given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.codegen.recognize.emit import Emitter
    from cep.codegen.recognize.parts import Parts


class Decide:
    """Writes what happens when the start of key `slot`, row `head`, is decided."""

    def __init__(self, parts: Parts, emitter: Emitter) -> None:
        self.parts = parts
        self.emitter = emitter
        layout = parts.layout
        for name in ("started", "matched", "expired", "killed", "dropped", "live"):
            layout.register(f"runs_{name}")
        if self._by_variable:
            layout.register("skips_unbound")
        if self.emitter.parts.node.rows == "all_unmatched":
            layout.state("row_matched", "i8", "rows")

    @property
    def _by_variable(self) -> bool:
        return self.parts.node.skip.kind in ("to_first", "to_last")

    @property
    def _unmatched(self) -> bool:
        return self.parts.node.rows == "all_unmatched"

    def write(self) -> None:
        """Write the decision; it leaves the loop, with nothing touched, if rows of output have no room.

        Locals: `head`, `stop` (2: threads may be left that WITHIN or GAP has ended, 3: that the input has).
        """
        parts, writer = self.parts, self.parts.writer
        writer.line("best = key_best[slot]")
        with writer.block("if best != -2:"):
            self.emitter.room()
        if self._unmatched:
            self._room_for_unmatched()
        self._drop_threads()
        parts.take_one("runs_live")
        writer.line("next_start = row_next[head]")
        with writer.block("if best == -2:"):
            self._failed()
        with writer.block("else:"):
            self._matched()
        self._give_back()
        writer.lines("key_begun[slot] = 0", "cut = 0")

    def _room_for_unmatched(self) -> None:
        """Write the test that the rows up to the last one tried have room, besides those of the match."""
        writer = self.parts.writer
        writer.line("needed = 1")
        with writer.block("if best != -2:"):
            length = self.parts.call("row_paths", "path_length", "node_parent", "best")
            writer.line(f"needed = 2 + {length}")
        writer.line("at = head")
        with writer.block("while at >= 0 and at != key_at[slot]:"):
            writer.lines("needed = needed + 1", "at = row_next[at]")
        self.emitter.room_for("needed")

    def _drop_threads(self) -> None:
        writer = self.parts.writer
        writer.line("old = key_thread[slot]")
        with writer.block("while old >= 0:"):
            writer.line("after = thread_next[old]")
            self.parts.drop_thread("old")
            writer.line("old = after")
        writer.line("key_thread[slot] = -1")

    def _failed(self) -> None:
        parts, writer = self.parts, self.parts.writer
        if parts.limited:
            with writer.block("if stop == 2:"):
                parts.add_one("runs_expired")
                self._forget("head", "key_at[slot]")
            with writer.block("else:"):
                parts.add_one("runs_killed")
        else:
            parts.add_one("runs_killed")

    def _forget(self, first: str, last: str) -> None:
        """Write the clearing of the marks of rows: what was tried there may lead to a match from another start."""
        parts = self.parts
        if not parts.marks:
            parts.writer.line("pass")
            return
        call = parts.call(
            "row_paths", "forget_tries", "row_next", "row_tried", parts.tried_words, first, last
        )
        parts.writer.line(call)

    def _matched(self) -> None:
        parts, writer = self.parts, self.parts.writer
        parts.add_one("runs_matched")
        writer.line("last_row = head")
        with writer.block("if best >= 0:"):
            writer.line("last_row = node_row[best]")
        self.emitter.match()
        if self._unmatched:
            self._mark_matched()
        if parts.limited and not parts.captures:
            with writer.block("if stop == 2:"):
                self._forget("head", "key_at[slot]")
        if parts.node.skip.kind != "past_last" and not parts.captures:
            self._forget("head", "last_row")
        self._skip()
        writer.line(parts.release_path("best"))
        writer.line("key_best[slot] = -2")

    def _mark_matched(self) -> None:
        writer = self.parts.writer
        writer.line("row_matched[head] = 1")
        writer.line("step = start")
        with writer.block("while step >= 0:"):
            writer.lines("row_matched[node_row[step]] = 1", "step = node_next[step]")

    def _skip(self) -> None:
        """Write `next_start`: the row at which the next match may start, -1 if it has not come yet."""
        parts, writer = self.parts, self.parts.writer
        if parts.node.skip.kind == "to_next":
            return
        if parts.node.skip.kind == "past_last":
            writer.line("next_start = row_next[last_row]")
            return
        first = parts.node.skip.kind == "to_first"
        members = parts.node.members(parts.node.skip.variable)
        numbers = [n for n, v in enumerate(parts.node.variables) if v.name in members]
        test = " or ".join(f"variable == {n}" for n in numbers)
        writer.lines("skip_row = -1", "step = start")
        with writer.block("while step >= 0:"):
            writer.line("variable = state_variable[node_state[step]]")
            more = "skip_row < 0 and " if first else ""
            with writer.block(f"if {more}({test}):"):
                writer.line("skip_row = node_row[step]")
            writer.line("step = node_next[step]")
        with writer.block("if skip_row < 0:"):
            writer.line("next_start = row_next[last_row]")
            parts.add_one("skips_unbound")
        with writer.block("elif skip_row != head:"):
            writer.line("next_start = skip_row")

    def _give_back(self) -> None:
        """Write the giving back of the rows before the next start, and their rows of output if no match has them."""
        parts, writer = self.parts, self.parts.writer
        writer.line("gone = head")
        with writer.block("while gone >= 0 and gone != next_start:"):
            writer.line("after = row_next[gone]")
            if self._unmatched:
                with writer.block("if row_matched[gone] == 0:"):
                    self.emitter.unmatched("gone")
            free = parts.call("slots", "free_slot", "reg", parts.rows.at, "rows_chain", "gone")
            writer.lines(free, "gone = after")
        writer.line("key_head[slot] = next_start")
        with writer.block("if next_start < 0:"):
            writer.line("key_tail[slot] = -1")
