"""Part of the kernel of a MATCH: one row of output for a match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen.layout import ORIGIN
from cep.codegen.loop import store

if TYPE_CHECKING:
    from cep.codegen.match.parts import Parts

HIDDEN = ORIGIN
"""Where the first bound event of a match stands."""


@dataclass(frozen=True, slots=True)
class OutputArrays:
    """The arrays of the output columns: keys, measures, origin."""

    keys: tuple[str, ...]
    measures: tuple[str, ...]
    origin: tuple[str, ...]


class Emitter:
    """Writes rows of output: keys, measures, and the hidden origin of the match."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        layout = parts.layout
        node = parts.node
        keys = [
            layout.output(name, kind)
            for name, kind in zip(node.key_names, parts.keys.types, strict=True)
        ]
        measures = [layout.output(item.name, item.value.type) for item in node.measures]
        origin = [layout.output(name, kind) for name, kind in HIDDEN]
        self.arrays = OutputArrays(tuple(keys), tuple(measures), tuple(origin))

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
        for item, array in zip(parts.node.measures, self.arrays.measures, strict=True):
            store(array, item.value, scope)
        scope.facts = {}
        stream, seq = self.arrays.origin
        writer.lines(f"{stream}[n_out] = run_stream[r]", f"{seq}[n_out] = run_seq[r]")
        writer.line("ctl[3] = n_out + 1")
