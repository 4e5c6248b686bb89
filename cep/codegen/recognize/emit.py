"""Part of the kernel of a MATCH_RECOGNIZE: the rows of output of a match, by a walk over the rows it has bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.recognize.output import Output
from cep.codegen.scope import Value
from cep.codegen.texts import null_text

if TYPE_CHECKING:
    from cep.codegen.recognize.parts import Parts
    from cep.plan.recognition import RowMeasure


class Emitter:
    """Writes rows of output: keys, columns of the row (ALL ROWS), measures, and the hidden origin of the match."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.output = Output(parts)

    @property
    def numbered(self) -> bool:
        """Whether some measure is MATCH_NUMBER()."""
        return self.output.numbered

    @property
    def all_rows(self) -> bool:
        """Whether every row of a match gives a row of output."""
        return self.parts.node.rows != "one"

    @property
    def shows_empty(self) -> bool:
        """Whether an empty match gives a row."""
        return self.parts.node.rows != "all_omit_empty"

    # ------------------------------------------------------------ room

    def room(self) -> None:
        """Write the test that the rows of the match `best` have room; it leaves the loop around it."""
        parts, writer = self.parts, self.parts.writer
        different = parts.measures.different
        if self.all_rows or different.sets:
            length = parts.call("row_paths", "path_length", "node_parent", "best")
            writer.line(f"needed = {length} + 1")
        different.room(writer, "needed")
        self.room_for("needed" if self.all_rows else "1")

    def room_for(self, needed: str) -> None:
        """Write the test that rows of output have room."""
        writer, layout = self.parts.writer, self.parts.layout
        with writer.block(f"if ctl[3] + {needed} > {layout.capacity('out')}:"):
            writer.lines(f"status = {layout.full('out')}", "break")

    # ------------------------------------------------------------ a match

    def match(self) -> None:
        """Write the output of match `best` of key `slot` (-1: empty), whose start is row `head`."""
        parts, writer = self.parts, self.parts.writer
        if self.numbered:
            writer.line("key_matches[slot] = key_matches[slot] + 1")
        start = parts.call("row_paths", "path_start", "node_parent", "node_next", "best")
        writer.line(f"start = {start}")
        parts.measures.clear(parts.scope)
        final = self.all_rows and any(m.final for m in parts.node.measures)
        if not self.all_rows or final:
            self._walk(emit=False)
        if not self.all_rows:
            self._row("head", ())
            parts.measures.different.drop(writer)
            return
        for number, measure in enumerate(parts.node.measures):
            if measure.final:
                parts.scope.cells = parts.measures
                self._settle(f"final{number}", measure)
        if final:
            parts.measures.clear(parts.scope)
        with writer.block("if best < 0:"):
            self._empty()
        self._walk(emit=True)
        parts.measures.different.drop(writer)

    def _settle(self, local: str, measure: RowMeasure) -> None:
        from cep.codegen.forms import settled

        self.output.facts("now")
        value = settled(measure.value, self.parts.scope)
        self.parts.writer.line(f"{local} = {value.text}")

    def _empty(self) -> None:
        """Write the row of an empty match in ALL ROWS, where it is shown."""
        if self.shows_empty:
            self._row("head", ())
        else:
            self.parts.writer.line("pass")

    def _walk(self, *, emit: bool) -> None:
        """Write the walk over the rows of the match, which binds each; emit: and writes each as a row of output."""
        parts, writer, scope = self.parts, self.parts.writer, self.parts.scope
        writer.lines("step = start", "at = head")
        with writer.block("while step >= 0:"):
            writer.lines("at = node_row[step]", "variable = state_variable[node_state[step]]")
            scope.at, scope.variable, scope.cells = "at", None, parts.measures
            parts.measures.bind(scope, "variable")
            if emit:
                finals = tuple(n for n, m in enumerate(parts.node.measures) if m.final)
                if any(state.excluded for state in parts.program.states):
                    with writer.block("if state_excluded[node_state[step]] == 0:"):
                        self._row("at", finals)
                else:
                    self._row("at", finals)
            writer.line("step = node_next[step]")

    def _row(self, row: str, finals: tuple[int, ...]) -> None:
        """Write a row of output; `row` is the buffered row its columns come from, `finals` measures that are settled."""
        parts, scope = self.parts, self.parts.scope
        scope.at, scope.variable, scope.cells = row, None, parts.measures

        def measure(number: int, given: RowMeasure) -> Value | None:
            return Value(f"final{number}", given.value.type) if number in finals else None

        parts.writer.line("n_out = ctl[3]")
        self.output.row(
            "now",
            "cause",
            "row_seq[head]",
            column=lambda name: parts.rows.cell(name, row),
            measure=measure,
        )
        parts.writer.line("ctl[3] = n_out + 1")

    # ------------------------------------------------------------ a row of no match

    def unmatched(self, row: str) -> None:
        """Write the row of output of a row that no match has: keys and columns, measures NULL."""
        parts = self.parts
        parts.writer.line("n_out = ctl[3]")
        self.output.row(
            "now",
            "cause",
            f"row_seq[{row}]",
            column=lambda name: parts.rows.cell(name, row),
            measure=lambda _, given: Value(null_text(given.value.type), given.value.type),
        )
        parts.writer.line("ctl[3] = n_out + 1")
