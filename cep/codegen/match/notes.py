"""Part of the kernel of a MATCH that is observed (`cep why`): a note of all that happens to runs.

A note is a cell in each array of the pool "notes"; the host takes the notes away after every call. Kernels of rules that
are not observed have none of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.graph.kernel import NOTE_ARRAYS, RUN_ENDS, NoteKind

if TYPE_CHECKING:
    from cep.codegen.match.parts import Parts

MATCHED = list(RUN_ENDS).index("runs_matched")


class Notes:
    """Writes notes: kind, run, what (see `NoteKind`), state of the run, row of the merged input, instant."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        layout = parts.layout
        self.capacity = layout.pool("notes", 1024)
        self.count = layout.register("notes")
        self.numbers = {variable.name: n for n, variable in enumerate(parts.node.variables)}
        for name in NOTE_ARRAYS:
            layout.state(name, "i64", "notes")

    def begin(self) -> None:
        """Write that what happens now happens at the end of input, or at a deadline."""
        self.parts.writer.line("noted_row = -1")

    def at_row(self) -> None:
        """Write that what happens now happens at the row at hand."""
        self.parts.writer.line("noted_row = row")

    def room(self) -> None:
        """Write the test that all which one row or deadline can do has room; it leaves the loop."""
        live = self.parts.register("runs_live")
        with self.parts.writer.block(f"if {self.count} + 4 * {live} + 8 > {self.capacity}:"):
            self.parts.writer.lines(f"status = {self.parts.layout.full('notes')}", "break")

    def started(self, variable: str) -> None:
        """Write that run `r` has started with an event of a variable."""
        self._note(NoteKind.START, "r", str(self.numbers[variable]))

    def took(self, variable: str) -> None:
        """Write that run `r` takes an event as one of a variable."""
        self._note(NoteKind.TAKE, "r", str(self.numbers[variable]))

    def forked(self) -> None:
        """Write that run `other` is a copy of run `r`."""
        self._note(NoteKind.FORK, "other", "r")

    def ended(self, reason: str, winner: str = "") -> None:
        """Write the end of run `r` for a reason, a register of RUN_ENDS; winner: local of the run that has matched instead."""
        what = str(list(RUN_ENDS).index(reason)) if reason else "-1"
        if winner:
            what = f"({MATCHED} if r == {winner} else {what})"
        self._note(NoteKind.END, "r", what)

    def because(self, reason: str) -> None:
        """Write the reason into the last note, which was made without."""
        number = list(RUN_ENDS).index(reason)
        self.parts.writer.line(f"note_what[{self.count} - 1] = {number}")

    def _note(self, kind: NoteKind, run: str, what: str) -> None:
        ts = "(ts if noted_row >= 0 else due)"
        values = (str(int(kind)), run, what, f"run_state[{run}]", "noted_row", ts)
        for name, value in zip(NOTE_ARRAYS, values, strict=True):
            self.parts.writer.line(f"{name}[{self.count}] = {value}")
        self.parts.writer.line(f"{self.count} = {self.count} + 1")
