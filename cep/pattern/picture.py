"""The automaton of a rule as a picture: states and labelled edges for `cep explain`.

An edge that takes an event says which: the variable and its condition. A long condition is written on the
first edge of its variable only, so that the picture stays legible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.graph import graph
from cep.pattern.automaton import DEAD, Automaton, Move, State
from cep.plan.explain_expressions import expression_text
from cep.plan.tree import conjuncts
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.plan.nodes import Match

START = "start"
KILLED = "killed"
FIRST_LINE_COLUMNS = 29
REPEATED_COLUMNS = 48  # a condition of at most so many characters stands on every edge


def picture(node: Match, automaton: Automaton) -> graph.Automaton:
    """Return the automaton of a MATCH as states and edges, in order of preference, ready to be drawn."""
    return _Picture(node, automaton).draw()


class _Picture:
    """Collects the states and edges of one automaton."""

    def __init__(self, node: Match, automaton: Automaton) -> None:
        self.node = node
        self.automaton = automaton
        self.least = _least(automaton)
        self.counts = _counts(automaton, self.least)
        self.variables = {variable.name: variable for variable in node.variables}
        self.explained: set[str] = set()
        self.edges: list[graph.AutomatonEdge] = []

    def draw(self) -> graph.Automaton:
        """Return the whole picture."""
        states = [graph.AutomatonState(START, f"start\n{_waits(self.automaton.starts)}")]
        for move in self.automaton.starts:
            self._take(START, move)
        for number, state in enumerate(self.automaton.states):
            states.append(
                graph.AutomatonState(state.name, self._box(number), state.accepting or state.open)
            )
            for move in state.moves:
                self._moves(state, move)
            self._without_an_event(number, state)
        if any(edge.target == KILLED for edge in self.edges):
            states.append(graph.AutomatonState(KILLED, "killed\nrun ends", dead=True))
        return graph.Automaton(tuple(states), tuple(self.edges), self._clauses())

    def _clauses(self) -> tuple[str, ...]:
        """Return what holds for the pattern as a whole."""
        node = self.node
        keys = [f"PARTITION BY {', '.join(node.key_names)}"] if node.key_names else []
        if node.within_us is not None:
            keys.append(f"WITHIN {format_duration(node.within_us)}")
        if node.within_events is not None:
            keys.append(f"WITHIN {node.within_events} EVENTS")
        if self.automaton.before is not None:
            before = self.automaton.before
            names = " or ".join(before.variables)
            keys.append(f"no {names} for {format_duration(before.for_us)} before the first event")
        return tuple(keys)

    # ------------------------------------------------------------------ boxes

    def _box(self, number: int) -> str:
        """Return the text of a state: what was bound last, how often, and what the run waits for."""
        state = self.automaton.states[number]
        if state.accepting:
            return "match"
        counted = [f"{self.counts[number]} bound"] if number in self.counts else []
        if state.open:
            grows = _waits(state.moves) if state.moves else "waits for its end"
            return "\n".join(("match, open", state.variable, *counted, grows))
        return "\n".join((state.variable, *counted, _waits(state.moves)))

    # ------------------------------------------------------------------ edges

    def _add(self, source: str, target: int, label: str) -> None:
        name = KILLED if target == DEAD else self.automaton.states[target].name
        self.edges.append(graph.AutomatonEdge(source, name, label))

    def _take(self, source: str, move: Move) -> None:
        note = (", the next event" if move.strict else "") + _gap(move)
        note += ", and stays too" if move.fork else ""
        self._add(source, move.target, self._event(move.variable, note))

    def _moves(self, state: State, move: Move) -> None:
        """Add the edge of a move; of a loop with a limit, one below the limit (if any) and one to it."""
        if move.limit is None or (move.target != DEAD and move.least < move.limit):
            self._take(state.name, move)
        if move.fill is not None and move.fill.start is None:
            self._add(state.name, move.at_limit, self._event(move.variable, ", the last missing"))
        if move.limit is not None:
            number = f", round {move.limit}" if move.kind == "round" else f" number {move.limit}"
            which = number + (", the next event" if move.strict else "")
            which += ", and stays too" if move.fork else ""
            self._add(state.name, move.at_limit, self._event(move.variable, which))

    def _without_an_event(self, number: int, state: State) -> None:
        """Add the edges that bind no event: guards, a deadline, a broken strict edge."""
        for name in state.guards:
            self._add(state.name, DEAD, "NOT " + self._event(name))
        if state.accepting:
            return
        if state.absence is not None:
            absence = self.automaton.absences[state.absence]
            names = " or ".join(absence.variables)
            label = f"no {names} for {format_duration(absence.for_us)}"
            self._add(state.name, state.satisfied, label)
        if state.limit_us is not None:
            self._add(state.name, DEAD, f"nothing for {format_duration(state.limit_us)}")
        if state.skipped != number:
            self._add(state.name, state.skipped, "any other event")

    def _event(self, name: str, note: str = "") -> str:
        """Return which events fit a variable: a line a part of its condition."""
        variable = self.variables[name]
        stream = f" of {self.node.inputs[variable.input].stream}" * (len(self.node.inputs) > 1)
        title = f"{name}{stream}{note}"
        parts = [expression_text(part, strength=3) for part in conjuncts(variable.condition)]
        known = name in self.explained
        self.explained.add(name)
        if not parts or (known and len(" AND ".join(parts)) > REPEATED_COLUMNS):
            return title
        space = " " if len(title) + len(parts[0]) < FIRST_LINE_COLUMNS else "\n"
        return "\nAND ".join((f"{title}:{space}{parts[0]}", *parts[1:]))


def _gap(move: Move) -> str:
    """Return when a move is possible, if not always."""
    low = f", after {format_duration(move.low_us)}" if move.low_us else ""
    return low + ("" if move.high_us is None else f", within {format_duration(move.high_us)}")


def _waits(moves: tuple[Move, ...]) -> str:
    names = dict.fromkeys(move.variable for move in moves)
    return "waits for " + " or ".join(names) if names else "waits for a deadline"


def _least(automaton: Automaton) -> dict[int, int]:
    """Return how many events of its loop a state has bound at least, where a limit leads to it."""
    return {
        move.at_limit: move.limit
        for move in automaton.moves()
        if move.limit is not None and move.at_limit != DEAD and move.kind == "loop"
    }


def _counts(automaton: Automaton, least: dict[int, int]) -> dict[int, str]:
    """Return how many events of its loop a state has bound, for the states of loops: `1 to 2`."""
    counts = {number: str(low) for number, low in least.items()}
    for number, state in enumerate(automaton.states):
        for move in state.moves:
            if move.kind == "loop":
                low = least.get(number, 1)
                if move.limit is None:
                    counts[number] = f"{low} or more"
                elif low + 1 < move.limit:
                    counts[number] = f"{low} to {move.limit - 1}"
                else:
                    counts[number] = str(low)
    return counts
