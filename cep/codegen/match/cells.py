"""Part of the kernel of a MATCH: what a run remembers of its events, as cells of the run pool.

Only what a later condition or a measure reads is kept: captured columns (`a.x`, `LAST(a.x, 2)`,
`FIRST(a.x)`), the number of events of a variable, and the slots of aggregates over bindings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import identifier
from cep.codegen.texts import number_text

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.graph.kernel import Dtype
    from cep.plan.expressions import Bound
    from cep.types import Type

POOL = "runs"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value a run: its array (pool "runs") and its kernel text in a new run."""

    array: str
    empty: str


@dataclass(frozen=True, slots=True)
class Capture:
    """A captured column: the events of `variable` counted from the last or the first one."""

    variable: str
    name: str
    which: str
    offset: int


class RunCells:
    """The cells of a run. `text(cell)` is `array[r]`, or the empty value while `empty` is set.

    Cells are added while the leaves of conditions and measures are collected, before any text is made.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.run = "r"
        self.empty = False
        self.captures: dict[Capture, tuple[Cell, Type]] = {}
        self.counts: dict[str, Cell] = {}
        self._names: set[str] = set()

    def add(self, name: str, dtype: Dtype, empty: float) -> Cell:
        """Add a cell of its own to every run."""
        unique = f"bound_{identifier(name)}"
        while unique in self._names:
            unique += "x"
        self._names.add(unique)
        return Cell(
            self.layout.state(unique, dtype, POOL, fill=0 if math.isnan(empty) else empty),
            number_text(empty),
        )

    def text(self, cell: Cell) -> str:
        """Return the kernel text of a cell of the run at hand."""
        return cell.empty if self.empty else f"{cell.array}[{self.run}]"

    def count(self, variable: str) -> Cell:
        """Return the cell with the number of events bound to a variable."""
        if variable not in self.counts:
            self.counts[variable] = self.add(f"n_{variable}", "i64", 0)
        return self.counts[variable]

    def capture(self, bound: Bound, offset: int) -> Cell:
        """Return the cell of a captured column; those between it and the end are kept too."""
        lowest = 0 if bound.which == "last" else offset
        for place in range(lowest, offset + 1):
            key = Capture(bound.variable, bound.name, bound.which, place)
            if key not in self.captures:
                mark = "" if bound.which == "last" else "_first"
                number = f"_{place}" if place else ""
                name = f"{bound.variable}_{bound.name}{mark}{number}"
                dtype: Dtype = bound.type.kernel_dtype  # type: ignore[assignment]
                self.captures[key] = (self.add(name, dtype, bound.type.null), bound.type)
        return self.captures[Capture(bound.variable, bound.name, bound.which, offset)][0]

    def need(self, bound: Bound) -> None:
        """Add the cells that a leaf of a condition or measure reads."""
        if bound.default is not None:
            self.count(bound.variable)
        if bound.which == "first":
            self.count(bound.variable)
            self.capture(bound, bound.offset)
        elif bound.offset or not bound.candidate:
            self.capture(bound, bound.offset - bound.candidate)

    def captures_of(self, variable: str) -> list[tuple[Capture, Cell, Type]]:
        """Return the captured columns of a variable in the order they must be written.

        Of the last ones the oldest comes first, so that each takes the value of the next before that changes.
        """
        found = [
            (key, cell, kind)
            for key, (cell, kind) in self.captures.items()
            if key.variable == variable
        ]
        return sorted(found, key=lambda f: (f[0].which, -f[0].offset))
