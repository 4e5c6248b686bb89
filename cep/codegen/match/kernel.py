"""The kernel of a MATCH: one function that runs the automaton of the pattern over the merged input.

For each row: what is due before it (`timers`), the conditions that read no bindings, the slot of the key,
the scan over the runs of that key (`scan`), and the start of a new run (`runs`). Room in the pools is
tested before anything of a row is changed, so that the row can be handled again after a growth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import Layout
from cep.codegen.match.before import Before
from cep.codegen.match.candidate import Candidate
from cep.codegen.match.cohort import CohortWriter, find_cohort
from cep.codegen.match.emit import Emitter, hidden_columns
from cep.codegen.match.growth import Growth
from cep.codegen.match.keys import PartitionKeys
from cep.codegen.match.parts import (
    Parts,
    condition_of,
    gates_of,
    needed_leaves,
    sure_variables,
)
from cep.codegen.match.past import PastScope
from cep.codegen.match.runs import Runs
from cep.codegen.match.scan import Scan
from cep.codegen.match.scope import MatchScope
from cep.codegen.match.shared import SharedKernel
from cep.codegen.match.timers import Timers
from cep.codegen.writer import Writer
from cep.pattern.build import build
from cep.pattern.gates import leaves
from cep.plan.expressions import Aggregate, Bound
from cep.plan.sharing import shares_bindings

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.pattern.automaton import Automaton
    from cep.plan.nodes import Match


@dataclass(frozen=True, slots=True)
class MatchKernel:
    """The kernel of a MATCH, its automaton, and the names of its hidden output columns."""

    spec: KernelSpec
    automaton: Automaton
    hidden: tuple[str, ...]


def match_kernel(node: Match, name: str = "match") -> MatchKernel:
    """Return the kernel of a MATCH node; `name` is that of the rule."""
    automaton = build(node.pattern, awaits=node.timeouts, grows=node.grows, gap_us=node.gap_us)
    layout = Layout(f"match_{name}", n_inputs=len(node.inputs))
    writer = Writer()
    row = "row" if len(node.inputs) == 1 else "j"
    shares = automaton.forks and shares_bindings(node)
    scope = (PastScope if shares else MatchScope)(node, layout, writer, row)
    parts = Parts(node, automaton, layout, writer, scope, PartitionKeys(node, layout))
    used = {*automaton.steps, *automaton.guard_variables(), *automaton.until_variables()}
    parts.conditions = {
        variable.name: condition_of(variable, number)
        for number, variable in enumerate(node.variables)
        if variable.name in used
    }
    parts.sure = sure_variables(automaton, parts.conditions, ended=node.timeouts)
    _keep_what_is_read(parts)
    if isinstance(scope, PastScope):
        SharedKernel(parts, scope).write()
        return _finished(node, parts, automaton, name)
    alone = node.timeouts or node.grows or node.skip_to or scope.previous or parts.keeps_anchor
    alone = alone or automaton.before is not None
    special = automaton.forks or bool(automaton.until_variables())
    cohort = None if alone or special or node.observed else find_cohort(parts)
    if cohort is not None:
        parts.automaton = cohort.automaton
        parts.cohort = CohortWriter(parts, cohort)
    if not automaton.forks:
        parts.gates = gates_of(parts.automaton, parts.conditions, layout)
    _Kernel(parts).write()
    return _finished(node, parts, automaton, name)


def _finished(node: Match, parts: Parts, automaton: Automaton, name: str) -> MatchKernel:
    """Return the kernel whose body has been written."""
    spec = parts.layout.spec(parts.writer, doc=(f"MATCH of rule {name}.",))
    return MatchKernel(spec, automaton, tuple(column for column, _ in hidden_columns(node)))


def _keep_what_is_read(parts: Parts) -> None:
    """Add the cells of runs that conditions and measures read."""
    for condition in parts.conditions.values():
        for leaf in needed_leaves(condition):
            if isinstance(leaf, Bound | Aggregate):
                parts.scope.need(leaf)
    parts.decisive = tuple(array.name for array in parts.layout.arrays() if array.pool == "runs")
    for item in parts.node.measures:
        for leaf in leaves(item.value):
            if isinstance(leaf, Bound | Aggregate):
                parts.scope.need(leaf)


class _Kernel:
    """Writes the body of the kernel function."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.runs = Runs(parts)
        self.emitter = Emitter(parts)
        self.growth = Growth(parts, self.runs, self.emitter) if parts.node.grows else None
        self.runs.growth = self.growth
        self.scan = Scan(parts, self.runs, self.emitter)
        self.timers = Timers(parts, self.runs, self.emitter)
        before = parts.automaton.before
        self.before = Before(parts, self.runs) if before is not None else None
        self.candidate = Candidate(parts)
        self.due = parts.layout.register("due")

    def write(self) -> None:
        """Write the whole body."""
        parts = self.parts
        writer = parts.writer
        writer.lines("row = ctl[0]", "rows = ctl[1]", "status = 0", f"due = {self.due}")
        writer.lines("ts = 0", "slot = -1", "r = -1", "deadline = 0", "state = 0")
        notes = self.runs.notes
        if notes is not None:
            notes.begin()
        parts.keys.enter(writer)
        parts.scope.aggregates.distinct.enter(writer)
        if self.growth is not None:
            self.growth.flush()
        if self.before is not None:
            self.before.begin()
        with writer.block("while True:"):
            if notes is not None:
                notes.begin()
                notes.room()
            self.candidate.skip()
            writer.line("limit = ctl[2]")
            with writer.block("if row < rows:"):
                writer.line(f"limit = {parts.layout.merge('ts')}[row]")
            if self.before is not None:
                self.before.pass_time()
            self.timers.write()
            with writer.block("if status != 0 or row >= rows:"):
                writer.line("break")
            writer.line("ts = limit")
            if notes is not None:
                notes.at_row()
            self.candidate.write()
            self._event()
            writer.line("row = row + 1")
        self._leave()

    def _leave(self) -> None:
        """Write the end of the call: what outlives it, and the next instant something may be due."""
        writer = self.parts.writer
        writer.lines("ctl[0] = row", f"{self.due} = due", "ctl[4] = MAX_I64")
        with writer.block("if due < MAX_I64:"):
            writer.line("ctl[4] = due + 1")
        writer.line("return status")

    # ------------------------------------------------------------------ the event

    def _event(self) -> None:
        """Write what the event does to the runs of its key, and the start of a new run."""
        parts = self.parts
        writer = parts.writer
        # Measured on W4: which readings fit is hard to predict, whether their key has runs is not. So where
        # the lookup is one load it comes first (5.6 -> 2.8 ns an event).
        previous = parts.scope.previous
        if not parts.keys.by_code and not previous:
            self.candidate.pass_over()
        parts.keys.find(writer)
        if previous:
            with writer.block("if slot < 0:"):
                parts.keys.room(writer)
                parts.keys.add(writer)
                previous.clear(parts.scope)
        starters = dict.fromkeys(move.variable for move in parts.automaton.starts)
        flags = [f"{parts.conditions[name].flag} == 1" for name in starters]
        writer.line("may_start = 0")
        with writer.block(f"if {' or '.join(flags)}:"):
            writer.line("may_start = 1")
        also = ""
        if self.before is not None:
            self.before.allow()
            also = f" and not ({self.before.fits})"
        with writer.block(f"if slot < 0 and may_start == 0{also}:"):
            writer.lines("row = row + 1", "continue")
        if parts.keys.by_code and not previous:
            self.candidate.pass_over()
        self._room()
        if parts.numbers_events:
            parts.add_one("events_seen")
        writer.lines("completed = 0", "scan = 0")
        with writer.block("if slot >= 0:"):
            if parts.node.within_events is not None:
                writer.line("key_events[slot] = key_events[slot] + 1")
            self.scan.decide()
            with writer.block("if scan == 1:"):
                self.scan.write()
            if parts.cohort is not None:
                parts.cohort.count_event()
        self._starts()

    def _room(self) -> None:
        """Write the tests that the pools have room for all that one event can do."""
        parts = self.parts
        writer = parts.writer
        layout = parts.layout
        writer.line("most_matches = 1")
        counted = parts.node.within_events is not None
        all_end = parts.node.timeouts and counted
        if not parts.past_last or self.growth is not None or all_end:
            with writer.block("if slot >= 0:"):
                writer.line("most_matches = key_runs[slot] + 1")
        if self.growth is not None and counted:
            # A match may open or change with an event, and close behind it.
            writer.line("most_matches = 2 * most_matches")
        with writer.block(f"if ctl[3] + most_matches > {layout.capacity('out')}:"):
            writer.lines(f"status = {layout.full('out')}", "break")
        parts.scope.aggregates.room(writer)
        live = f"reg[{self.runs.at + 2}]"
        if self.runs.forks is not None:
            with writer.block("if slot >= 0:"):
                writer.line(f"most_runs = {live} + {self.runs.forks.most()} + may_start")
                with writer.block(f"if most_runs > {layout.capacity('runs')}:"):
                    writer.lines(f"status = {layout.full('runs')}", "break")
        with writer.block("if may_start == 1:"):
            with writer.block(f"if {live} >= {layout.capacity('runs')}:"):
                writer.lines(f"status = {layout.full('runs')}", "break")
            with writer.block("if slot < 0:"):
                parts.keys.room(writer)
        if self.before is not None:
            with writer.block(f"if slot < 0 and ({self.before.fits}):"):
                parts.keys.room(writer)

    def _starts(self) -> None:
        """Write the start of a run, which comes last in the processing of an event."""
        parts = self.parts
        writer = parts.writer
        tests = ["may_start == 1"]
        if parts.past_last:
            tests.append("completed == 0")
            if self.growth is not None:
                tests.append(self.growth.none_open())
        with writer.block(f"if {' and '.join(tests)}:"):
            if parts.node.starts == "first":
                writer.line("free = 1")
                with writer.block("if slot >= 0 and key_runs[slot] > 0:"):
                    writer.line("free = 0")
                with writer.block("if free == 1:"):
                    self._start_moves()
            else:
                self._start_moves()
        if parts.node.within_events is not None:
            with writer.block("if slot >= 0:"):
                self.timers.expire_by_count(parts.node.within_events)
        if self.before is not None:
            self.before.note()
        if parts.scope.previous:
            self._remember()
            return
        with writer.block("if slot >= 0:"):
            self.runs.release_key()

    def _remember(self) -> None:
        """Write that the event is the latest of its key."""
        parts = self.parts
        inputs = {number for number, _ in parts.scope.previous.arrays}
        for number in sorted(inputs):
            if len(parts.node.inputs) == 1:
                parts.scope.previous.shift(parts.scope, number)
                continue
            with parts.writer.block(f"if source == {number}:"):
                parts.scope.previous.shift(parts.scope, number)

    def _start_moves(self) -> None:
        parts = self.parts
        moves = parts.automaton.starts

        def attempt(place: int) -> None:
            self.scan.parts.scope.cells.empty = True
            self.scan.fits(
                moves[place].variable,
                lambda: self._start(place),
                lambda: attempt(place + 1),
                place + 1 < len(moves),
            )

        attempt(0)
        parts.scope.cells.empty = False

    def _start(self, place: int) -> None:
        """Write the start by one move: a slot for the key, then room by the cap, then the run."""
        parts = self.parts
        writer = parts.writer
        parts.scope.cells.empty = False
        move = parts.automaton.starts[place]
        with writer.block("if slot < 0:"):
            parts.keys.add(writer)
            if parts.node.within_events is not None:
                writer.line("key_events[slot] = 1")
        if parts.node.starts == "last":
            writer.line("r = key_ends[2 * slot + 1]")
            with writer.block("if r >= 0:"), writer.block("if run_bound[r] == 1:"):
                self.runs.remove("runs_killed_start")
        accepting = parts.automaton.states[move.target].accepting
        if parts.node.max_runs is not None and not accepting:
            with writer.block(f"if key_runs[slot] >= {parts.node.max_runs}:"):
                writer.line("r = key_ends[2 * slot]")
                self.runs.remove("runs_dropped")
        self.runs.start(move, self.emitter)
