"""Part of the kernel of a MATCH_RECOGNIZE: aggregates over the rows bound so far.

Every aggregate is a formula over slots (`cep.aggregates`). A slot is a few cells, to which each row bound to one of its
variables is added; in a condition the candidate is added to a copy first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cep.aggregates.slots import SLOT_KINDS
from cep.codegen.scope import Value
from cep.codegen.slot_uses import SlotNeed, added_values, formula_of, slot_needs, value_text
from cep.codegen.texts import number_text
from cep.types import Type

if TYPE_CHECKING:
    from cep.aggregates.contract import Formula
    from cep.codegen.recognize.cells import Cell, Cells
    from cep.codegen.recognize.scope import RecognizeScope
    from cep.plan.expressions import Aggregate


@dataclass(frozen=True, slots=True)
class SlotUse(SlotNeed):
    """A slot: what is added to it, and by rows of which variables."""

    variables: tuple[str, ...]


class CellSlots:
    """The slots of the aggregates over a set of cells, shared where they are equal."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.slots: dict[SlotUse, dict[str, Cell]] = {}

    def _uses(self, aggregate: Aggregate, formula: Formula) -> dict[str, SlotUse]:
        return {
            name: SlotUse(need.kind, need.args, need.filter, aggregate.variables)
            for name, need in slot_needs(aggregate, formula).items()
        }

    def need(self, aggregate: Aggregate) -> None:
        """Add the slots an aggregate reads."""
        for use in self._uses(aggregate, formula_of(aggregate)).values():
            if use not in self.slots:
                self.slots[use] = {
                    field.name: self.cells.add(f"{use.kind}_{field.name}", field.dtype, field.empty)
                    for field in SLOT_KINDS[use.kind].fields
                }

    def value(self, aggregate: Aggregate, scope: RecognizeScope) -> Value:
        """Return the value of an aggregate, with the candidate of the scope if it belongs there."""
        formula = formula_of(aggregate)
        names: dict[str, dict[str, str]] = {}
        for name, use in self._uses(aggregate, formula).items():
            local = {field: self.cells.text(cell) for field, cell in self.slots[use].items()}
            if aggregate.candidate and scope.variable in use.variables:
                local = self._copied(use, scope)
                self._add(use, local, scope)
            names[name] = local
            for module, function in SLOT_KINDS[use.kind].functions:
                scope.layout.use(module, function)
        newest = scope.at if scope.variable is not None else "at"
        text, defined = value_text(formula, names, end=f"row_ts[{newest}]")
        if defined:
            text = f"({text} if {defined} else {number_text(aggregate.type.null)})"
        for module, function in formula.functions:
            scope.layout.use(module, function)
        return Value(f"({text})", aggregate.type, infinite=aggregate.type is Type.DOUBLE)

    def bind(self, scope: RecognizeScope, variable: str | int) -> None:
        """Write the adding of the row of the scope to every slot of its variable."""
        for use, cells in self.slots.items():
            local = {field: self.cells.text(cell) for field, cell in cells.items()}
            test = self.cells.test(variable, use.variables)
            if test is None:
                continue
            if test:
                with scope.writer.block(f"if {test}:"):
                    self._add(use, local, scope)
            else:
                self._add(use, local, scope)

    def _copied(self, use: SlotUse, scope: RecognizeScope) -> dict[str, str]:
        """Write copies of the fields of a slot to locals; return field to local."""
        local = {}
        for field, cell in self.slots[use].items():
            local[field] = scope.writer.fresh(f"with_{cell.name}_")
            scope.writer.line(f"{local[field]} = {self.cells.text(cell)}")
        return local

    def _add(self, use: SlotUse, local: dict[str, str], scope: RecognizeScope) -> None:
        """Write the adding of the row to the fields in `local`, if it is not NULL and passes FILTER."""
        writer = scope.writer
        kind = SLOT_KINDS[use.kind]
        if kind.ranks:
            kind = replace(kind, add=kind.add.replace("rank[", f"{scope.layout.ranks()}["))
        tests, xs = added_values(
            use.args,
            use.filter,
            scope,
            lambda kind: writer.fresh("x_f" if kind is Type.DOUBLE else "x_i"),
        )
        lines = kind.add_text(local, xs, scope.row_time())
        if not tests:
            writer.lines(*lines)
            return
        with writer.block(f"if {' and '.join(tests)}:"):
            writer.lines(*lines)
