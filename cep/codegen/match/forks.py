"""Part of the kernel of a MATCH: forks, of runs that take an event over `->>` or in a COMBINE loop and also stay.

The run that takes the event goes on as it is; a copy of its cells stays where it was, directly behind it in every list
(ruling 14: the fork that took the event comes first). So the runs of one start are neighbours; they share `run_number`.

*Bound.* A run is a constant number of cells, not a list of its events. Over n events of a start within WITHIN, f edges
`->>` make O(n^f) runs, each of them a match of its own under SKIP NONE; where no condition reads a binding there are no such
runs, but a kernel of its own (`cep.codegen.match.shared`). Under PAST LAST and TO NEXT only the first
completion of a start is emitted, so of two runs of a start that stand in equal configurations (state, counters, what the
conditions read of the bindings) the later one can never be seen: it is dropped at once (where a gap is counted, configurations have its beginning). So a start keeps at most one run
a configuration: O(states) runs if no condition reads a binding, whatever the number of events and also for COMBINE without a
limit. *Source:* configurations of runs that share a future are one, J. Agrawal, Y. Diao, D. Gyllstrom, N. Immerman,
Efficient pattern matching over event streams, SIGMOD 2008 (merging equivalent runs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.graph.kernel import Role
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.match.parts import Parts
    from cep.codegen.match.runs import Runs
    from cep.pattern.automaton import Move, State

_LINKED = frozenset({"run_chain", "run_links", "run_ages", "run_queue"})
FAMILY = "run_number[{}] == run_number[r]"


class Forks:
    """Writes the splitting of a run and the dropping of runs that are like another one."""

    def __init__(self, parts: Parts, runs: Runs) -> None:
        self.parts = parts
        self.runs = runs
        self.merges = parts.node.skip in ("past_last", "to_next")

    def split(self, source: int) -> None:
        """Write the copy of run `r`, which is about to take the event: `other` stays in state `source`."""
        parts = self.parts
        writer = parts.writer
        writer.line("other = " + parts.call("slots", "take_slot", "reg", self.runs.at, "run_chain"))
        parts.add_one("runs_started")
        for array in parts.layout.arrays():
            if array.role is not Role.STATE or array.pool != "runs" or array.name in _LINKED:
                continue
            for cell in range(array.width):
                at = "{}" if array.width == 1 else f"{array.width} * {{}} + {cell}"
                target, origin = at.format("other"), at.format("r")
                writer.line(f"{array.name}[{target}] = {array.name}[{origin}]")
        self._link("key_ends", "2 * slot", "run_links")
        if parts.keeps_ages:
            self._link("reg", self.runs.oldest, "run_ages")
        clock = parts.clock_of(source)
        if clock is not None:
            self._link("reg", self.runs.queues[clock], "run_queue")
        counter = parts.in_state(source)
        writer.line(f"{counter} = {counter} + 1")
        writer.line("key_runs[slot] = key_runs[slot] + 1")
        if self.runs.notes is not None:
            self.runs.notes.forked()

    def _link(self, ends: str, at: str | int, links: str) -> None:
        parts = self.parts
        parts.writer.line(parts.call("runs", "insert_run", ends, at, links, "other", "r"))

    def most(self) -> str:
        """Return the kernel text of the most copies that the event can make of runs of key `slot`."""
        parts = self.parts
        terms = []
        for number, state in parts.waiting():
            names = dict.fromkeys(move.variable for move in state.moves if move.fork)
            if names:
                flags = " or ".join(f"{parts.conditions[name].flag} == 1" for name in names)
                terms.append(f"({parts.in_state(number)} if {flags} else 0)")
        return " + ".join(terms)

    def drop_equal(self) -> None:
        """Write the dropping of run `r` if an earlier run of its start stands in an equal configuration."""
        if not self.merges:
            return
        writer = self.parts.writer
        same = self._same()
        with writer.block("if moved == 1:"):
            writer.line("earlier = run_links[2 * r]")
            with writer.block(f"while earlier >= 0 and {FAMILY.format('earlier')}:"):
                with writer.block(f"if {' and '.join(same)}:"):
                    self.runs.remove("runs_killed_skip")
                    writer.line("break")
                writer.line("earlier = run_links[2 * earlier]")

    def _same(self) -> list[str]:
        """Return the tests that runs `r` and `earlier` go on alike."""
        parts = self.parts
        automaton = parts.automaton
        names = ["run_state"]
        names += [f"run_count{number or ''}" for number in range(automaton.counters)]
        names += ["run_missing"] if automaton.filled else []
        names += ["run_deadline"] if parts.has_absence else []
        tests = [f"{name}[r] == {name}[earlier]" for name in names]
        if parts.keeps_anchor:
            timed = " or ".join(f"run_state[r] == {number}" for number in self._timed())
            tests.append(f"(run_anchor[r] == run_anchor[earlier] or not ({timed}))")
        if parts.node.starts == "last":
            tests.append("(run_bound[r] == 1) == (run_bound[earlier] == 1)")
        dtypes = {array.name: array.dtype for array in parts.layout.arrays()}
        for name in parts.decisive:
            test = f"{name}[r] == {name}[earlier]"
            if dtypes[name] == Type.DOUBLE.kernel_dtype:
                test = (
                    f"({test} or ({name}[r] != {name}[r] and {name}[earlier] != {name}[earlier]))"
                )
            tests.append(test)
        return tests

    def _timed(self) -> list[int]:
        """Return the states in which, or in what they become without an event, it counts when the last event was bound."""
        states = self.parts.automaton.states
        timed = {n for n, s in enumerate(states) if any(_is_timed(move) for move in s.moves)}
        timed |= {n for n, s in enumerate(states) if s.limit_us is not None}
        while more := {n for n, s in enumerate(states) if _later(s) & timed} - timed:
            timed |= more
        return sorted(timed)

    def first_due(self, waits: str) -> None:
        """Write the change of run `r`, whose absence ends at `due`, to the first such run of its start.

        waits: the test that run `earlier` waits for an absence. Those of one instant are in the queue in the order of events.
        """
        writer = self.parts.writer
        writer.line("earlier = run_links[2 * r]")
        with writer.block(f"while earlier >= 0 and {FAMILY.format('earlier')}:"):
            with writer.block(f"if run_deadline[earlier] == due and ({waits}):"):
                writer.line("r = earlier")
            writer.line("earlier = run_links[2 * earlier]")

    def remove_family(self) -> None:
        """Write the end of matched run `r` and the skip TO NEXT: all runs of its start end; `next_run` is behind them."""
        writer = self.parts.writer
        writer.line("family = run_number[r]")
        self.runs.remove("runs_matched")
        writer.lines("behind = run_links[2 * r + 1]", "r = run_links[2 * r]")
        with writer.block("while r >= 0 and run_number[r] == family:"):
            writer.line("earlier = run_links[2 * r]")
            self.runs.remove("runs_killed_skip")
            writer.line("r = earlier")
        writer.line("r = behind")
        with writer.block("while r >= 0 and run_number[r] == family:"):
            writer.line("behind = run_links[2 * r + 1]")
            self.runs.remove("runs_killed_skip")
            writer.line("r = behind")
        writer.lines("next_run = behind", "other = -1")


def _is_timed(move: Move) -> bool:
    return bool(move.low_us) or move.high_us is not None


def _later(state: State) -> set[int]:
    """Return the states that one becomes without binding an event, the end of an absence apart."""
    return {state.skipped, *(move.target for move in state.moves if move.kind == "until")}
