"""Part of the kernel of a MATCH: earlier events of a key, bound or not, for PREV(x, n) in conditions.

For each column that PREV reads, a key keeps its values in the last events of that stream. So a key is known from
its first event on, and its slot is never given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.layout import identifier, kernel_dtype
from cep.codegen.scope import Value
from cep.plan.expressions import Column

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.match.scope import MatchScope
    from cep.plan.expressions import Bound
    from cep.types import Type


class Previous:
    """The values of earlier events that conditions read: input and column to its arrays, the latest event first."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.arrays: dict[tuple[int, str], tuple[Type, list[str]]] = {}

    def __bool__(self) -> bool:
        """Whether any condition reads one."""
        return bool(self.arrays)

    def need(self, bound: Bound, number: int) -> None:
        """Keep the values that a leaf over input `number` reads, and those after them."""
        kind, names = self.arrays.setdefault((number, bound.name), (bound.type, []))
        while len(names) < bound.offset:
            place = len(names) + 1
            name = f"previous{number}_{identifier(bound.name)}_{place}_{len(self.arrays)}"
            null = kind.null
            fill = 0 if null != null else null
            names.append(self.layout.state(name, kernel_dtype(kind), "keys", fill=fill))

    def value(self, bound: Bound, number: int) -> Value:
        """Return the value of an earlier event of key `slot`."""
        kind, names = self.arrays[number, bound.name]
        return Value(f"{names[bound.offset - 1]}[slot]", kind)

    def clear(self, scope: MatchScope) -> None:
        """Write the emptying of the cells of a new key: a cell of a DOUBLE does not begin as NULL."""
        from cep.codegen.texts import null_text

        for kind, names in self.arrays.values():
            for name in names:
                scope.writer.line(f"{name}[slot] = {null_text(kind)}")

    def shift(self, scope: MatchScope, number: int) -> None:
        """Write that the present event of input `number` is the latest of its key from now on."""
        writer = scope.writer
        for (source, column), (kind, names) in self.arrays.items():
            if source != number:
                continue
            for newer, older in zip(names[-2::-1], names[:0:-1], strict=True):
                writer.line(f"{older}[slot] = {newer}[slot]")
            spec = scope.node.inputs[number].schema.find(column)
            not_null = spec is not None and spec.not_null
            own = scope.column(Column(number, column, kind, not_null))
            writer.line(f"{names[0]}[slot] = {own.text}")
