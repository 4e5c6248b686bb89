"""Part of the kernel of a MATCH: where conditions and measures find their leaves.

The candidate is the present row; bound events are the cells of the run at hand (`r`), or the empty values
of a run that is about to start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import forms
from cep.codegen.match.aggregates import RunAggregates
from cep.codegen.match.cells import RunCells
from cep.codegen.match.previous import Previous
from cep.codegen.scope import Leaf, RowScope, Value
from cep.codegen.texts import number_text
from cep.plan.expressions import EVENT, Aggregate, Bound, Column, Meta

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.plan.nodes import Match


class MatchScope(RowScope):
    """Leaves of the conditions and measures of a MATCH.

    variable: the variable the candidate is tested for or bound to (None in measures). gates: cells that
    stand for a captured value while the test of a gate is written. start, end, number: kernel text of what
    MATCH_START() .. mean, set while a row of output is written. made: keys and measures by name, while the rows
    over them are written.
    """

    def __init__(self, node: Match, layout: Layout, writer: Writer, row: str) -> None:
        super().__init__(layout, writer, row)
        self.node = node
        self.inputs = {variable.name: variable.input for variable in node.variables}
        self.subsets = {subset.name: subset.variables for subset in node.subsets}
        self.cells = RunCells(layout)
        self.previous = Previous(layout)
        self.aggregates = RunAggregates(self.cells, tuple(self.inputs))
        self.variable: str | None = None
        self.gates: dict[Bound, str] = {}
        self.facts: dict[str, str] = {}
        self.made: dict[str, Value] | None = None

    def need(self, leaf: Leaf) -> None:
        """Make runs keep what a leaf reads."""
        if isinstance(leaf, Bound) and leaf.which == "prev":
            self.previous.need(leaf, self.inputs[leaf.variable])
        elif isinstance(leaf, Bound):
            self.cells.need(leaf)
        elif isinstance(leaf, Aggregate):
            self.aggregates.need(leaf)

    def column(self, column: Column) -> Value:
        """Return a column of the candidate; in rows over a match, a key or measure."""
        if self.made is not None:
            return self.made[column.name]
        if column.input == EVENT:
            number = self.inputs[self.variable] if self.variable is not None else 0
            spec = self.node.inputs[number].schema.find(column.name)
            not_null = spec is not None and spec.not_null
            column = Column(number, column.name, column.type, not_null)
        return super().column(column)

    def meta(self, meta: Meta) -> Value:
        """Return the instant of the candidate, or a fact about the match that is being written."""
        text = self.facts.get(meta.what, "ts")
        return Value(text, meta.type, nullable=False)

    def aggregate(self, aggregate: Aggregate) -> Value:
        """Return the value of an aggregate over the bound events (and the candidate)."""
        return self.aggregates.value(aggregate, self)

    def string_columns(self, leaf: Leaf) -> tuple[tuple[int, str], ...] | None:
        """Return the columns the codes of a captured string come from."""
        if isinstance(leaf, Bound):
            owners = self.subsets.get(leaf.variable, (leaf.variable,))
            return tuple(dict.fromkeys((self.inputs[owner], leaf.name) for owner in owners))
        if isinstance(leaf, Column) and leaf.input == EVENT and self.variable is not None:
            return ((self.inputs[self.variable], leaf.name),)
        return super().string_columns(leaf)

    def bound(self, bound: Bound) -> Value:
        """Return a column of a bound event."""
        if bound.which == "prev":
            return self.previous.value(bound, self.inputs[bound.variable])
        if bound in self.gates:
            return Value(self.gates[bound], bound.type, nullable=False)
        missing = number_text(bound.type.null)
        if bound.default is not None:
            missing = forms.settled(bound.default, self).text
        text = self._first(bound, missing) if bound.which == "first" else self._last(bound, missing)
        return Value(text, bound.type)

    def _own(self, bound: Bound) -> str:
        """Return the candidate's column that a leaf counts as a bound one."""
        variable = bound.variable if self.variable is None else self.variable
        return self.column(Column(self.inputs[variable], bound.name, bound.type)).text

    def _last(self, bound: Bound, missing: str) -> str:
        if bound.candidate and bound.offset == 0:
            return self._own(bound)
        offset = bound.offset - bound.candidate
        cell = self.cells.text(self.cells.capture(bound, offset))
        if bound.default is None:
            return cell
        count = self.cells.text(self.cells.count(bound.variable))
        return f"({cell} if {count} > {offset} else {missing})"

    def _first(self, bound: Bound, missing: str) -> str:
        cell = self.cells.text(self.cells.capture(bound, bound.offset))
        if bound.default is None and not bound.candidate:
            return cell
        count = self.cells.text(self.cells.count(bound.variable))
        if bound.candidate:
            missing = f"({self._own(bound)} if {count} == {bound.offset} else {missing})"
        return f"({cell} if {count} > {bound.offset} else {missing})"

    def bind(self, *, starting: bool) -> None:
        """Write the binding of the candidate to `self.variable`: what the run keeps of it."""
        variable = self.variable
        if variable is None:
            return
        self._bind_to(variable, variable, starting=starting)
        for name, members in self.subsets.items():
            if variable in members:
                self._bind_to(name, variable, starting=starting)
        self.aggregates.bind(self)

    def _bind_to(self, owner: str, variable: str, *, starting: bool) -> None:
        """Write what is kept under the name of `owner`, the variable itself or a subset it is in."""
        run = self.cells.run
        count = self.cells.counts.get(owner)
        for key, cell, kind in self.cells.captures_of(owner):
            own = self.column(Column(self.inputs[variable], key.name, kind)).text
            target = f"{cell.array}[{run}]"
            if key.which == "first":
                if starting and key.offset == 0:
                    self.writer.line(f"{target} = {own}")
                elif not starting:
                    self._bind_first(owner, target, own, key.offset)
            elif key.offset == 0:
                self.writer.line(f"{target} = {own}")
            elif not starting:
                newer = Bound(owner, key.name, kind)
                source = self.cells.capture(newer, key.offset - 1)
                self.writer.line(f"{target} = {source.array}[{run}]")
        if count is not None:
            before = "0" if starting else f"{count.array}[{run}]"
            self.writer.line(f"{count.array}[{run}] = {before} + 1")

    def _bind_first(self, variable: str, target: str, own: str, offset: int) -> None:
        count = self.cells.counts.get(variable)
        if count is None:
            msg = f"runs do not count the events of {variable}"
            raise AssertionError(msg)
        with self.writer.block(f"if {count.array}[{self.cells.run}] == {offset}:"):
            self.writer.line(f"{target} = {own}")
