"""Part of the kernel of a MATCH_RECOGNIZE in one pass: the table of transitions, and what each of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.recognize.registers import NUMBER, SEQ, TIME
from cep.codegen.writer import Writer
from cep.graph.kernel import Array, Numbers, Role

if TYPE_CHECKING:
    from cep.codegen.recognize.cells import Cell
    from cep.codegen.recognize.output import Output
    from cep.codegen.recognize.parts import KernelParts
    from cep.codegen.recognize.registers import Registers
    from cep.codegen.scope import Value
    from cep.pattern.recognize.determinize import Deterministic, Transition

CELL_BITS = 8  # of an action and of a configuration in a cell of the table of transitions
CELL_MASK = (1 << CELL_BITS) - 1
NO_CHANGE = 1 << (CELL_BITS - 2)  # stands for no change in the number of starts


def _only_start(automaton: Deterministic) -> int | None:
    """Return the variable that the row of a start is bound to, None if there are several or it makes several threads."""
    found = set()
    for _, transition in automaton.transitions():
        made = [a.variable for a in transition.threads if a.source is None]
        if len(made) > 1:
            return None
        found |= set(made)
    return found.pop() if len(found) == 1 else None


class Transitions:
    """Writes what rows do. Transitions that do the same are one action, whose number the table gives.

    actions: numbers by text, 0 does nothing. texts: the actions from 1 on.
    """

    def __init__(
        self, parts: KernelParts, automaton: Deterministic, registers: Registers, output: Output
    ) -> None:
        self.parts = parts
        self.automaton = automaton
        self.registers = registers
        self.output = output
        self.actions: dict[str, int] = {"": 0}
        self.texts: list[Writer] = []
        self.start_variable = _only_start(automaton)
        self._table()

    def _table(self) -> None:
        """Add the table of transitions: action, next configuration, change in the number of starts alive, start.

        The last one is the place of the thread of a start, plus one, where starts are written apart from actions.
        """
        cells = []
        configurations = self.automaton.configurations
        for number, transition in self.automaton.transitions():
            change = configurations[transition.target].starts - configurations[number].starts
            place = self._action(number, transition)
            start = len(transition.threads) if self._starts_apart(transition) else 0
            cell = (
                place + (transition.target << CELL_BITS) + ((change + NO_CHANGE) << 2 * CELL_BITS)
            )
            cells.append(cell + (start << 3 * CELL_BITS))
        self.parts.layout.add(Array("moves", "i32", Role.TABLE, source=Numbers(tuple(cells))))

    def _action(self, number: int, transition: Transition) -> int:
        """Return the number of what a transition does, written once for all that do the same."""
        parts = self.parts
        before = parts.writer
        writer = parts.writer = parts.scope.writer = Writer()
        if transition.gives:
            self.registers.load(number, 0)
            self.give("row", self.registers.register(0, SEQ))
        apart = self._starts_apart(transition)
        if transition.begins and not apart:
            writer.line("started = started + 1")
        if transition.completes:
            self.registers.bind(number, transition.threads[0])
            source = transition.threads[0].source
            self.give(
                "row", self._row_seq() if source is None else self.registers.register(source, SEQ)
            )
        else:
            places = range(len(transition.threads) - apart)
            for place in places if transition.ascending else reversed(places):
                self.advance(number, transition, place)
        parts.writer = parts.scope.writer = before
        if writer.text() not in self.actions:
            self.actions[writer.text()] = len(self.actions)
            self.texts.append(writer)
        return self.actions[writer.text()]

    def advance(self, number: int, transition: Transition, place: int) -> None:
        """Write the thread that a transition makes at a place, with the row where its start stands."""
        self.registers.advance(number, transition, place)
        source = transition.threads[place].source
        if source is None:
            self._stand(place)
        elif source != place:
            for cell in self._origin:
                text = self.registers.register(source, cell)
                self.parts.writer.line(f"{self.registers.register(place, cell)} = {text}")

    def _stand(self, place: int | str) -> None:
        """Write where the start at a place stands: at the present row."""
        texts = {SEQ: self._row_seq(), NUMBER: "seen", TIME: self.parts.scope.row_time()}
        for cell in self._origin:
            self.parts.writer.line(f"{self.registers.register(place, cell)} = {texts[cell]}")

    @property
    def _origin(self) -> tuple[Cell, ...]:
        """What is kept of where a start stands; its number orders the matches that time and the end of input give."""
        if self.automaton.expiries:
            return (SEQ, NUMBER, TIME)
        pending = any(c.complete for c in self.automaton.configurations)
        return (SEQ, NUMBER) if pending else (SEQ,)

    def _starts_apart(self, transition: Transition) -> bool:
        """Whether the start of a transition is written by `start`, not by its action."""
        return self.start_variable is not None and transition.begins and not transition.completes

    def start(self) -> None:
        """Write the start at the present row, at the place that the table gives.

        It is the same for all transitions, so that the processor need not foresee which one comes.
        """
        if self.start_variable is None:
            return
        writer = self.parts.writer
        writer.line(f"place = (move >> {3 * CELL_BITS}) - 1")
        with writer.block("if place >= 0:"):
            writer.line("started = started + 1")
            self.registers.start(self.start_variable, "place")
            self._stand("place")

    def _row_seq(self) -> str:
        return self.parts.layout.seq(0, "row")

    def give(self, cause: str, seq: str, ts: str = "") -> None:
        """Write the row of output of the match whose cells are in locals."""
        parts, writer = self.parts, self.parts.writer
        if self.output.numbered:
            writer.line("key_matches[slot] = key_matches[slot] + 1")
        parts.scope.at, parts.scope.variable, parts.scope.cells = "row", None, parts.measures

        def no_column(name: str) -> Value:
            msg = f"one row a match has no column {name}"
            raise AssertionError(msg)

        ts = ts or parts.scope.row_time()
        self.output.row(ts, cause, seq, column=no_column, measure=lambda *_: None)
        writer.lines("n_out = n_out + 1", "matched = matched + 1")
