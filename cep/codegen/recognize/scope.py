"""Part of the kernel of a MATCH_RECOGNIZE: where conditions and measures find their leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import forms
from cep.codegen.recognize.rows import RowBuffer
from cep.codegen.scope import Hosted, Leaf, RowScope, Value, refused
from cep.codegen.texts import number_text
from cep.plan.expressions import EVENT, Aggregate, Bound, Column, Meta
from cep.plan.recognition import CLASSIFIER

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.recognize.cells import Cells
    from cep.codegen.recognize.rows import LookBehind
    from cep.codegen.writer import Writer


class RecognizeScope(RowScope):
    """Leaves of the conditions and measures of a MATCH_RECOGNIZE.

    at: kernel text of the buffered row at hand, empty for the row that has just come (input row `row`).
    variable: the variable a candidate is tested for, None in measures. cells: what bound rows are read from.
    facts: kernel text of what MATCH_NUMBER() and the like mean. made: keys, columns and measures by name, while items over
    them are written.
    """

    def __init__(self, layout: Layout, writer: Writer, rows: LookBehind) -> None:
        super().__init__(layout, writer, "row")
        self.rows = rows
        self.at = ""
        self.variable: str | None = None
        self.cells: Cells | None = None
        self.facts: dict[str, str] = {}
        self.made: dict[str, Value] | None = None

    def column(self, column: Column) -> Value:
        """Return a column of the row at hand; in items, a key, column or measure."""
        if self.made is not None:
            return self.made[column.name]
        if self.at:
            return self.buffered(column.name)
        if column.name in self.rows.shifted:
            return self.rows.arriving(column.name)
        number = 0 if column.input == EVENT else column.input
        return super().column(Column(number, column.name, column.type, column.not_null))

    def buffered(self, name: str) -> Value:
        """Return a column of the buffered row at hand."""
        shift = self.rows.shifted.get(name)
        if shift is not None and shift.offset < 0 and isinstance(self.rows, RowBuffer):
            return self.rows.ahead(name, self.at, self.writer)
        return self.rows.cell(name, self.at)

    def row_time(self) -> str:
        """Return the kernel text of the instant of the buffered row at hand."""
        return f"row_ts[{self.at}]"

    def computed(self, hosted: Hosted) -> Value:
        """Return a value that the host computes; it knows the columns of the arriving row only."""
        if self.at or any(c.name in self.rows.shifted for c in hosted.columns):
            what = "a function of the host over several columns of rows bound before"
            raise refused(what, hosted.columns[0], "compute it in a rule before")
        return super().computed(hosted)

    def string_columns(self, leaf: Leaf) -> tuple[tuple[int, str], ...] | None:
        """Return the column the codes of a STRING come from."""
        if isinstance(leaf, Column | Bound):
            shift = self.rows.shifted.get(leaf.name)
            name = leaf.name if shift is None else shift.column
            return ((0, name),) if self.rows.schema.find(name) is not None else None
        return None

    def meta(self, meta: Meta) -> Value:
        """Return a fact about the match."""
        return Value(self.facts[meta.what], meta.type, nullable=False)

    def aggregate(self, aggregate: Aggregate) -> Value:
        """Return the value of an aggregate over the bound rows (and the candidate)."""
        cells = self._cells()
        return cells.different.value(aggregate) or cells.slots.value(aggregate, self)

    def bound(self, bound: Bound) -> Value:
        """Return a column of a bound row; the candidate counts as the last one of its own variables."""
        cells = self._cells()
        missing = number_text(bound.type.null)
        if bound.default is not None:
            missing = forms.settled(bound.default, self).text
        if bound.which == "first":
            return Value(self._first(bound, missing, cells), bound.type)
        if bound.candidate and bound.offset == 0:
            return self.buffered(bound.name)
        offset = bound.offset - bound.candidate
        cell = cells.text(cells.capture(bound, offset))
        if bound.default is None:
            return Value(cell, bound.type)
        count = cells.text(cells.count(bound.variable))
        return Value(f"({cell} if {count} > {offset} else {missing})", bound.type)

    def _first(self, bound: Bound, missing: str, cells: Cells) -> str:
        cell = cells.text(cells.capture(bound, bound.offset))
        if bound.default is None and not bound.candidate:
            return cell
        count = cells.text(cells.count(bound.variable))
        if bound.candidate:
            own = self._own(bound)
            missing = f"({own} if {count} == {bound.offset} else {missing})"
        return f"({cell} if {count} > {bound.offset} else {missing})"

    def _own(self, bound: Bound) -> str:
        """Return the kernel text of what the candidate itself gives for a navigation."""
        if bound.name == CLASSIFIER:
            names = [variable.name for variable in self._cells().node.variables]
            return f"constants[{names.index(self.variable or '')}]"
        return self.buffered(bound.name).text

    def _cells(self) -> Cells:
        if self.cells is None:
            msg = "a condition about the row alone reads bound rows"
            raise AssertionError(msg)
        return self.cells
