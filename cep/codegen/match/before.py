"""Part of the kernel of a MATCH: `NOT n FOR d -> a`, an absence before the first event (ruling 12).

A key keeps the instant until which its last n forbids a start. Keys that are forbidden stand in a queue in the
order of those instants; a key that leaves it and has no runs is given back, so memory follows the last d.

Arrays (pool "keys"): `key_forbidden` 0 or 1, `key_until`, `key_until_links`. Registers: `forbidden_first`,
`forbidden_last`, and `has_begun`, `began`: the first instant the kernel has seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.codegen.match.parts import Parts
    from cep.codegen.match.runs import Runs


class Before:
    """Writes what an absence before the first event asks of keys."""

    def __init__(self, parts: Parts, runs: Runs) -> None:
        self.parts = parts
        self.runs = runs
        layout = parts.layout
        absence = parts.automaton.before
        if absence is None:
            msg = "a pattern without an absence before its first event"
            raise AssertionError(msg)
        self.length = absence.for_us
        self.fits = " or ".join(f"{parts.conditions[n].flag} == 1" for n in absence.variables)
        self.queue = layout.register_number("forbidden_first", -1)
        layout.register("forbidden_last", -1)
        self.has_begun = layout.register("has_begun")
        self.began = layout.register("began")
        layout.state("key_forbidden", "i64", "keys")
        layout.state("key_until", "i64", "keys")
        layout.state("key_until_links", "i64", "keys", width=2, fill=-1)

    def begin(self) -> None:
        """Write the noting of the first instant."""
        writer = self.parts.writer
        with writer.block(f"if row < rows and {self.has_begun} == 0:"):
            ts = f"{self.parts.layout.merge('ts')}[row]"
            writer.lines(f"{self.has_begun} = 1", f"{self.began} = {ts}")

    def pass_time(self) -> None:
        """Write the end of what forbids starts before `limit`; keys without runs are given back."""
        writer = self.parts.writer
        head = f"reg[{self.queue}]"
        with writer.block(f"while {head} >= 0 and key_until[{head}] < limit:"):
            writer.line(f"slot = {head}")
            self._leave()
            self.runs.release_key()

    def _leave(self) -> None:
        parts = self.parts
        call = parts.call("runs", "remove_run", "reg", self.queue, "key_until_links", "slot")
        parts.writer.lines(call, "key_forbidden[slot] = 0")

    def allow(self) -> None:
        """Write `may_start = 0` for an event before which n may have been."""
        writer = self.parts.writer
        earliest = self.parts.call("deadlines", "deadline_after", self.began, self.length)
        with writer.block(f"if ts < {earliest}:"):
            writer.line("may_start = 0")
        with writer.block("if slot >= 0 and may_start == 1:"):
            writer.line("may_start = 1 - key_forbidden[slot]")

    def note(self) -> None:
        """Write that an event that fits n forbids starts of its key from now on."""
        parts = self.parts
        writer = parts.writer
        with writer.block(f"if {self.fits}:"):
            with writer.block("if slot < 0:"):
                parts.keys.add(writer)
            with writer.block("if key_forbidden[slot] == 1:"):
                self._leave()
            writer.line("key_forbidden[slot] = 1")
            writer.line(
                f"deadline = {parts.call('deadlines', 'deadline_after', 'ts', self.length)}"
            )
            arrays = ("key_until_links", "key_until", "key_forbidden")
            writer.line(
                parts.call("deadlines", "arm", "reg", self.queue, *arrays, "slot", "deadline")
            )
