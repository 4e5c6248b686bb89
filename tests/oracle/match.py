"""MATCH (section 5, rulings 11-18) as runs over the list of events: a run is a list of bindings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate
from tests.oracle.match_scope import CandidateScope, MatchScope
from tests.oracle.operator import QueryOperator, Timer
from tests.oracle.pattern import PatternReader, Test
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]


@dataclass
class Run:
    """Bindings (event, step number) in order; the steps that a skipped event has closed."""

    key: tuple[Any, ...]
    bindings: list[tuple[Event, int]] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)

    @property
    def first(self) -> Event:
        """The first bound event."""
        return self.bindings[0][0]

    @property
    def last(self) -> Event:
        """The last bound event."""
        return self.bindings[-1][0]

    @property
    def step(self) -> int:
        """Number of the step the last bound event belongs to."""
        return self.bindings[-1][1]

    @property
    def count(self) -> int:
        """Number of events bound to that step."""
        return sum(number == self.step for _, number in self.bindings)


class Match(QueryOperator):
    """A rule over MATCH."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule, reads)
        assert isinstance(self.query.from_, ast.Match)
        clause = self.query.from_
        pattern = PatternReader(clause, catalog).result
        self.steps = pattern.steps
        self.absent, self.absent_for = pattern.absent, pattern.absent_for
        self.single = isinstance(clause.source, ast.TableName)
        self.within = None if clause.within is None else catalog.constant(clause.within)
        self.starts = clause.starts or "each"
        self.skip = clause.skip or ast.Skip("past_last")
        if self.skip.kind not in ("past_last", "to_next", "none"):
            raise UnsupportedError(self.skip.kind)
        self.tests = [s.test for s in self.steps]
        guards = [g for s in self.steps for g in s.guards]
        self.all_tests = [*self.tests, *guards, *self.absent]
        self.partition = [PartitionKey(p, self.all_tests) for p in clause.partition_by]
        self.runs: list[Run] = []
        self.seen: list[tuple[tuple[Any, ...], Event]] = []

    # ------------------------------------------------------------ one event

    def on_event(self, event: Event) -> list[Row]:
        key = tuple(p.of(event) for p in self.partition)
        if None in key:
            return []
        self.seen.append((key, event))
        completed = []
        for run in [r for r in self.runs if r.key == key]:
            if self._offer(run, event) and self._is_complete(run):
                self.runs.remove(run)
                completed.append(run)
        rows = self._finish(completed, event.t)
        if completed and self.skip.kind == "past_last":
            return rows
        return [*rows, *self._start(key, event)]

    def _offer(self, run: Run, event: Event) -> bool:
        """Offer an event to a run; whether the run took it. Runs that it kills are removed."""
        for number in self._moves(run):
            if self._fits(run, self.steps[number].test, event):
                run.bindings.append((event, number))
                run.closed = set()
                return True
        if self._dies(run, event):
            self.runs.remove(run)
        return False

    def _moves(self, run: Run) -> list[int]:
        """Return the steps that may take the next event, most preferred first."""
        step = self.steps[run.step]
        loop = [run.step] if step.high is None or run.count < step.high else []
        if run.count < step.low:
            return loop
        nexts = self._reachable(run.step + 1)
        moves = [*loop, *nexts] if step.possessive else [*nexts, *loop]
        return [m for m in moves if m not in run.closed]

    def _reachable(self, number: int) -> list[int]:
        """Return the steps that can come next from a step number on: optional ones, then what follows."""
        found = []
        for later in range(number, len(self.steps)):
            found.append(later)
            if self.steps[later].low > 0:
                break
        return found

    def _fits(self, run: Run, test: Test, event: Event) -> bool:
        if test.stream != event.stream:
            return False
        if self.within is not None and run.bindings and event.t - run.first.t > self.within:
            return False
        if test.condition is None:
            return True
        scope = CandidateScope(self, run.bindings, run.key, test, event)
        return evaluate(test.condition, scope) is True

    def _dies(self, run: Run, event: Event) -> bool:
        """Whether an event that the run did not take ends it."""
        step = self.steps[run.step]
        if run.count < step.low:
            return step.strict_loop
        if step.strict_loop:
            run.closed.add(run.step)
        nexts = self._reachable(run.step + 1)
        if nexts and self.steps[nexts[-1]].low > 0 and self._is_strict(run.step, nexts[-1]):
            return True
        run.closed.update(n for n in nexts if self._is_strict(run.step, n))
        if any(self._fits(run, g, event) for n in nexts for g in self.steps[n].guards):
            return True
        if self.absent_for is None or not self._at_end(run):
            return False
        after = run.last.t < event.t <= run.last.t + self.absent_for
        return after and any(self._fits(run, n, event) for n in self.absent)

    def _is_strict(self, before: int, after: int) -> bool:
        """Whether a step must follow another at once: all edges between them are strict."""
        return all(s.strict_edge for s in self.steps[before + 1 : after + 1])

    # ------------------------------------------------------------ start and end

    def _start(self, key: tuple[Any, ...], event: Event) -> list[Row]:
        live = [r for r in self.runs if r.key == key]
        if self.starts == "first" and live:
            return []
        run = Run(key)
        for number in self._reachable(0):
            if self._fits(run, self.steps[number].test, event):
                run.bindings.append((event, number))
                break
        else:
            return []
        if self.starts == "last":
            for old in live:
                if len(old.bindings) == 1:
                    self.runs.remove(old)
        if self._is_complete(run):
            return self._finish([run], event.t)
        self.runs.append(run)
        return []

    def _at_end(self, run: Run) -> bool:
        """Whether the run has satisfied its last step."""
        satisfied = run.count >= self.steps[run.step].low
        return satisfied and all(s.low == 0 for s in self.steps[run.step + 1 :])

    def _is_complete(self, run: Run) -> bool:
        return self.absent_for is None and self._at_end(run)

    def _finish(self, completed: list[Run], t: int) -> list[Row]:
        """Emit completed runs one by one, oldest start first, applying the skip after each."""
        rows: list[Row] = []
        waiting = sorted(completed, key=lambda r: r.first.position)
        while waiting:
            run = waiting.pop(0)
            rows += self._emit(run, t)
            self.runs = [r for r in self.runs if not self._skips(run, r)]
            waiting = [r for r in waiting if not self._skips(run, r)]
        return rows

    def _skips(self, done: Run, other: Run) -> bool:
        if done.key != other.key:
            return False
        match self.skip.kind:
            case "past_last":
                return other.first.position <= done.last.position
            case "to_next":
                return other.first.position == done.first.position
            case _:
                return False

    def _emit(self, run: Run, t: int) -> list[Row]:
        scope = MatchScope(self, run.bindings, run.key)
        where = self.query.where
        if where is not None and evaluate(where, scope) is not True:
            return []
        return self.rows(t, [scope])

    # ------------------------------------------------------------ deadlines

    def deadlines(self) -> list[Timer]:
        found = []
        for number, run in enumerate(self.runs):
            end = None if self.within is None else run.first.t + self.within
            if self.absent_for is not None and self._at_end(run):
                t = run.last.t + self.absent_for
                if end is None or t <= end:
                    act = self._absence(run, t)
                    found.append(Timer(t, (run.first.position, number), act))
                    continue
            if end is not None:
                found.append(Timer(end, (run.first.position, number), self._timeout(run)))
        return found

    def _absence(self, run: Run, t: int) -> Any:
        def act() -> list[Row]:
            self.runs.remove(run)
            return self._finish([run], t)

        return act

    def _timeout(self, run: Run) -> Any:
        def act() -> list[Row]:
            self.runs.remove(run)
            return []

        return act


class PartitionKey:
    """An item of PARTITION BY: one name for all streams, or equalities between variables."""

    def __init__(self, item: ast.PartitionItem, tests: list[Test]) -> None:
        self.columns: dict[str, str] = {}
        if isinstance(item.value, ast.Name):
            self.name = item.alias or item.value.name
            self.columns = {t.stream: item.value.name for t in tests}
            return
        streams = {t.variable: t.stream for t in tests}
        self.name = item.alias or ""
        for side in _sides(item.value):
            if not isinstance(side, ast.Member) or not isinstance(side.target, ast.Name):
                msg = "PARTITION BY"
                raise UnsupportedError(msg)
            self.columns[streams[side.target.name]] = side.name

    def of(self, event: Event) -> Any:
        """Return the key of an event."""
        return event.row[self.columns[event.stream]]


def _sides(value: ast.Expression) -> list[ast.Expression]:
    match value:
        case ast.Binary(operator="and", left=left, right=right):
            return [*_sides(left), *_sides(right)]
        case ast.Binary(operator="eq", left=left, right=right):
            return [left, right]
        case _:
            msg = "PARTITION BY"
            raise UnsupportedError(msg)
