"""Part of the kernel of a MATCH: one row of output for a match, or for a run that ended by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import ORIGIN
from cep.codegen.loop import counted, store
from cep.graph.kernel import PORT
from cep.plan.expressions import Column, Meta
from cep.plan.tree import walk
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.match.parts import Parts
    from cep.plan.nodes import Match

STEP = Meta("match_step", Type.STRING)
STATE = Meta("match_state", Type.STRING)
REASON = Meta("match_reason", Type.STRING)
ENDED_PORT = 1
"""The port by which the rows of runs leave that ended by time; matches leave by port 0."""


def hidden_columns(node: Match) -> tuple[tuple[str, Type], ...]:
    """Return the hidden columns of a MATCH: where the first bound event stands, and the port if there are two."""
    return (*ORIGIN, (PORT, Type.INT)) if node.timeouts else ORIGIN


@dataclass(frozen=True, slots=True)
class OutputArrays:
    """The arrays of the output columns: keys and measures or what is made of them, hidden columns."""

    keys: tuple[str, ...]
    measures: tuple[str, ...]
    rows: tuple[str, ...]
    hidden: tuple[str, ...]


class Emitter:
    """Writes rows of output: keys, measures, and the hidden columns."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        layout = parts.layout
        node = parts.node
        keys = [*zip(node.key_names, parts.keys.types, strict=True)]
        measures = [(item.name, item.value.type) for item in node.measures]
        rows = [(item.name, item.value.type) for item in node.rows]
        if rows:
            keys, measures = [], []
        named = [
            tuple(layout.output(*column) for column in part)
            for part in (keys, measures, rows, hidden_columns(node))
        ]
        self.arrays = OutputArrays(*named)

    def emit(
        self, ts: str, cause: str, end: str, *, port: int = 0, state: str = "", reason: str = ""
    ) -> None:
        """Write the output row of run `r` of key `slot`.

        ts: the instant T. cause: a row of the merged input or a CAUSE_ constant. end: the instant of the
        last bound event. port: by which the row leaves. state, reason: MATCH_STATE() and MATCH_REASON().
        """
        parts = self.parts
        writer = parts.writer
        writer.line("n_out = ctl[3]")
        writer.lines(f"out_ts[n_out] = {ts}", f"out_cause[n_out] = {cause}")
        for number, array in enumerate(self.arrays.keys):
            writer.line(f"{array}[n_out] = {parts.keys.value(number).text}")
        scope = parts.scope
        scope.variable = None
        scope.facts = {
            "match_start": "run_start[r]",
            "match_end": f"{end}",
            "match_duration": f"({end} - run_start[r])",
            "match_number": self._number(),
            "time": ts,
            "classifier": "run_class[r]",
        }
        read = {item.value for item in parts.node.measures}
        if STEP in read:
            scope.facts["match_step"] = "step"
            self._find_step(port)
        for leaf, told in ((STATE, state), (REASON, reason)):
            if leaf in read:
                scope.facts[leaf.what] = parts.layout.constant(told) if told else "(-1)"
        if parts.node.rows:
            self._rows()
        else:
            for item, array in zip(parts.node.measures, self.arrays.measures, strict=True):
                store(array, item.value, scope)
        scope.facts = {}
        for array, value in zip(
            self.arrays.hidden, ("run_stream[r]", "run_seq[r]", str(port)), strict=False
        ):
            writer.line(f"{array}[n_out] = {value}")
        writer.line("ctl[3] = n_out + 1")

    def _number(self) -> str:
        """Return the kernel text of MATCH_NUMBER(): matches are numbered when they are complete."""
        if self.parts.node.grows:
            return "run_match[r]"
        return f"({self.parts.register('runs_matched')} + 1)"

    def _find_step(self, port: int) -> None:
        """Write the finding of the step that run `r` awaits: `step` is its code, -1 if there is none."""
        parts = self.parts
        writer = parts.writer
        writer.line("step = -1")
        if port != ENDED_PORT:
            return
        for number, state in parts.waiting():
            if not state.awaits:
                continue
            with writer.block(f"if run_state[r] == {number}:"):
                operands = [m for m in state.moves if m.fill is not None and m.fill.start is None]
                if not operands:
                    writer.line(f"step = {parts.layout.constant(state.awaits)}")
                for move in reversed(operands):
                    fill = move.fill
                    assert fill is not None
                    with writer.block(f"if (run_missing[r] >> {fill.shift}) & {fill.mask} != 0:"):
                        writer.line(f"step = {parts.layout.constant(move.variable)}")

    def _rows(self) -> None:
        """Write what a row computes of keys and measures."""
        scope, node = self.parts.scope, self.parts.node
        read = {c.name for i in node.rows for c in walk(i.value) if isinstance(c, Column)}
        made = {n: self.parts.keys.value(k) for k, n in enumerate(node.key_names) if n in read}
        made |= {m.name: counted(m.value, scope) for m in node.measures if m.name in read}
        scope.made = made
        for item, array in zip(node.rows, self.arrays.rows, strict=True):
            store(array, item.value, scope)
        scope.made = None
