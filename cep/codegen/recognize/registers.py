"""Part of the kernel of a MATCH_RECOGNIZE in one pass: what is kept of the threads of a key.

A register is a cell that measures read, for each place of a configuration. What a configuration tells by itself is not
kept: a count that the state alone gives, a value before its first row, the last value of a thread that has bound the newest
row of its key, which is kept once a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.layout import identifier, kernel_dtype
from cep.codegen.recognize.cells import Capture, Cell
from cep.plan.recognition import CLASSIFIER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.codegen.recognize.cells import Cells
    from cep.codegen.recognize.parts import KernelParts
    from cep.codegen.recognize.rows import LookBehind
    from cep.pattern.recognize.determinize import Advance, Deterministic, Transition

Known = dict[str, str | None]
"""By cell: its value as kernel text where the configuration tells it, else None."""

SEQ = Cell("seq", "i64", "0")
NUMBER = Cell("number", "i64", "0")
TIME = Cell("ts", "i64", "0")
"""Of the row where a start stands: its `seq`, its number among the rows of all keys, its instant."""


class Registers:
    """The registers of all places, and how a row changes them. Arrays: `run_<cell>`, and `newest_<column>` a key."""

    def __init__(self, parts: KernelParts, automaton: Deterministic, look: LookBehind) -> None:
        self.parts = parts
        self.automaton = automaton
        self.look = look
        self.cells = parts.measures
        self._empty: Known = {cell.name: cell.empty for cell in self.cells.cells}
        self._touched = [_touched(self.cells, n) for n in range(len(parts.node.variables))]
        self._newest: dict[str, str] = {}
        self._own_newest: list[str] = []
        self._keep_newest()
        self.known = self._all_known()
        self._of_starts = self._kept_of_starts()

    def _keep_newest(self) -> None:
        """Note the columns of which the newest value is kept; look-behind of conditions keeps some already."""
        for key in self.cells.captures:
            name = key.name
            if key.which != "last" or key.offset or name == CLASSIFIER or name in self.look.shifted:
                continue
            if name not in self._newest:
                text = self.look.newest(name)
                if text is None:
                    array = f"newest{len(self._own_newest)}_{identifier(name)}"
                    dtype = kernel_dtype(self.look.type_of(name))
                    text = f"{self.parts.layout.state(array, dtype, 'keys')}[slot]"
                    self._own_newest.append(name)
                self._newest[name] = text

    def remember(self) -> None:
        """Write the newest values of the key of the present row, once its threads have moved."""
        for name in self._own_newest:
            self.parts.writer.line(f"{self._newest[name]} = {self.look.cell(name, 'row').text}")

    # ------------------------------------------------------------ what is known

    def _all_known(self) -> list[list[Known]]:
        """Return what is known of each place of each configuration, whatever way it was reached."""
        found: list[list[Known] | None] = [None] * len(self.automaton.configurations)
        found[0] = []
        waiting = [0]
        while waiting:
            number = waiting.pop()
            before = found[number]
            assert before is not None
            for target, made in self._results(number, before):
                other = found[target]
                if other is not None:
                    made = [_joined(*pair) for pair in zip(made, other, strict=True)]
                if made != other:
                    found[target] = made
                    waiting.append(target)
        return [places or [] for places in found]

    def _results(self, number: int, before: list[Known]) -> Iterator[tuple[int, list[Known]]]:
        """Yield the configurations that may follow one, with what is known of their threads."""
        for move in self.automaton.moves[number]:
            kept = len(self.automaton.configurations[move.target].threads)
            yield move.target, [self._after(a, before) for a in move.threads[:kept]]
        if number and self.automaton.expiries:
            expiry = self.automaton.expiries[number - 1]
            yield expiry.target, [before[a.source] for a in expiry.threads if a.source is not None]

    def _after(self, advance: Advance, before: list[Known]) -> Known:
        """Return what is known of a thread after a row."""
        known = dict(self._empty if advance.source is None else before[advance.source])
        touched = self._touched[advance.variable] if advance.variable >= 0 else {}
        newest = set(self._newest.values())
        after: Known = {n: None if text in newest else text for n, text in known.items()}
        for cell, effect in touched.items():
            after[cell.name] = self._changed(known, cell, effect, advance.variable)
        return after

    def _changed(
        self, known: Known, cell: Cell, effect: Capture | str, variable: int
    ) -> str | None:
        """Return what is known of a cell once a row is bound to one of its variables."""
        text = known[cell.name]
        if not isinstance(effect, Capture):
            return str(int(text) + 1) if effect == "count" and text is not None else None
        if effect.which == "last":
            if effect.offset:
                return None
            return (
                f"constants[{variable}]"
                if effect.name == CLASSIFIER
                else self._newest.get(effect.name)
            )
        count = known[self.cells.counts[effect.variable].name]
        return text if count is not None and int(count) != effect.offset else None

    def _kept_of_starts(self) -> set[str]:
        """Return the cells of which a thread that has just started keeps a register."""
        found: set[str] = set()
        for _, transition in self.automaton.transitions():
            for advance, known in zip(
                transition.threads, self.known[transition.target], strict=False
            ):
                if advance.source is None:
                    found |= {name for name, text in known.items() if text is None}
        return found

    # ------------------------------------------------------------ names

    def register(self, place: int | str, cell: Cell) -> str:
        """Return the kernel text of a cell of the thread at a place (a number, or the local that holds it)."""
        array = self.parts.layout.state(
            f"run_{cell.name}", cell.dtype, "keys", width=self.automaton.width
        )
        if self.automaton.width == 1:
            return f"{array}[slot]"
        behind = f" + {place}" if place else ""
        return f"{array}[slot * {self.automaton.width}{behind}]"

    def _source(self, known: Known, place: int | None, cell: Cell) -> str:
        text = known[cell.name]
        if text is not None or place is None:
            return text or cell.empty
        return self.register(place, cell)

    # ------------------------------------------------------------ what is written

    def load(self, configuration: int, place: int) -> None:
        """Write the reading of all cells of a thread to their locals."""
        known = self.known[configuration][place]
        for cell in self.cells.cells:
            self.parts.writer.line(f"{cell.name} = {self._source(known, place, cell)}")

    def bind(self, configuration: int, advance: Advance) -> None:
        """Write the locals of all cells of a thread that a row makes."""
        if advance.source is None:
            self.cells.clear(self.parts.scope)
        else:
            self.load(configuration, advance.source)
        self._bind_row(advance.variable)

    def advance(self, configuration: int, transition: Transition, place: int) -> None:
        """Write the registers of the thread that a transition makes at a place."""
        writer = self.parts.writer
        advance = transition.threads[place]
        source = advance.source
        before = self._empty if source is None else self.known[configuration][source]
        after = self.known[transition.target][place]
        touched = self._touched[advance.variable] if advance.variable >= 0 else {}
        changed = any(after[cell.name] is None for cell in touched)
        for cell in self.cells.cells:
            if cell in touched:
                if changed:
                    writer.line(f"{cell.name} = {self._source(before, source, cell)}")
            elif after[cell.name] is None and (source != place or before[cell.name] is not None):
                text = self._source(before, source, cell)
                writer.line(f"{self.register(place, cell)} = {text}")
        if not changed:
            return
        self._bind_row(advance.variable)
        for cell in touched:
            if after[cell.name] is None:
                writer.line(f"{self.register(place, cell)} = {cell.name}")

    def start(self, variable: int, place: str) -> None:
        """Write the registers of a start bound to a variable, at the place that a local holds."""
        self.cells.clear(self.parts.scope)
        self._bind_row(variable)
        for cell in self.cells.cells:
            if cell.name in self._of_starts:
                self.parts.writer.line(f"{self.register(place, cell)} = {cell.name}")

    def _bind_row(self, variable: int) -> None:
        """Write the binding of the present row in the locals of cells."""
        scope = self.parts.scope
        scope.at, scope.variable, scope.cells = "row", None, self.cells
        if variable >= 0:
            self.cells.bind(scope, variable)


def _touched(cells: Cells, variable: int) -> dict[Cell, Capture | str]:
    """Return the cells that a row bound to a variable changes: `count` by one, `set`, or the column captured."""
    found: dict[Cell, Capture | str] = {}
    for name, cell in cells.counts.items():
        if cells.test(variable, cells.node.members(name)) is not None:
            found[cell] = "count"
    for key, (cell, _) in cells.captures.items():
        if cells.test(variable, cells.node.members(key.variable)) is not None:
            found[cell] = key
    for use, fields in cells.slots.slots.items():
        if cells.test(variable, use.variables) is not None:
            counts = use.kind == "rows" and use.filter is None
            found |= dict.fromkeys(fields.values(), "count" if counts else "set")
    return found


def _joined(one: Known, other: Known) -> Known:
    return {name: text if text == other[name] else None for name, text in one.items()}
