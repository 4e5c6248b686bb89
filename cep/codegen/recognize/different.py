"""Part of the kernel of a MATCH_RECOGNIZE: COUNT(DISTINCT ..) over the rows of the match that is being written.

The different values of each such measure stand in one hash index (`run_values`), which the walk over the rows of a
match fills and the end of the walk empties; so the memory is that of the longest match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen import conditions, forms
from cep.codegen.scope import Value
from cep.codegen.texts import TRUE, null_test
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.recognize.cells import Cell, Cells
    from cep.codegen.recognize.scope import RecognizeScope
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Aggregate, Expr


@dataclass(frozen=True, slots=True)
class DifferentUse:
    """A set of values: what is added, by rows of which variables."""

    arg: Expr
    filter: Expr | None
    variables: tuple[str, ...]


class Different:
    """The sets of values of the match being written; each has a number and the local with its size."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.layout = cells.layout
        self.sets: dict[DifferentUse, tuple[int, Cell]] = {}
        self.at = -1
        self.indexed = ""

    def need(self, aggregate: Aggregate) -> None:
        """Add the set an aggregate counts, and with the first one the pools."""
        use = _use_of(aggregate)
        if use in self.sets:
            return
        if not self.sets:
            self._pools()
        number = len(self.sets)
        self.sets[use] = (number, self.cells.add(f"different{number}", "i64", 0))

    def _pools(self) -> None:
        layout = self.layout
        self.at = layout.register_number("values_free", -1)
        layout.register("values_used")
        layout.register("values_live")
        self.indexed = layout.register("value_index_cells")
        layout.pool("values", 256)
        layout.pool("value_index", 1024, rehash=True)
        layout.pool("value_sets", 1)
        layout.state("value_chain", "i32", "values", fill=-1)
        layout.state("value_words", "i64", "values", width=3)
        layout.state("value_next", "i64", "values", fill=-1)
        layout.state("value_index", "i32", "value_index", fill=-1)
        layout.state("match_values", "i64", "value_sets", fill=-1)

    @property
    def _capacity(self) -> str:
        return self.layout.capacity("value_index")

    def enter(self, writer: Writer) -> None:
        """Write what is done at the start of a call: rebuild the index after it has grown."""
        if not self.sets:
            return
        rebuild = self.layout.use("hash_index", "rebuild_index")
        with writer.block(f"if {self.indexed} != {self._capacity}:"):
            writer.line(
                f"{rebuild}(value_index, {self._capacity}, value_words, 3, value_chain, "
                f"reg[{self.at + 1}])"
            )
            writer.line(f"{self.indexed} = {self._capacity}")

    def room(self, writer: Writer, rows: str) -> None:
        """Write the test that every one of `rows` rows can add a value to every set; it leaves the loop around it."""
        if not self.sets:
            return
        writer.line(f"most_values = {rows} * {len(self.sets)} + 1")
        for pool, test in (
            ("values", f"most_values > {self.layout.capacity('values')}"),
            ("value_index", f"2 * most_values > {self._capacity}"),
        ):
            with writer.block(f"if {test}:"):
                writer.lines(f"status = {self.layout.full(pool)}", "break")

    def drop(self, writer: Writer) -> None:
        """Write the emptying of all sets."""
        if self.sets:
            drop = self.layout.use("run_values", "drop_values")
            writer.line(
                f"{drop}(reg, {self.at}, value_chain, value_words, value_next, value_index, "
                f"{self._capacity}, match_values, 0)"
            )

    def value(self, aggregate: Aggregate) -> Value | None:
        """Return the number of different values so far, None for any other aggregate."""
        if not counts_different(aggregate):
            return None
        _, cell = self.sets[_use_of(aggregate)]
        return Value(self.cells.text(cell), Type.INT, nullable=False)

    def bind(self, scope: RecognizeScope, variable: str | int) -> None:
        """Write the adding of the row of the scope to every set of its variable."""
        for use, (number, cell) in self.sets.items():
            add = self.layout.use("run_values", "add_value")
            test, word = self._word(use, scope)
            own = self.cells.test(variable, use.variables)
            if own is None:
                continue
            with scope.writer.block(f"if {f'({own}) and ' if own else ''}{test}:"):
                count = self.cells.text(cell)
                scope.writer.line(
                    f"{count} = {count} + {add}(reg, {self.at}, value_chain, value_words, "
                    f"value_next, value_index, {self._capacity}, match_values, 0, {number}, {word})"
                )

    def _word(self, use: DifferentUse, scope: RecognizeScope) -> tuple[str, str]:
        """Return the condition that the row counts, and its value as an int64 word."""
        tests = [conditions.is_true(use.filter, scope)] if use.filter is not None else []
        value = forms.settled(use.arg, scope)
        kind = "value_f" if use.arg.type is Type.DOUBLE else "value_of"
        x = scope.writer.fresh(kind)
        scope.writer.line(f"{x} = {value.text}")
        if value.nullable:
            tests.append(f"not ({null_test(Value(x, use.arg.type))})")
        word = f"bits_of_f64({x} + 0.0)" if use.arg.type is Type.DOUBLE else x
        return " and ".join(f"({t})" for t in tests) or TRUE, word


def counts_different(aggregate: Aggregate) -> bool:
    """Return whether this is COUNT(DISTINCT ..); MIN and MAX need no set."""
    return aggregate.distinct and aggregate.function.lower() == "count"


def _use_of(aggregate: Aggregate) -> DifferentUse:
    return DifferentUse(aggregate.args[0], aggregate.filter, aggregate.variables)
