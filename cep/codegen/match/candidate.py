"""Part of the kernel of a MATCH: the event at hand, its key, and which variables it fits as far as it alone tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.pattern.gates import leaves
from cep.plan.expressions import Column
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.codegen.match.parts import Condition, Parts


class Candidate:
    """Writes what is known of a row before any run is looked at."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.flags = [condition.flag for condition in parts.conditions.values()]
        parts.layout.register("null_keys")

    def write(self) -> None:
        """Write the key and the flags `fits_<v>`; a row of no partition or that fits nothing is passed over."""
        parts = self.parts
        writer = parts.writer
        nulls = parts.keys.may_miss()
        if nulls:
            writer.line("in_partition = 1")
        if len(parts.node.inputs) == 1:
            parts.keys.load_row(parts.scope, 0, "row")
            self._load_columns(parts.conditions.values())
            self._fits(0)
        else:
            self._by_source()
        if nulls:
            with writer.block("if in_partition == 0:"):
                parts.add_one("null_keys")
                writer.lines("row = row + 1", "continue")

    def skip(self) -> None:
        """Write the passing over of rows before the next deadline whose key has no runs and that start none.

        These are most rows of most streams: in a loop of its own what they need stays in registers. All other
        rows decide the same once more.
        """
        parts = self.parts
        writer, keys = parts.writer, parts.keys
        starters = [parts.conditions[move.variable] for move in parts.automaton.starts]
        one_text_key = keys.by_code and keys.types
        if parts.scope.previous or parts.automaton.before is not None:
            return
        if len(parts.node.inputs) > 1 or not one_text_key or not all(c.alone for c in starters):
            return
        key = parts.layout.column(0, parts.node.partition[0][0], Type.STRING)
        with writer.block(f"while row < rows and {parts.layout.merge('ts')}[row] <= due:"):
            writer.line(f"code = {key}[row]")
            with writer.block("if code < 0:"):
                writer.line("break")
            with writer.block(f"if {keys.map}[code] >= 0:"):
                writer.line("break")
            # Loaded first, so that no branch hangs on which of them is looked at.
            self._load_columns(starters)
            for condition in starters:
                with writer.block(f"if {self._fits_alone(condition, at_once=True)}:"):
                    writer.line("break")
            writer.line("row = row + 1")

    def _fits_alone(self, condition: Condition, *, at_once: bool = False) -> str:
        """Return the test of what a condition says about the event alone; its parts all at once or in order."""
        self.parts.scope.variable = condition.variable
        tests = [conditions.is_true(part, self.parts.scope) for part in condition.alone]
        if len(tests) == 1 or not at_once:
            return " and ".join(f"({test})" for test in tests)
        return " & ".join(f"int({test})" for test in tests) + " != 0"

    def pass_over(self) -> None:
        """Write the passing over of a row that fits nothing, unless strict edges make it count."""
        if not self.parts.automaton.strict and self.parts.node.within_events is None:
            writer = self.parts.writer
            with writer.block(f"if {' and '.join(f'{flag} == 0' for flag in self.flags)}:"):
                writer.lines("row = row + 1", "continue")

    def _by_source(self) -> None:
        """Write the candidate part for several inputs, one branch an input."""
        parts = self.parts
        writer = parts.writer
        writer.line(f"source = {parts.layout.merge('source')}[row]")
        read = len(parts.node.inputs) - parts.node.watched
        if parts.node.watched:
            with writer.block(f"if source >= {read}:"):
                writer.lines("row = row + 1", "continue")
        writer.line(f"j = {parts.layout.merge('row')}[row]")
        for number in range(len(parts.keys.types)):
            writer.line(f"key{number} = 0")
        for flag in self.flags:
            writer.line(f"{flag} = 0")
        for number in range(read):
            word = "if" if number == 0 else "elif"
            with writer.block(f"{word} source == {number}:"):
                parts.keys.load_row(parts.scope, number, "j")
                self._fits(number)

    def _load_columns(self, some: Iterable[Condition]) -> None:
        """Write the loading of the columns that conditions read about the event alone (one input)."""
        columns = {
            leaf
            for condition in some
            for part in condition.alone
            for leaf in leaves(part)
            if isinstance(leaf, Column)
        }
        self.parts.scope.forget()
        self.parts.scope.load(sorted(columns, key=lambda column: column.name))

    def _fits(self, source: int) -> None:
        """Write the flags of the variables of an input."""
        writer = self.parts.writer
        for condition in self.parts.conditions.values():
            if condition.input != source:
                continue
            if not condition.alone:
                writer.line(f"{condition.flag} = 1")
                continue
            writer.line(f"{condition.flag} = 0")
            with writer.block(f"if {self._fits_alone(condition)}:"):
                writer.line(f"{condition.flag} = 1")
