"""MATCH (section 5, rulings 11-18) as runs over the list of events: a run is a list of bindings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate
from tests.oracle.inputs import Input
from tests.oracle.match_scope import CandidateScope, Growth, MatchScope
from tests.oracle.moves import Ahead, Move, Place, ahead, awaited, entries, links_of
from tests.oracle.operator import QueryOperator, Timer
from tests.oracle.partition import PartitionKey
from tests.oracle.tree import Test, TreeReader, Wait

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(eq=False)
class Run:
    """Bindings (event, variable) in order, and the place in the pattern they lead to.

    `anchor` is the time a gap counts from; `skipped`: an event was not taken since the last binding; `left`: an
    UNTIL ended its loop since then.
    `opened` is the time a growing match became one; `changed`: an update is due at the next tick.
    """

    key: Key
    bindings: list[tuple[Event, str]]
    place: Place
    anchor: int
    skipped: int | None = None
    left: int | None = None
    opened: int | None = None
    number: int = 0
    changed: bool = False

    @property
    def first(self) -> Event:
        """The first bound event."""
        return self.bindings[0][0]

    @property
    def last(self) -> Event:
        """The last bound event."""
        return self.bindings[-1][0]


class Match(QueryOperator):
    """A rule over MATCH."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule, reads)
        assert isinstance(self.query.from_, ast.Match)
        clause = self.query.from_
        self.input = Input(clause.source, catalog)
        tree = TreeReader(clause, self.input.name, catalog.constant)
        self.root, self.tests = tree.root, tree.positive
        self.all_tests = [*tree.positive, *tree.negated]
        self.alias = clause.alias
        self.single = clause.source is not None
        self.within = self._duration(clause.within)
        self.within_events, self.gap = clause.within_events, self._duration(clause.gap)
        self.starts = clause.starts or "each"
        self.skip = clause.skip or ast.Skip("past_last")
        self.subsets = {s.name: {*s.variables} for s in clause.subsets}
        self.partition = [PartitionKey(p, self.all_tests) for p in clause.partition_by]
        self.groups_nulls = any(
            a.name == "null_key" and ast.Name("group") in a.args for a in rule.annotations
        )
        caps = [a.args[0] for a in rule.annotations if a.name == "max_runs"]
        self.max_runs = catalog.constant(caps[0]) if caps else None
        emits = [c for c in self.query.output if isinstance(c, ast.Emit)]
        self.emits = emits[0].mode if emits else "on_match"
        self.every = self._duration(emits[0].every) if emits else None
        self.grows = self.emits in ("changes", "on_close")
        self.by_all_events = any(m.fork for m in links_of(self.root))
        self.runs: list[Run] = []
        self.seen: list[tuple[Key, Event]] = []
        self.began: int | None = None
        self.number = 0

    def _duration(self, value: ast.Expression | None) -> int | None:
        return None if value is None else self.catalog.constant(value)

    def columns_of(self, stream: str) -> list[str]:
        """Return the columns of a stream of the pattern."""
        return self.input.columns if stream == self.input.name else self.catalog.columns(stream)

    # ------------------------------------------------------------ one event

    def sees(self, t: int) -> None:
        """The first instant of the rule (ruling 12)."""
        self.began = t if self.began is None else self.began

    def on_event(self, event: Event) -> list[Row]:
        taken = self.input.take(event)
        if taken is None or taken.stream not in {t.stream for t in self.all_tests}:
            return []
        return self._on_event(taken)

    def _on_event(self, event: Event) -> list[Row]:
        key = tuple(p.of(event) for p in self.partition)
        if None in key and not self.groups_nulls:
            return []
        self.seen.append((key, event))
        rows: list[Row] = []
        completed: list[Run] = []
        grown: list[tuple[int, list[Row]]] = []
        for run in [r for r in self.runs if r.key == key]:
            if run.opened is not None:
                grown.append((len(completed), self._grow(run, event)))
                continue
            completed += [r for r in self._offer(run, event) if self._is_complete(r)]
        found = bool(completed)
        # Rows of open matches stand between those of runs by the order of their starts.
        for number, run in enumerate(completed):
            rows += [row for place, made in grown if place == number for row in made]
            rows += self._finish([run], event.t) if run in self.runs else []
        rows += [row for place, made in grown if place == len(completed) for row in made]
        if not (found and self.skip.kind == "past_last"):
            rows += self._start(key, event)
        return [*rows, *self._end_by_count(key, event)]

    def _offer(self, run: Run, event: Event) -> list[Run]:
        """Offer an event to a run; return what took it. Runs that it kills are removed."""
        found = self._move_for(run, event)
        if found is None or found.test.until:
            if found is not None:
                run.place, run.left = found.place, event.t
            if (found is not None and found.is_fatal) or self._dies(run, event):
                self.runs.remove(run)
            elif run.skipped is None:
                run.skipped = event.t
            return []
        taken = replace(
            run,
            bindings=[*run.bindings, (event, found.test.variable)],
            place=found.place,
            anchor=event.t,
            skipped=None,
            left=None,
        )
        at = self.runs.index(run)
        self.runs[at : at + 1] = [taken]
        if found.link.fork:
            rest = replace(run, skipped=event.t if run.skipped is None else run.skipped)
            if not self._dies(run, event):
                self.runs.insert(at + 1, rest)
        return [taken]

    def _ahead(self, run: Run) -> Ahead:
        """Return what lies ahead; strict moves are over once an event was not taken."""
        found = ahead(self.root, run.place)
        if run.skipped is None:
            return found
        return replace(
            found,
            steps=[m for m in found.steps if not m.is_strict],
            loops=[m for m in found.loops if m.test.until or not m.is_strict],
        )

    def _move_for(self, run: Run, event: Event) -> Move | None:
        """Return the first move that takes an event."""
        return next((m for m in self._ahead(run).moves() if self._takes(run, m, event)), None)

    def _takes(self, run: Run, move: Move, event: Event) -> bool:
        if move.test.until:
            return self._fits(run.bindings, run.key, move.test, event)
        low, high = move.link.low, move.link.high
        passed = event.t - run.anchor
        if (low is not None and passed < low) or (high is not None and passed > high):
            return False
        if self.within is not None and event.t - run.first.t > self.within:
            return False
        if self.gap is not None and event.t - run.last.t > self.gap:
            return False
        return self._fits(run.bindings, run.key, move.test, event)

    def _fits(self, bindings: list[tuple[Event, str]], key: Key, test: Test, event: Event) -> bool:
        """Whether an event is of a test's stream and its condition is TRUE."""
        if test.stream != event.stream:
            return False
        if test.condition is None:
            return True
        return evaluate(test.condition, CandidateScope(self, bindings, key, test, event)) is True

    def _dies(self, run: Run, event: Event) -> bool:
        """Whether an event that the run did not take ends it: strictness, guards, absences."""
        found = ahead(self.root, run.place)
        if found.kills:
            return True
        guards = list(found.guards)
        if found.wait is not None and event.t > run.anchor:
            guards += found.wait[0].tests
        return any(self._fits(run.bindings, run.key, g, event) for g in guards)

    def _is_complete(self, run: Run) -> bool:
        return ahead(self.root, run.place).done

    # ------------------------------------------------------------ start

    def _start(self, key: Key, event: Event) -> list[Row]:
        live = [r for r in self.runs if r.key == key]
        if self.starts == "first" and live:
            return []
        if self.skip.kind == "past_last" and any(r.opened is not None for r in live):
            return []
        for move in entries(self.root):
            absent = all(self._was_absent(key, w, event) for w in move.before)
            if absent and self._fits([], key, move.test, event):
                break
        else:
            return []
        run = Run(key, [(event, move.test.variable)], move.place, event.t)
        if self.starts == "last":
            self.runs = [r for r in self.runs if r.key != key or len(r.bindings) > 1]
        complete = self._is_complete(run)
        live = [r for r in self.runs if r.key == key]
        if (
            self.max_runs is not None
            and len(live) >= self.max_runs
            and (self.grows or not complete)
        ):
            self.runs.remove(live[0])
        self.runs.append(run)
        return self._finish([run], event.t) if complete else []

    def _was_absent(self, key: Key, wait: Wait, event: Event) -> bool:
        """Whether nothing negated lies in the time before an event (ruling 12)."""
        since = event.t - wait.duration
        assert self.began is not None
        if since < self.began:
            return False
        earlier = [e for k, e in self.seen if k == key and e is not event and e.t >= since]
        return not any(self._fits([], key, t, e) for e in earlier for t in wait.tests)

    def _end_by_count(self, key: Key, event: Event) -> list[Row]:
        """End the runs whose WITHIN n EVENTS an event has used up."""
        rows: list[Row] = []
        if self.within_events is None:
            return rows
        for run in [r for r in self.runs if r.key == key]:
            seen = [e for k, e in self.seen if k == key and e.position >= run.first.position]
            if len(seen) >= self.within_events:
                rows += self._end_by_time(run, event.t, "within")
        return rows

    # ------------------------------------------------------------ completion

    def _finish(self, completed: list[Run], t: int) -> list[Row]:
        """Emit completed runs one by one, oldest start first, applying the skip after each."""
        rows: list[Row] = []
        waiting = list(completed)
        while waiting:
            run = waiting.pop(0)
            self.number += 1
            run.number = self.number
            if self.grows:
                run.opened = t
                rows += self._emit(run, t, "opened") if self.emits == "changes" else []
            else:
                self.runs.remove(run)
                rows += self._emit(run, t)
            dropped = [r for r in self.runs if r is not run and self._skips(run, r)]
            self.runs = [r for r in self.runs if r not in dropped]
            waiting = [r for r in waiting if r not in dropped]
        return rows

    def _skips(self, done: Run, other: Run) -> bool:
        if done.key != other.key:
            return False
        kind, start = self.skip.kind, other.first.position
        if kind == "none":
            return False
        if kind in ("to_first", "to_last", "to_variable"):
            names = self.members(self.skip.variable or "")
            bound = [e.position for e, v in done.bindings if v in names]
            at = (bound[0] if kind == "to_first" else bound[-1]) if bound else None
            if at is not None:
                return start < at
            kind = "past_last"
        if kind == "to_next":
            return start == done.first.position
        return start <= done.last.position

    def members(self, name: str) -> set[str]:
        """Return the variables of a name: of a SUBSET all."""
        return self.subsets.get(name, {name})

    def _emit(
        self, run: Run, t: int, state: str | None = None, reason: str | None = None
    ) -> list[Row]:
        scope = MatchScope(self, run.bindings, run.key, Growth(state, reason, run.number))
        where = self.query.where
        if where is not None and evaluate(where, scope) is not True:
            return []
        return self.rows(t, [scope])

    # ------------------------------------------------------------ growing matches (ruling 17)

    def _grow(self, run: Run, event: Event) -> list[Row]:
        """Offer an event to an open run: it grows, is closed by UNTIL, or nothing happens."""
        found = self._move_for(run, event)
        if found is None:
            run.skipped = event.t if run.skipped is None else run.skipped
            return []
        if found.test.until:
            return self._close(run, event.t, "until")
        run.bindings = [*run.bindings, (event, found.test.variable)]
        run.place, run.anchor, run.skipped = found.place, event.t, None
        if self.emits != "changes":
            return []
        if self.every is not None:
            run.changed = True
            return []
        return self._emit(run, event.t, "updated")

    def _close(self, run: Run, t: int, reason: str) -> list[Row]:
        self.runs.remove(run)
        return self._emit(run, t, "closed", reason)

    def at_end(self, t: int) -> list[Row]:
        """Close the growing matches at the end of input."""
        rows: list[Row] = []
        for run in [r for r in self.runs if r.opened is not None]:
            rows += self._close(run, t, "end")
        return rows

    # ------------------------------------------------------------ deadlines

    def deadlines(self) -> list[Timer]:
        return [t for number, run in enumerate(self.runs) for t in self._timers(run, number)]

    def _timers(self, run: Run, number: int) -> list[Timer]:
        order = (run.first.position, number)
        found = []
        wait = None if run.opened is not None else self._ahead(run).wait
        end, reason = self._ends_at(run, waits=wait is not None)
        if wait is not None:
            t = run.anchor + wait[0].duration
            if self.within is None or t <= run.first.t + self.within:
                found.append(Timer(t, (*order, 0), lambda: self._pass_absence(run, wait[1], t)))
        if run.opened is not None and run.changed and self.every is not None:
            passed = (run.last.t - run.opened + self.every - 1) // self.every
            tick = run.opened + max(passed, 1) * self.every
            found.append(Timer(tick, (*order, 1), lambda: self._tick(run, tick)))
        if end is not None:
            found.append(Timer(end, (*order, 2), lambda: self._end_by_time(run, end, reason)))
        return found

    def _ends_at(self, run: Run, *, waits: bool) -> tuple[int | None, str]:
        """Return the deadline at which time ends a run, and what it is of: WITHIN, or GAP and gaps of edges (ruling 13)."""
        ends: list[tuple[int, str]] = []
        if self.within is not None:
            ends.append((run.first.t + self.within, "within"))
        if self.gap is not None and not waits:
            ends.append((max(run.last.t + self.gap, run.anchor), "gap"))
        moves = [m for m in self._ahead(run).moves() if not m.test.until]
        highs = [m.link.high for m in moves]
        if not waits and moves and None not in highs:
            passed = run.anchor + max(h for h in highs if h is not None)
            ends.append((max(passed, run.skipped or passed, run.left or passed), "gap"))
        return min(ends, default=(None, ""))

    def _pass_absence(self, run: Run, place: Place, t: int) -> list[Row]:
        run.place, run.anchor, run.skipped, run.left = place, t, None, None
        return self._finish([run], t) if self._is_complete(run) else []

    def _tick(self, run: Run, t: int) -> list[Row]:
        run.changed = False
        return self._emit(run, t, "updated")

    def _end_by_time(self, run: Run, t: int, reason: str) -> list[Row]:
        if run.opened is not None:
            return self._close(run, t, reason)
        self.runs.remove(run)
        return self._timeout_rows(run, t)

    def _timeout_rows(self, run: Run, t: int) -> list[Row]:
        """Return the rows of the ON TIMEOUT queries."""
        step = awaited(self.root, run.place)
        scope = MatchScope(self, run.bindings, run.key, Growth(step=step))
        rows: list[Row] = []
        for projection in self.timeouts:
            where = projection.query.where
            if where is None or evaluate(where, scope) is True:
                rows += projection.rows(t, [scope])
        return rows
