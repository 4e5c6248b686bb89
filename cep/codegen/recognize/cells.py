"""Part of the kernel of a MATCH_RECOGNIZE: what is known of the rows bound so far.

Captured columns (`A.x`, `LAST(A.x, 2)`, `FIRST(A.x)`), numbers of rows and the slots of aggregates are cells. Cells of
threads are arrays, copied when a thread moves; those of a match being written are locals, filled by a walk over
its rows. A variable here may be a union of variables (SUBSET, or all of them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import identifier
from cep.codegen.recognize.different import Different, counts_different
from cep.codegen.recognize.slots import CellSlots
from cep.codegen.texts import number_text
from cep.plan.expressions import Aggregate, Bound
from cep.plan.recognition import CLASSIFIER

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.recognize.scope import RecognizeScope
    from cep.graph.kernel import Dtype
    from cep.plan.expressions import Expr
    from cep.plan.recognition import Recognize
    from cep.types import Type


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: its array or local, its dtype and its kernel text before the first row."""

    name: str
    dtype: Dtype
    empty: str


@dataclass(frozen=True, slots=True)
class Capture:
    """A captured column: the rows of a variable counted from the last or the first one."""

    variable: str
    name: str
    which: str
    offset: int


class Cells:
    """The cells of threads (`pool` given) or of the match that is being written.

    thread: kernel text of the thread at hand. Cells are added while leaves are collected, before any text is made.
    """

    def __init__(self, node: Recognize, layout: Layout, prefix: str, pool: str = "") -> None:
        self.node = node
        self.layout = layout
        self.prefix = prefix
        self.pool = pool
        self.thread = "thread"
        self.cells: list[Cell] = []
        self.captures: dict[Capture, tuple[Cell, Type]] = {}
        self.counts: dict[str, Cell] = {}
        self.slots = CellSlots(self)
        self.different = Different(self)

    def add(self, name: str, dtype: Dtype, empty: float) -> Cell:
        """Add a cell."""
        unique = f"{self.prefix}{len(self.cells)}_{identifier(name)}"
        if self.pool:
            self.layout.state(unique, dtype, self.pool)
        self.cells.append(Cell(unique, dtype, number_text(empty)))
        return self.cells[-1]

    def text(self, cell: Cell, thread: str = "") -> str:
        """Return the kernel text of a cell of the thread at hand, or of another one."""
        return f"{cell.name}[{thread or self.thread}]" if self.pool else cell.name

    # ------------------------------------------------------------ what is read

    def need(self, leaf: Expr) -> None:
        """Add the cells that a leaf of a condition or measure reads."""
        if isinstance(leaf, Aggregate) and counts_different(leaf):
            self.different.need(leaf)
        elif isinstance(leaf, Aggregate):
            self.slots.need(leaf)
        elif isinstance(leaf, Bound):
            if leaf.default is not None:
                self.count(leaf.variable)
            if leaf.which == "first":
                self.count(leaf.variable)
                self.capture(leaf, leaf.offset)
            elif leaf.offset or not leaf.candidate:
                self.capture(leaf, leaf.offset - leaf.candidate)

    def count(self, variable: str) -> Cell:
        """Return the cell with the number of rows bound to a variable."""
        if variable not in self.counts:
            self.counts[variable] = self.add(f"n_{variable or 'rows'}", "i64", 0)
        return self.counts[variable]

    def capture(self, bound: Bound, offset: int) -> Cell:
        """Return the cell of a captured column; those between it and the last one are kept too."""
        lowest = 0 if bound.which == "last" else offset
        for place in range(lowest, offset + 1):
            key = Capture(bound.variable, bound.name, bound.which, place)
            if key not in self.captures:
                dtype: Dtype = bound.type.kernel_dtype  # type: ignore[assignment]
                name = f"{bound.variable}_{bound.name}_{bound.which}"
                self.captures[key] = (self.add(name, dtype, bound.type.null), bound.type)
        return self.captures[Capture(bound.variable, bound.name, bound.which, offset)][0]

    # ------------------------------------------------------------ what is written

    def clear(self, scope: RecognizeScope) -> None:
        """Write the values before the first row."""
        scope.writer.lines(*(f"{self.text(cell)} = {cell.empty}" for cell in self.cells))
        self.different.drop(scope.writer)

    def copy(self, scope: RecognizeScope, target: str, source: str) -> None:
        """Write the copying of all cells from thread to thread."""
        for cell in self.cells:
            scope.writer.line(f"{self.text(cell, target)} = {self.text(cell, source)}")

    def equal(self, left: str, right: str) -> str:
        """Return the condition that two threads know the same."""
        tests = []
        for cell in self.cells:
            pair = [self.text(cell, thread) for thread in (left, right)]
            if cell.dtype == "f64":
                pair = [f"bits_of_f64({text})" for text in pair]
            tests.append(f"{pair[0]} == {pair[1]}")
        return " and ".join(tests) or "1 == 1"

    def bind(self, scope: RecognizeScope, variable: str | int) -> None:
        """Write the binding of the row of `scope` to a variable: its number, or the kernel text of it."""
        unions = {c.variable for c in self.captures} | set(self.counts)
        by_members: dict[tuple[str, ...], list[str]] = {}
        for name in sorted(unions):
            by_members.setdefault(self.node.members(name), []).append(name)
        for members, names in by_members.items():
            test = self.test(variable, members)
            if test is None:
                continue
            if test:
                with scope.writer.block(f"if {test}:"):
                    self._bind_unions(scope, names, variable)
            else:
                self._bind_unions(scope, names, variable)
        self.slots.bind(scope, variable)
        self.different.bind(scope, variable)

    def test(self, variable: str | int, members: tuple[str, ...]) -> str | None:
        """Return the condition that a variable number is one of a union: empty if it always is, None if never."""
        if len(members) == len(self.node.variables):
            return ""
        numbers = [n for n, v in enumerate(self.node.variables) if v.name in members]
        if isinstance(variable, int):
            return "" if variable in numbers else None
        return " or ".join(f"{variable} == {n}" for n in numbers)

    def _bind_unions(self, scope: RecognizeScope, names: list[str], variable: str | int) -> None:
        writer = scope.writer
        for name in names:
            found = [
                (key, cell) for key, (cell, _) in self.captures.items() if key.variable == name
            ]
            # Of the last ones the oldest comes first: each takes the value of the next before that changes.
            for key, cell in sorted(found, key=lambda f: (f[0].which, -f[0].offset)):
                target = self.text(cell)
                if key.which == "first":
                    with writer.block(f"if {self.text(self.count(name))} == {key.offset}:"):
                        writer.line(f"{target} = {self._own(scope, key, variable)}")
                elif key.offset == 0:
                    writer.line(f"{target} = {self._own(scope, key, variable)}")
                else:
                    newer = Capture(key.variable, key.name, key.which, key.offset - 1)
                    writer.line(f"{target} = {self.text(self.captures[newer][0])}")
            if name in self.counts:
                count = self.text(self.counts[name])
                writer.line(f"{count} = {count} + 1")

    def _own(self, scope: RecognizeScope, key: Capture, variable: str | int) -> str:
        if key.name == CLASSIFIER:
            return f"constants[{variable}]"
        return scope.buffered(key.name).text
