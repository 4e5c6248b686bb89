"""Part of the kernel of a MATCH_RECOGNIZE: aggregates over the rows bound so far.

Every aggregate is a formula over slots (`cep.aggregates`). A slot is a few cells, to which each row bound to one of its
variables is added; in a condition the candidate is added to a copy first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

from cep.aggregates import AGGREGATES
from cep.aggregates.slots import SLOT_KINDS
from cep.codegen import conditions, forms
from cep.codegen.scope import Value
from cep.codegen.texts import null_test, number_text
from cep.plan.expressions import Aggregate, Call, Expr
from cep.types import Type

if TYPE_CHECKING:
    from cep.aggregates.contract import Formula
    from cep.codegen.recognize.cells import Cell, Cells
    from cep.codegen.recognize.scope import RecognizeScope


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot: its kind, what is added to it, and by rows of which variables."""

    kind: str
    arg: Expr | None
    filter: Expr | None
    variables: tuple[str, ...]


def formula_of(aggregate: Aggregate) -> Formula:
    """Return the formula of an aggregate."""
    function = AGGREGATES[aggregate.function.lower()]
    types = tuple(arg.type for arg in aggregate.args)
    return function.formula(types, {name: lit.value for name, lit in aggregate.options})


class CellSlots:
    """The slots of the aggregates over a set of cells, shared where they are equal."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.slots: dict[SlotUse, dict[str, Cell]] = {}

    def _uses(self, aggregate: Aggregate, formula: Formula) -> dict[str, SlotUse]:
        arg = aggregate.args[0] if aggregate.args else None
        if arg is not None and formula.argument not in (None, arg.type):
            arg = Call("to_double", (arg,), Type.DOUBLE, arg.span)
        return {
            use.name: SlotUse(
                use.kind,
                arg if SLOT_KINDS[use.kind].argument else None,
                aggregate.filter,
                aggregate.variables,
            )
            for use in formula.uses
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
        names: dict[str, SimpleNamespace] = {}
        for name, use in self._uses(aggregate, formula).items():
            local = {field: self.cells.text(cell) for field, cell in self.slots[use].items()}
            if aggregate.candidate and scope.variable in use.variables:
                local = self._copied(use, scope)
                self._add(use, local, scope)
            names[name] = SimpleNamespace(**local)
            for module, function in SLOT_KINDS[use.kind].functions:
                scope.layout.use(module, function)
        text = formula.value.format(**names)
        if formula.defined:
            null = number_text(aggregate.type.null)
            text = f"({text} if {formula.defined.format(**names)} else {null})"
        for module, function in formula.functions:
            scope.layout.use(module, function)
        return Value(f"({text})", aggregate.type, infinite=aggregate.type is Type.DOUBLE)

    def bind(self, scope: RecognizeScope, variable: str) -> None:
        """Write the adding of the row of the scope to every slot of its variable."""
        for use, cells in self.slots.items():
            local = {field: self.cells.text(cell) for field, cell in cells.items()}
            test = self.cells.test(variable, use.variables)
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
        tests = []
        x = ""
        if use.filter is not None:
            tests.append(conditions.is_true(use.filter, scope))
        if use.arg is not None:
            value = forms.settled(use.arg, scope)
            x = writer.fresh("x_f" if use.arg.type is Type.DOUBLE else "x_i")
            writer.line(f"{x} = {value.text}")
            if value.nullable:
                tests.append(f"not ({null_test(Value(x, use.arg.type))})")
        lines = kind.add_text(local, x, f"row_ts[{scope.at}]")
        if not tests:
            writer.lines(*lines)
            return
        with writer.block(f"if {' and '.join(tests)}:"):
            writer.lines(*lines)
