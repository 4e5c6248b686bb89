"""Part of the kernel of a MATCH_RECOGNIZE: one row of output, whatever it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.layout import ORIGIN
from cep.codegen.loop import counted, store
from cep.plan.expressions import Column, Meta
from cep.plan.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.recognize.parts import KernelParts
    from cep.codegen.scope import Value
    from cep.plan.recognition import RowMeasure


class Output:
    """The output arrays: keys, columns of the row and measures, or the items over them; the hidden origin."""

    def __init__(self, parts: KernelParts) -> None:
        self.parts = parts
        node, layout = parts.node, parts.layout
        types = {c.name: c.type for c in node.inputs[0].schema.columns}
        named = [*zip(node.partition, parts.keys.types, strict=True)]
        named += [(name, types[name]) for name in node.columns]
        named += [(m.name, m.value.type) for m in node.measures]
        if node.items:
            named = [(i.name, i.value.type) for i in node.items]
        self.arrays = [layout.output(name, kind) for name, kind in named]
        self.origin = [layout.output(name, kind) for name, kind in ORIGIN]
        if self.numbered:
            layout.state("key_matches", "i64", "keys")

    @property
    def numbered(self) -> bool:
        """Whether some measure is MATCH_NUMBER()."""
        return any(is_number(m) for m in self.parts.node.measures)

    def facts(self, ts: str) -> None:
        """Say what MATCH_NUMBER() and TIME() are in a row of output."""
        number = "key_matches[slot]" if self.numbered else "0"
        self.parts.scope.facts = {"match_number": number, "time": ts}

    def row(
        self,
        ts: str,
        cause: str,
        seq: str,
        *,
        column: Callable[[str], Value],
        measure: Callable[[int, RowMeasure], Value | None],
    ) -> None:
        """Write row `n_out` of output for key `slot`.

        ts: the instant T. cause: a row of the merged input or a CAUSE_ constant. seq: of the row where the match
        starts. column, measure: the values of a column of the row and of a measure (None: as the scope finds it).
        """
        parts, writer, scope = self.parts, self.parts.writer, self.parts.scope
        node = parts.node
        writer.lines(f"out_ts[n_out] = {ts}", f"out_cause[n_out] = {cause}")
        self.facts(ts)
        read = {c.name for i in node.items for c in walk(i.value) if isinstance(c, Column)}
        wanted = (*node.partition, *node.columns, *(m.name for m in node.measures))
        arrays = {} if node.items else dict(zip(wanted, self.arrays, strict=True))
        made: dict[str, Value] = {}
        for number, name in enumerate(node.partition):
            made[name] = parts.keys.value(number)
        for name in node.columns:
            if arrays or name in read:
                made[name] = column(name)
        for number, given in enumerate(node.measures):
            if arrays or given.name in read:
                value = measure(number, given)
                made[given.name] = counted(given.value, scope) if value is None else value
        for name, array in arrays.items():
            writer.line(f"{array}[n_out] = {made[name].text}")
        if node.items:
            scope.made = made
            for item, array in zip(node.items, self.arrays, strict=True):
                store(array, item.value, scope)
            scope.made = None
        stream, number_array = self.origin
        writer.lines(f"{stream}[n_out] = 0", f"{number_array}[n_out] = {seq}")


def is_number(measure: RowMeasure) -> bool:
    """Whether a measure is MATCH_NUMBER()."""
    return isinstance(measure.value, Meta) and measure.value.what == "match_number"
