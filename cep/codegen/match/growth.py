"""Part of the kernel of a MATCH: matches that are complete and grow (EMIT CHANGES, ON CLOSE; ruling 17).

Cells of a run: `run_opened` the instant it was complete (NULL before), `run_match` the number of the match; with
EVERY also `run_tick`, the instant of its next update, in a heap of the runs that have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.graph.kernel import CAUSE_DEADLINE, CAUSE_FLUSH, FLUSH

if TYPE_CHECKING:
    from cep.codegen.match.emit import Emitter
    from cep.codegen.match.parts import Parts
    from cep.codegen.match.runs import Runs

OPEN = "run_opened[r] != NULL_I64"


class Growth:
    """Writes the opening, change and closing of matches."""

    def __init__(self, parts: Parts, runs: Runs, emitter: Emitter) -> None:
        self.parts = parts
        self.runs = runs
        self.emitter = emitter
        self.changes = parts.node.emit == "changes"
        layout = parts.layout
        layout.register("flushing")
        layout.register("matches")
        layout.state("run_opened", "i64", "runs")
        layout.state("run_match", "i64", "runs")
        self.ticks = -1
        if parts.node.every_us is not None:
            self.ticks = layout.register_number("updates_due")
            layout.state("run_tick", "i64", "runs")
            layout.state("ticks", "i32", "runs")
            layout.state("run_tick_place", "i32", "runs", fill=-1)

    def start(self) -> None:
        """Write the cells of run `r`, which has just started."""
        writer = self.parts.writer
        writer.lines("run_opened[r] = NULL_I64", "run_match[r] = 0")
        if self.ticks >= 0:
            writer.line("run_tick_place[r] = -1")

    def forget(self) -> None:
        """Write the dropping of the pending update of run `r`, which is being removed."""
        if self.ticks >= 0:
            self.parts.writer.line(self.parts.call("timers", "clear_timer", *self._heap(), "r"))

    def _heap(self) -> tuple[str | int, ...]:
        return "reg", self.ticks, "ticks", "run_tick_place", "run_tick", "run_number"

    def none_open(self) -> str:
        """Return the condition that no run of key `slot`, if there is one, is open."""
        states = [n for n, state in self.parts.waiting() if state.open]
        count = " + ".join(self.parts.in_state(n) for n in states)
        return f"(slot < 0 or {count} == 0)"

    def open(self, ts: str, cause: str) -> None:
        """Write that run `r`, just entered into an open state, is complete."""
        writer = self.parts.writer
        self.parts.add_one("matches")
        writer.lines(f"run_opened[r] = {ts}", f"run_match[r] = {self.parts.register('matches')}")
        if self.changes:
            self.emitter.emit(ts, cause, "run_last_ts[r]", state="opened")

    def change(self) -> None:
        """Write that open run `r` took the candidate: an update, now or at the next tick."""
        parts = self.parts
        every = parts.node.every_us
        if not self.changes:
            return
        if every is None:
            self.emitter.emit("ts", "row", "ts", state="updated")
            return
        writer = parts.writer
        with writer.block("if run_tick_place[r] < 0:"):
            writer.line(f"ticks_passed = (ts - run_opened[r] + {every - 1}) // {every}")
            with writer.block("if ticks_passed < 1:"):
                writer.line("ticks_passed = 1")
            # Beyond the last instant there is no tick; the end of input closes the match before.
            writer.line("deadline = MAX_I64 - 1")
            with writer.block(
                f"if ticks_passed <= (MAX_I64 - 1 - max(run_opened[r], 0)) // {every}:"
            ):
                writer.line(f"deadline = run_opened[r] + ticks_passed * {every}")
            writer.line(parts.call("timers", "set_timer", *self._heap(), "r", "deadline"))
            with writer.block("if deadline < due:"):
                writer.line("due = deadline")

    def tick(self) -> None:
        """Write the pending update of run `r`, which is due at `due`."""
        self.forget()
        self.emitter.emit("due", str(CAUSE_DEADLINE), "run_last_ts[r]", state="updated")

    def close(self, ts: str, cause: int | str, reason: str) -> None:
        """Write the closing of open run `r`."""
        self.emitter.emit(ts, str(cause), "run_last_ts[r]", state="closed", reason=reason)
        self.runs.remove("runs_matched")

    def remove_others(self) -> None:
        """Write the skip PAST LAST at an event: all other runs of the key of open run `r` end; `r` stays."""
        writer = self.parts.writer
        writer.lines("opened = r", "r = key_ends[2 * slot]")
        with writer.block("while r >= 0:"):
            writer.line("next_run = run_links[2 * r + 1]")
            with writer.block("if r != opened:"):
                self.runs.remove("runs_killed_skip")
            writer.line("r = next_run")
        writer.line("r = opened")

    def remove_earlier(self) -> None:
        """Write the skip PAST LAST at a deadline: runs that started up to the last event of open run `r` end."""
        writer = self.parts.writer
        writer.lines("opened = r", "last_event = run_last_event[r]", "r = key_ends[2 * slot]")
        with writer.block("while r >= 0 and run_first_event[r] <= last_event:"):
            writer.line("next_run = run_links[2 * r + 1]")
            with writer.block("if r != opened:"):
                self.runs.remove("runs_killed_skip")
            writer.line("r = next_run")
        writer.line("r = opened")

    def flush(self) -> None:
        """Write the closing of all open matches in the last call at end of input, oldest start first."""
        parts = self.parts
        writer = parts.writer
        with writer.block(f"if ctl[{FLUSH}] == 1:"):
            if self.runs.notes is not None:
                writer.line("due = ctl[2]")
            writer.line(f"r = reg[{self.runs.oldest}]")
            with writer.block("while r >= 0:"):
                writer.line("following = run_ages[2 * r + 1]")
                with writer.block(f"if {OPEN}:"):
                    with writer.block(f"if ctl[3] >= {parts.layout.capacity('out')}:"):
                        writer.line(f"return {parts.layout.full('out')}")
                    writer.line("slot = run_key[r]")
                    self.close("ctl[2]", CAUSE_FLUSH, "end")
                    self.runs.release_key()
                writer.line("r = following")
            writer.line("return 0")
