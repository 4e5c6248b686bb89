"""Part of the kernel of a MATCH: a looping first step whose runs are counted together (`cep.pattern.cohort`).

Arrays: `key_total` the events of the step a key has seen, `key_last_<cell>` what runs capture of the last one,
`run_base` the total before a run's first event. The count of a run is `key_total[slot] - run_base[r]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import kernel_dtype
from cep.pattern.cohort import Cohort, cohort_of
from cep.plan.expressions import Column

if TYPE_CHECKING:
    from cep.codegen.match.cells import Cell
    from cep.codegen.match.parts import Parts
    from cep.types import Type


def find_cohort(parts: Parts) -> Cohort | None:
    """Return the cohort of the pattern if runs keep nothing of the step that must be kept run by run."""
    alone = {name for name, condition in parts.conditions.items() if not condition.bound}
    cohort = cohort_of(parts.automaton, alone)
    if cohort is None:
        return None
    cells = parts.scope.cells
    if any(cohort.variable in members for members in parts.scope.subsets.values()):
        return None
    if any(key.variable == cohort.variable and key.offset for key in cells.captures):
        return None
    aggregates = parts.scope.aggregates
    if any(cohort.variable in use.variables for use in aggregates.distinct.sets):
        return None
    for use in aggregates.slots:
        if cohort.variable in use.variables and (use.kind != "rows" or use.filter is not None):
            return None
    return cohort


@dataclass(frozen=True, slots=True)
class _Shared:
    """A captured column of the last event of the step: the run's cell, the key's array, name and type."""

    cell: Cell
    array: str
    name: str
    type: Type


class CohortWriter:
    """Writes what is done for all runs of the cohort at once, and for one that leaves it."""

    def __init__(self, parts: Parts, cohort: Cohort) -> None:
        self.parts = parts
        self.cohort = cohort
        self.state = cohort.state
        layout = parts.layout
        layout.state("key_total", "i64", "keys")
        layout.state("run_base", "i64", "runs")
        self.flag = parts.conditions[cohort.variable].flag
        self.shared = [
            _Shared(
                cell,
                layout.state(f"key_last_{cell.array}", kernel_dtype(kind), "keys"),
                key.name,
                kind,
            )
            for key, (cell, kind) in parts.scope.cells.captures.items()
            if key.variable == cohort.variable and key.which == "last"
        ]

    @property
    def enough(self) -> str:
        """Condition that run `r` has the events it needs."""
        return f"key_total[slot] - run_base[r] >= {self.cohort.low}"

    def count_event(self) -> None:
        """Write the taking of the candidate by all runs of the key that are (still) in the step."""
        writer = self.parts.writer
        with writer.block(f"if {self.flag} == 1:"):
            writer.line("key_total[slot] = key_total[slot] + 1")
            self._share()

    def _share(self) -> None:
        """Write the captures of the candidate that all runs of the step share."""
        scope = self.parts.scope
        number = self.parts.conditions[self.cohort.variable].input
        for shared in self.shared:
            own = scope.column(Column(number, shared.name, shared.type)).text
            self.parts.writer.line(f"{shared.array}[slot] = {own}")

    def start(self) -> None:
        """Write what run `r` needs when the candidate, counted or not, is its first event."""
        writer = self.parts.writer
        self._share()
        writer.line("run_base[r] = key_total[slot] - 1")

    def leave(self) -> None:
        """Write the bringing up to date of run `r`, which leaves the step before the candidate is counted."""
        parts = self.parts
        writer = parts.writer
        writer.line("n_bound = key_total[slot] - run_base[r]")
        for shared in self.shared:
            writer.line(f"{shared.cell.array}[r] = {shared.array}[slot]")
        count = parts.scope.cells.counts.get(self.cohort.variable)
        if count is not None:
            writer.line(f"{count.array}[r] = n_bound")
        for use, cells in parts.scope.aggregates.slots.items():
            if self.cohort.variable in use.variables:
                writer.line(f"{cells['n'].array}[r] = n_bound")
