"""Why a run ended, in words: the condition that did not hold with its values, the guard, the clock, the match."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cep.codegen.match.kernel import match_kernel
from cep.pattern.gates import leaves, own_columns
from cep.plan.constants import constant
from cep.plan.explain_expressions import expression_text, literal_text
from cep.plan.expressions import Aggregate, Bound, Call, Case, Column, Expr, Literal
from cep.plan.tree import conjuncts
from cep.times import format_duration, format_timestamp
from cep.types import MAX_I64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.operators.observed import Seen
    from cep.pattern.automaton import State
    from cep.plan.nodes import Match, Variable
    from cep.why.runs import Ending, Run

MOST_TRIED = 1_000  # events among which the nearest one is looked for


class Reasons:
    """Speaks of the runs of one MATCH; `events` are those of the key.

    Conditions are computed with the values of the event and of the bound events. What reads more than those (aggregates, PREV)
    is shown and not computed.
    """

    def __init__(self, node: Match, events: Sequence[Seen]) -> None:
        self.node = node
        self.events = events
        self.automaton = match_kernel(node).automaton
        self.steps = self.automaton.steps
        self._variables = {v.name: v for v in node.variables}
        self._subsets = {s.name: frozenset(s.variables) for s in node.subsets}
        read = {
            leaf.name
            for variable in node.variables
            for part in conjuncts(variable.condition)
            for leaf in leaves(part)
            if isinstance(leaf, Column | Bound)
        }
        self.read = frozenset(read)  # columns that conditions read

    # ------------------------------------------------------------------ how far

    def step(self, run: Run) -> int:
        """Return the number of the furthest step a run has an event of, from 1."""
        return max(self.steps.index(name) + 1 for name, _ in run.bound if name in self.steps)

    def awaited(self, state: int) -> str:
        """Return the steps that can come next in a state."""
        return " or ".join(self._next(state)) or "the end of its time"

    def _next(self, state: int) -> list[str]:
        moves = self.automaton.states[state].moves
        return list(dict.fromkeys(m.variable for m in moves if m.kind != "until"))

    # ------------------------------------------------------------------ why it ended

    def ending(self, run: Run) -> list[str]:
        """Return why a run ended (or that it lives), then a line for every condition that tells more."""
        end = run.ending
        if end is None:
            awaited = self.awaited(run.state)
            return [f"still waits for {awaited}", *self._nearest(run, run.state, MAX_I64)]
        match end.reason:
            case "matched":
                return [f"match {end.match}"]
            case "within":
                return self._waited(run, end, f"WITHIN {self._within()} was over")
            case "gap":
                return self._waited(run, end, "the gap was over")
            case "strict":
                return self._strict(run, end)
            case "guard":
                return self._negated(run, end, "this event is what NOT forbids")
            case "absence":
                text = "this event came before the time of NOT .. FOR was over"
                return self._negated(run, end, text)
            case "until":
                return ["UNTIL ended the loop before it had the events it needs"]
            case "skip" if end.match:
                return [f"skipped by match {end.match}"]
            case "skip":
                return ["skipped: a match opened, or an earlier run of its start goes on alike"]
            case "start":
                return ["a later start took its place (STARTS LAST)"]
            case _:
                return [f"dropped for a newer run: @max_runs({self.node.max_runs})"]

    def _waited(self, run: Run, end: Ending, text: str) -> list[str]:
        found = f"{text}: it waited for {self.awaited(end.state)}"
        return [found, *self._nearest(run, end.state, end.ts)]

    def _nearest(self, run: Run, state: int, until: int) -> list[str]:
        """Return for each step that a run waited for what the event lacked that came nearest to it."""
        since = run.bound[-1][1]
        later = [e for e in self.events if since.ts <= e.ts <= until and e is not since]
        found = []
        for name in self._next(state):
            own = [e for e in later[-MOST_TRIED:] if e.input == self._variables[name].input]
            lacks = [(len(lines), e, lines) for e in own if (lines := self._failing(name, run, e))]
            if lacks:
                _, event, lines = min(reversed(lacks), key=lambda lack: lack[0])
                found += [f"{line}, at {format_timestamp(event.ts)}" for line in lines]
        return found

    def _within(self) -> str:
        if self.node.within_us is not None:
            return format_duration(self.node.within_us)
        return f"{self.node.within_events} EVENTS"

    def _strict(self, run: Run, end: Ending) -> list[str]:
        found = [f"this event had to be {self.awaited(end.state)} and is not"]
        for name in self._next(end.state):
            found += self._failing(name, run, end.event)
        return found

    def _negated(self, run: Run, end: Ending, text: str) -> list[str]:
        guards = self._state(end).guards
        if end.event is None:
            return [text]
        for name in guards:
            if not self._failing(name, run, end.event):
                whole = self._variables[name].condition
                condition = f": {self._with_values(whole, name, run, end.event)}" if whole else ""
                return [f"{text}, {name}{condition}"]
        return [f"{text}, {' or '.join(guards)}"]

    def _state(self, end: Ending) -> State:
        return self.automaton.states[end.state]

    # ------------------------------------------------------------------ why nothing started

    def not_started(self, event: Seen) -> list[str]:
        """Return why an event starts no run."""
        found: list[str] = []
        for name in dict.fromkeys(move.variable for move in self.automaton.starts):
            found += self._failing(name, None, event)
        return found

    # ------------------------------------------------------------------ conditions

    def _failing(self, name: str, run: Run | None, event: Seen | None) -> list[str]:
        """Return a line for every part of the condition of a variable that does not hold for an event."""
        variable = self._variables[name]
        if event is None:
            return []
        if event.input != variable.input:
            stream = self.node.inputs[variable.input].stream
            return [f"{name}: not an event of {stream}"]
        found = []
        for part in conjuncts(variable.condition):
            value = constant(self._put(self._own(part, variable), variable, run, event))
            if value is None:
                found.append(f"{name}: {self._with_values(part, name, run, event)}")
            elif value.value is not True:
                told = "FALSE" if value.value is False else "NULL"
                found.append(f"{name}: {self._with_values(part, name, run, event)} is {told}")
        return found

    def _with_values(self, part: Expr, name: str, run: Run | None, event: Seen) -> str:
        """Return a condition and in brackets the values of what it reads."""
        variable = self._variables[name]
        values = []
        for leaf in dict.fromkeys(leaves(self._own(part, variable))):
            if isinstance(leaf, Column | Bound):
                value = self._put(leaf, variable, run, event)
                if isinstance(value, Literal):
                    values.append(f"{expression_text(leaf)} = {literal_text(value)}")
        text = expression_text(self._own(part, variable))
        return f"{text} ({', '.join(values)})" if values else text

    @staticmethod
    def _own(part: Expr, variable: Variable) -> Expr:
        return own_columns(part, variable.of or variable.name, variable.input)

    def _put(self, expr: Expr, variable: Variable, run: Run | None, event: Seen) -> Expr:
        """Return an expression with the values of an event and of a run's bound events put in."""
        match expr:
            case Column():
                return Literal(event.values[expr.name], expr.type)
            case Bound():
                return self._bound(expr, variable, run, event)
            case Call():
                return replace(
                    expr, args=tuple(self._put(a, variable, run, event) for a in expr.args)
                )
            case Case():
                whens = tuple(
                    (self._put(w, variable, run, event), self._put(v, variable, run, event))
                    for w, v in expr.whens
                )
                otherwise = self._put(expr.otherwise, variable, run, event)
                return replace(expr, whens=whens, otherwise=otherwise)
            case Aggregate() | _:
                return expr

    def _bound(self, leaf: Bound, variable: Variable, run: Run | None, event: Seen) -> Expr:
        """Return the value of a column of a bound event; the leaf itself for PREV."""
        if leaf.which == "prev":
            return leaf
        members = self._subsets.get(leaf.variable, frozenset([leaf.variable]))
        events = [e for name, e in (run.bound if run else ()) if name in members]
        if leaf.candidate and (variable.of or variable.name) in members:
            events.append(event)
        place = leaf.offset if leaf.which == "first" else len(events) - 1 - leaf.offset
        value: Any = None
        if 0 <= place < len(events):
            value = events[place].values[leaf.name]
        elif leaf.default is not None:
            return self._put(leaf.default, variable, run, event)
        return Literal(value, leaf.type)
