"""A naive run interpreter for MATCH, written from section 5 and rulings 11-16 of the language.

A pattern is a list of parts `("step", variable, low, high)`, `("not", variable)`, `("not_for", variable, us)`
and the list of edges between them. A condition is a function `(bindings, event) -> bool` where bindings is the
list of (variable, event) of the run so far. Everything is looked up again for every event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Event:
    position: int
    ts: int
    stream: int
    key: Any
    value: float | None


Bindings = list[tuple[str, Event]]
Condition = Callable[[Bindings, Event], bool]


@dataclass(eq=False)
class Run:
    bindings: Bindings
    step: int  # index of the part it is in
    count: int
    number: int
    passed: int | None = None  # index of a not_for part whose deadline has passed
    lapsed: bool = False  # an event was not taken since the last one bound

    @property
    def first(self) -> Event:
        return self.bindings[0][1]

    @property
    def last(self) -> Event:
        return self.bindings[-1][1]


@dataclass
class Naive:
    parts: list[tuple[Any, ...]]
    edges: list[str]
    conditions: dict[str, tuple[int, Condition]]
    within: int | None = None
    starts: str = "each"
    skip: str = "past_last"
    max_runs: int | None = None
    runs: dict[Any, list[Run]] = field(default_factory=dict)
    matches: list[tuple[int, Any, Bindings]] = field(default_factory=list)
    started: int = 0

    # -------------------------------------------------------------- the pattern

    def next_steps(self, run: Run) -> tuple[list[tuple[int, bool]], list[str], int | None, bool]:
        """Steps that can come next (part, strict), active guards, awaited not_for part, at the end."""
        steps: list[tuple[int, bool]] = []
        guards: list[str] = []
        at = run.step
        if run.passed is not None:
            at = run.passed
        while True:
            if at == len(self.parts) - 1:
                return steps, guards, None, True
            strict = self.edges[at] == "strict"
            at += 1
            part = self.parts[at]
            if part[0] == "not":
                guards.append(part[1])
            elif part[0] == "not_for":
                guards.append(part[1])
                return steps, guards, at, False
            else:
                steps.append((at, strict))
                if part[2] > 0:
                    return steps, guards, None, False

    def enough(self, run: Run) -> bool:
        return run.count >= self.parts[run.step][2]

    def may_loop(self, run: Run) -> bool:
        high = self.parts[run.step][3]
        return run.passed is None and (high is None or run.count < high)

    def complete(self, run: Run) -> bool:
        return self.enough(run) and self.next_steps(run)[3]

    def fits(self, variable: str, bindings: Bindings, event: Event) -> bool:
        stream, condition = self.conditions[variable]
        return event.stream == stream and condition(bindings, event)

    # -------------------------------------------------------------- time

    def deadline(self, run: Run) -> int | None:
        if run.passed is not None or not self.enough(run):
            return None
        part = self.next_steps(run)[2]
        return None if part is None else run.last.ts + self.parts[part][2]

    def advance(self, limit: float) -> None:
        while True:
            due: list[tuple[int, int, int, Run]] = []
            for live in self.runs.values():
                for run in live:
                    deadline = self.deadline(run)
                    if deadline is not None and deadline < limit:
                        due.append((deadline, 0, run.number, run))
                    if self.within is not None and run.first.ts + self.within < limit:
                        due.append((run.first.ts + self.within, 1, run.number, run))
            if not due:
                return
            instant, what, _, run = min(due, key=lambda d: d[:3])
            if what == 1:
                self.runs[run.first.key].remove(run)
                continue
            run.passed = self.next_steps(run)[2]
            if self.next_steps(run)[3]:
                self.finish(run, instant)

    def finish(self, run: Run, instant: int) -> None:
        live = self.runs[run.first.key]
        self.matches.append((instant, run.first.key, run.bindings))
        if run in live:
            live.remove(run)
        if self.skip == "past_last":
            live[:] = [r for r in live if r.first.position > run.last.position]

    # -------------------------------------------------------------- events

    def event(self, event: Event) -> None:
        self.advance(event.ts)
        if event.key is None:
            return
        live = self.runs.setdefault(event.key, [])
        completed = []
        for run in list(live):
            self.offer(run, event, live)
            if run in live and run.last is event and self.complete(run):
                completed.append(run)
                live.remove(run)
        emitted = False
        while completed:
            run = completed.pop(0)
            emitted = True
            self.finish(run, event.ts)
            if self.skip == "past_last":
                completed = [r for r in completed if r.first.position > event.position]
        if not (emitted and self.skip == "past_last"):
            self.start(event, live)

    def offer(self, run: Run, event: Event, live: list[Run]) -> None:
        steps: list[tuple[int, bool]] = []
        guards: list[str] = []
        awaited = None
        if self.enough(run):
            steps, guards, awaited, _ = self.next_steps(run)
        must_be_next = bool(steps) and all(strict for _, strict in steps) and awaited is None
        if run.lapsed:
            steps = [(at, strict) for at, strict in steps if not strict]
        for at, _ in steps:
            variable = self.parts[at][1]
            if self.fits(variable, run.bindings, event):
                run.bindings = [*run.bindings, (variable, event)]
                run.step, run.count, run.passed, run.lapsed = at, 1, None, False
                return
        variable = self.parts[run.step][1]
        if self.may_loop(run) and self.fits(variable, run.bindings, event):
            run.bindings = [*run.bindings, (variable, event)]
            run.count += 1
            run.lapsed = False
            return
        for guard in guards:
            timed = awaited is not None and self.parts[awaited][1] == guard
            if timed and event.ts == run.last.ts:
                continue
            if self.fits(guard, run.bindings, event):
                live.remove(run)
                return
        if must_be_next:
            live.remove(run)
        run.lapsed = True

    def first_step(self, event: Event) -> int | None:
        for at, part in enumerate(self.parts):
            if part[0] == "not_for":
                return None
            if part[0] == "not":
                continue
            if self.fits(part[1], [], event):
                return at
            if part[2] > 0:
                return None
        return None

    def start(self, event: Event, live: list[Run]) -> None:
        if self.starts == "first" and live:
            return
        at = self.first_step(event)
        if at is None:
            return
        if self.starts == "last":
            live[:] = [r for r in live if len(r.bindings) > 1]
        self.started += 1
        run = Run([(str(self.parts[at][1]), event)], at, 1, self.started)
        if self.complete(run):
            self.finish(run, event.ts)
            return
        if self.max_runs is not None and len(live) >= self.max_runs:
            live.pop(0)
        live.append(run)
