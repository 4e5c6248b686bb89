"""Part of the kernel of a MATCH: aggregates over the events bound so far.

Every aggregate is a formula over slots (`cep.aggregates`). A slot is a few cells of the run, to which each
event bound to one of its variables is added; in a condition the candidate is added to a copy first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cep.aggregates.slots import SLOT_KINDS
from cep.codegen.match.distinct import RunDistinct
from cep.codegen.match.ordered import RunOrdered
from cep.codegen.scope import Value
from cep.codegen.slot_uses import SlotNeed, added_values, formula_of, slot_needs, value_text
from cep.codegen.texts import number_text
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.aggregates.contract import Formula
    from cep.aggregates.slots import SlotKind
    from cep.codegen.match.cells import Cell, RunCells
    from cep.codegen.match.scope import MatchScope
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Aggregate


@dataclass(frozen=True, slots=True)
class SlotUse(SlotNeed):
    """A slot of runs: what is added to it, and by events of which variables."""

    variables: tuple[str, ...]


class RunAggregates:
    """The slots of the aggregates of a MATCH, shared where they are equal."""

    def __init__(self, cells: RunCells, names: tuple[str, ...]) -> None:
        self.cells = cells
        self.names = names
        self.slots: dict[SlotUse, dict[str, Cell]] = {}
        self.distinct = RunDistinct(cells, names)
        self.ordered = RunOrdered(cells)

    def _uses(self, aggregate: Aggregate, formula: Formula) -> dict[str, SlotUse]:
        variables = aggregate.variables or self.names
        return {
            name: SlotUse(need.kind, need.args, need.filter, variables)
            for name, need in slot_needs(aggregate, formula).items()
        }

    def need(self, aggregate: Aggregate) -> None:
        """Add the slots an aggregate reads."""
        if _counts_different(aggregate):
            self.distinct.need(aggregate)
            return
        for use in self._uses(aggregate, formula_of(aggregate)).values():
            if use in self.slots:
                continue
            if SLOT_KINDS[use.kind].collects:
                self.ordered.need(use)
            name = f"{use.kind}{len(self.slots)}"
            self.slots[use] = {
                field.name: self.cells.add(f"{name}_{field.name}", field.dtype, field.empty)
                for field in SLOT_KINDS[use.kind].fields
            }

    def value(self, aggregate: Aggregate, scope: MatchScope) -> Value:
        """Return the value of an aggregate, with the candidate of the scope if it belongs there."""
        formula = formula_of(aggregate)
        if _counts_different(aggregate):
            return self._different_value(aggregate, formula, scope)
        for use in self._uses(aggregate, formula).values():
            if use in self.ordered.sets:
                return self._ordered_value(aggregate, formula, use, scope)
        names: dict[str, dict[str, str]] = {}
        for name, use in self._uses(aggregate, formula).items():
            cells = self.slots[use]
            if aggregate.candidate and scope.variable in use.variables:
                local = self._copy(use, scope)
                self._add(use, local, scope)
            else:
                local = {field: self.cells.text(cell) for field, cell in cells.items()}
            names[name] = local
        return self._told(aggregate, formula, names, scope)

    def _told(
        self,
        aggregate: Aggregate,
        formula: Formula,
        names: dict[str, dict[str, str]],
        scope: MatchScope,
    ) -> Value:
        """Return the value of a formula over the fields of its slots."""
        end = scope.facts.get("match_end", "ts")
        text, defined = value_text(formula, names, end=end)
        kind = aggregate.type
        if defined:
            text = f"({text} if {defined} else {number_text(kind.null)})"
        for module, function in formula.functions:
            scope.layout.use(module, function)
        return Value(f"({text})", kind, infinite=kind is Type.DOUBLE)

    def _different_value(self, aggregate: Aggregate, formula: Formula, scope: MatchScope) -> Value:
        """Return the value of an aggregate that reads the number of different values."""
        count = self.distinct.value(aggregate, scope)
        (use,) = formula.uses
        return replace(
            self._told(aggregate, formula, {use.name: {"n": count.text}}, scope), nullable=False
        )

    def _ordered_value(
        self, aggregate: Aggregate, formula: Formula, use: SlotUse, scope: MatchScope
    ) -> Value:
        """Return the value of an aggregate over values in order; the candidate's is among them while it is read."""
        (name,) = self._uses(aggregate, formula)
        value = self._told(aggregate, formula, {name: self.ordered.fields(use)}, scope)
        if not aggregate.candidate or scope.variable not in use.variables:
            return value
        writer = scope.writer
        entry, told = writer.fresh("lent_"), writer.fresh("told_")
        tests, xs = added_values(use.args, use.filter, scope, lambda _: writer.fresh("x"))
        writer.lines(f"{entry} = -1", f"{entry}_stood = -1", f"{entry}_at = 0")
        _guarded(scope, tests, lambda: self.ordered.lend(writer, use, xs, entry))
        writer.line(f"{told} = {value.text}")
        with writer.block(f"if {entry} >= 0:"):
            self.ordered.take_back(writer, use, entry)
        return replace(value, text=told)

    # ------------------------------------------------------------------ what runs keep beside their cells

    def room(self, writer: Writer) -> None:
        """Write the tests that every run of the key and a new one can take one more value."""
        self.distinct.room(writer)
        self.ordered.room(writer)

    def start(self, writer: Writer) -> None:
        """Write that a new run has no values."""
        self.distinct.start(writer)
        self.ordered.start(writer)

    def drop(self, writer: Writer) -> None:
        """Write the giving back of the values of a run."""
        self.distinct.drop(writer)
        self.ordered.drop(writer)

    def bind(self, scope: MatchScope) -> None:
        """Write the adding of the candidate to every slot of its variable."""
        self.distinct.bind(scope)
        for use, cells in self.slots.items():
            if scope.variable not in use.variables:
                continue
            if use in self.ordered.sets:
                self._keep(use, scope)
                continue
            local = self._copy(use, scope)
            self._add(use, local, scope)
            for field, cell in cells.items():
                scope.writer.line(f"{cell.array}[{self.cells.run}] = {local[field]}")

    def _keep(self, use: SlotUse, scope: MatchScope) -> None:
        """Write the adding of the candidate's value to those that the run keeps in order."""
        writer = scope.writer
        tests, xs = added_values(use.args, use.filter, scope, lambda _: writer.fresh("x"))
        _guarded(scope, tests, lambda: self.ordered.add(writer, use, xs))

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
        self._imports(kind, scope)
        if kind.ranks:
            kind = replace(kind, add=kind.add.replace("rank[", f"{scope.layout.ranks()}["))
        tests, xs = added_values(use.args, use.filter, scope, lambda _: scope.writer.fresh("x"))
        lines = kind.add_text(local, xs, "ts")
        _guarded(scope, tests, lambda: scope.writer.lines(*lines))


def _counts_different(aggregate: Aggregate) -> bool:
    """Return whether an aggregate reads the number of different values: COUNT(DISTINCT ..), APPROX_DISTINCT."""
    uses = formula_of(aggregate).uses
    return any(SLOT_KINDS[use.kind].collects == "distinct" for use in uses)


def _guarded(scope: MatchScope, tests: list[str], write: Callable[[], None]) -> None:
    if not tests:
        write()
        return
    with scope.writer.block(f"if {' and '.join(tests)}:"):
        write()
