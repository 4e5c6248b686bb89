"""Part of the kernel of a MATCH: COUNT(DISTINCT ..) over the events bound so far.

Each run keeps the different values of each such aggregate as cells of the pool "values" (`run_values`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen import conditions, forms
from cep.codegen.scope import Value
from cep.codegen.texts import TRUE, null_test
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.match.cells import Cell, RunCells
    from cep.codegen.match.scope import MatchScope
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Aggregate, Expr


@dataclass(frozen=True, slots=True)
class DistinctUse:
    """A set of values: what is added, by events of which variables."""

    arg: Expr
    filter: Expr | None
    variables: tuple[str, ...]


class RunDistinct:
    """The sets of values of runs; each has a number and a count in the run."""

    def __init__(self, cells: RunCells, names: tuple[str, ...]) -> None:
        self.cells = cells
        self.layout = cells.layout
        self.names = names
        self.sets: dict[DistinctUse, tuple[int, Cell]] = {}
        self.at = -1

    def _use(self, aggregate: Aggregate) -> DistinctUse:
        return DistinctUse(aggregate.args[0], aggregate.filter, aggregate.variables or self.names)

    def need(self, aggregate: Aggregate) -> None:
        """Add the set an aggregate counts, and with the first one the pools."""
        use = self._use(aggregate)
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
        layout.pool("values", 256, slots="values_free")
        layout.pool("value_index", 1024, rehash=True, slots="values_free")
        layout.state("value_chain", "i32", "values", fill=-1)
        layout.state("value_words", "i64", "values", width=3)
        layout.state("value_next", "i64", "values", fill=-1)
        layout.state("value_index", "i32", "value_index", fill=-1)
        layout.state("run_values", "i64", "runs", fill=-1)

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

    def room(self, writer: Writer) -> None:
        """Write the test that every run of the key and a new one can add a value to every set."""
        if not self.sets:
            return
        writer.line("most_values = 1")
        with writer.block("if slot >= 0:"):
            writer.line("most_values = key_runs[slot] + 1")
        writer.line(f"most_values = reg[{self.at + 2}] + most_values * {len(self.sets)} + 1")
        for pool, test in (
            ("values", f"most_values > {self.layout.capacity('values')}"),
            ("value_index", f"2 * most_values > {self._capacity}"),
        ):
            with writer.block(f"if {test}:"):
                writer.lines(f"status = {self.layout.full(pool)}", "break")

    def start(self, writer: Writer) -> None:
        """Write the empty sets of a new run."""
        if self.sets:
            writer.line(f"run_values[{self.cells.run}] = -1")
        for _, cell in self.sets.values():
            writer.line(f"{cell.array}[{self.cells.run}] = {cell.empty}")

    def drop(self, writer: Writer) -> None:
        """Write the giving back of the values of a run."""
        if self.sets:
            drop = self.layout.use("run_values", "drop_values")
            writer.line(
                f"{drop}(reg, {self.at}, value_chain, value_words, value_next, value_index, "
                f"{self._capacity}, run_values, {self.cells.run})"
            )

    def value(self, aggregate: Aggregate, scope: MatchScope) -> Value:
        """Return the number of different values, with the candidate's if it belongs there."""
        use = self._use(aggregate)
        number, cell = self.sets[use]
        count = self.cells.text(cell)
        if not aggregate.candidate or scope.variable not in use.variables:
            return Value(count, Type.INT, nullable=False)
        local = scope.writer.fresh("different")
        scope.writer.line(f"{local} = {count}")
        test, word = self._word(use, scope)
        with scope.writer.block(f"if {test}:"):
            if self.cells.empty:
                scope.writer.line(f"{local} = 1")
            else:
                has = self.layout.use("run_values", "has_value")
                scope.writer.line(
                    f"{local} = {local} + 1 - {has}(reg, {self.at}, value_words, value_index, "
                    f"{self._capacity}, {self.cells.run}, {number}, {word})"
                )
        return Value(local, Type.INT, nullable=False)

    def bind(self, scope: MatchScope) -> None:
        """Write the adding of the candidate to every set of its variable."""
        for use, (number, cell) in self.sets.items():
            if scope.variable not in use.variables:
                continue
            add = self.layout.use("run_values", "add_value")
            count = f"{cell.array}[{self.cells.run}]"
            test, word = self._word(use, scope)
            with scope.writer.block(f"if {test}:"):
                scope.writer.line(
                    f"{count} = {count} + {add}(reg, {self.at}, value_chain, value_words, "
                    f"value_next, value_index, {self._capacity}, run_values, {self.cells.run}, "
                    f"{number}, {word})"
                )

    def _word(self, use: DistinctUse, scope: MatchScope) -> tuple[str, str]:
        """Return the condition that the candidate counts, and its value as an int64 word."""
        tests = [conditions.is_true(use.filter, scope)] if use.filter is not None else []
        value = forms.settled(use.arg, scope)
        x = scope.writer.fresh("value_of")
        scope.writer.line(f"{x} = {value.text}")
        if value.nullable:
            tests.append(f"not ({null_test(Value(x, use.arg.type))})")
        word = f"bits_of_f64({x} + 0.0)" if use.arg.type is Type.DOUBLE else x
        return " and ".join(f"({t})" for t in tests) or TRUE, word
