"""Part of the kernel of a MATCH: aggregates over the events bound so far.

Every aggregate is a formula over slots (`cep.aggregates`). A slot is a few cells of the run, to which each
event bound to one of its variables is added; in a condition the candidate is added to a copy first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

from cep.aggregates import AGGREGATES
from cep.aggregates.slots import SLOT_KINDS
from cep.codegen import conditions, forms
from cep.codegen.match.distinct import RunDistinct
from cep.codegen.scope import Value
from cep.codegen.texts import null_test, number_text
from cep.plan.expressions import Aggregate, Call, Expr
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.aggregates.contract import Formula
    from cep.aggregates.slots import SlotKind
    from cep.codegen.match.cells import Cell, RunCells
    from cep.codegen.match.scope import MatchScope


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot of runs: its kind, what is added to it, and by events of which variables."""

    kind: str
    arg: Expr | None
    filter: Expr | None
    variables: tuple[str, ...]


class RunAggregates:
    """The slots of the aggregates of a MATCH, shared where they are equal."""

    def __init__(self, cells: RunCells, names: tuple[str, ...]) -> None:
        self.cells = cells
        self.names = names
        self.slots: dict[SlotUse, dict[str, Cell]] = {}
        self.distinct = RunDistinct(cells, names)

    def _formula(self, aggregate: Aggregate) -> Formula:
        function = AGGREGATES[aggregate.function.lower()]
        types = tuple(arg.type for arg in aggregate.args)
        return function.formula(types, {name: lit.value for name, lit in aggregate.options})

    def _uses(self, aggregate: Aggregate, formula: Formula) -> dict[str, SlotUse]:
        arg = aggregate.args[0] if aggregate.args else None
        if arg is not None and formula.argument not in (None, arg.type):
            arg = Call("to_double", (arg,), Type.DOUBLE, arg.span)
        variables = aggregate.variables or self.names
        return {
            use.name: SlotUse(
                use.kind,
                arg if SLOT_KINDS[use.kind].argument else None,
                aggregate.filter,
                variables,
            )
            for use in formula.uses
        }

    def need(self, aggregate: Aggregate) -> None:
        """Add the slots an aggregate reads."""
        if _counts_different(aggregate):
            self.distinct.need(aggregate)
            return
        for use in self._uses(aggregate, self._formula(aggregate)).values():
            if use in self.slots:
                continue
            name = f"{use.kind}{len(self.slots)}"
            self.slots[use] = {
                field.name: self.cells.add(f"{name}_{field.name}", field.dtype, field.empty)
                for field in SLOT_KINDS[use.kind].fields
            }

    def value(self, aggregate: Aggregate, scope: MatchScope) -> Value:
        """Return the value of an aggregate, with the candidate of the scope if it belongs there."""
        if _counts_different(aggregate):
            return self.distinct.value(aggregate, scope)
        formula = self._formula(aggregate)
        names: dict[str, SimpleNamespace] = {}
        for name, use in self._uses(aggregate, formula).items():
            cells = self.slots[use]
            if aggregate.candidate and scope.variable in use.variables:
                local = self._copy(use, scope)
                self._add(use, local, scope)
            else:
                local = {field: self.cells.text(cell) for field, cell in cells.items()}
            names[name] = SimpleNamespace(**local)
        text = formula.value.format(**names)
        kind = aggregate.type
        if formula.defined:
            null = number_text(kind.null)
            text = f"({text} if {formula.defined.format(**names)} else {null})"
        for use_ in self._uses(aggregate, formula).values():
            self._imports(SLOT_KINDS[use_.kind], scope)
        for module, function in getattr(formula, "functions", ()):
            scope.layout.use(module, function)
        return Value(f"({text})", kind, infinite=kind is Type.DOUBLE)

    def bind(self, scope: MatchScope) -> None:
        """Write the adding of the candidate to every slot of its variable."""
        self.distinct.bind(scope)
        for use, cells in self.slots.items():
            if scope.variable not in use.variables:
                continue
            local = self._copy(use, scope)
            self._add(use, local, scope)
            for field, cell in cells.items():
                scope.writer.line(f"{cell.array}[{self.cells.run}] = {local[field]}")

    def _copy(self, use: SlotUse, scope: MatchScope) -> dict[str, str]:
        """Write copies of the fields of a slot to locals; return field to local."""
        local = {}
        for field, cell in self.slots[use].items():
            local[field] = scope.writer.fresh(f"with_{cell.array}_")
            scope.writer.line(f"{local[field]} = {self.cells.text(cell)}")
        return local

    def _imports(self, kind: SlotKind, scope: MatchScope) -> None:
        for module, function in kind.functions:
            scope.layout.use(module, function)

    def _add(self, use: SlotUse, local: dict[str, str], scope: MatchScope) -> None:
        """Write the adding of the candidate to the fields in `local`, if it is not NULL and passes FILTER."""
        kind = SLOT_KINDS[use.kind]
        if kind.ranks:
            kind = replace(kind, add=kind.add.replace("rank[", f"{scope.layout.ranks()}["))
        tests = []
        x = ""
        if use.filter is not None:
            tests.append(conditions.is_true(use.filter, scope))
        if use.arg is not None:
            value = forms.settled(use.arg, scope)
            x = scope.writer.fresh("x")
            scope.writer.line(f"{x} = {value.text}")
            if value.nullable:
                tests.append(f"not ({null_test(Value(x, use.arg.type))})")
        lines = kind.add_text(local, x, "ts")
        _guarded(scope, tests, lambda: scope.writer.lines(*lines))


def _counts_different(aggregate: Aggregate) -> bool:
    """Return whether this is COUNT(DISTINCT ..); other aggregates of different values are not allowed."""
    return aggregate.distinct and aggregate.function.lower() == "count"


def _guarded(scope: MatchScope, tests: list[str], write: Callable[[], None]) -> None:
    if not tests:
        write()
        return
    with scope.writer.block(f"if {' and '.join(tests)}:"):
        write()
