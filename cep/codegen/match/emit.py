"""Part of the kernel of a MATCH: one row of output for a match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import ORIGIN
from cep.codegen.loop import counted, store
from cep.plan.expressions import Column
from cep.plan.tree import walk

if TYPE_CHECKING:
    from cep.codegen.match.parts import Parts

HIDDEN = ORIGIN
"""Where the first bound event of a match stands."""


@dataclass(frozen=True, slots=True)
class OutputArrays:
    """The arrays of the output columns: keys and measures or what is made of them, origin."""

    keys: tuple[str, ...]
    measures: tuple[str, ...]
    rows: tuple[str, ...]
    origin: tuple[str, ...]


class Emitter:
    """Writes rows of output: keys, measures, and the hidden origin of the match."""

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
            for part in (keys, measures, rows, HIDDEN)
        ]
        self.arrays = OutputArrays(*named)

    def emit(self, ts: str, cause: str, end: str) -> None:
        """Write the output row of run `r` of key `slot`.

        ts: the instant T. cause: a row of the merged input or a CAUSE_ constant. end: the instant of the
        last bound event.
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
            "match_number": f"({parts.register('runs_matched')} + 1)",
            "time": ts,
        }
        if parts.node.rows:
            self._rows()
        else:
            for item, array in zip(parts.node.measures, self.arrays.measures, strict=True):
                store(array, item.value, scope)
        scope.facts = {}
        stream, seq = self.arrays.origin
        writer.lines(f"{stream}[n_out] = run_stream[r]", f"{seq}[n_out] = run_seq[r]")
        writer.line("ctl[3] = n_out + 1")

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
