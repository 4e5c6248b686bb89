"""Part of the kernel of a MATCH: the partition key of an event, from the columns of its stream.

A slot is taken with the first run of a key and given back with its last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.conditions import null_test
from cep.codegen.keys import KeySlots
from cep.codegen.scope import Value
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.plan.nodes import Match


def _types(node: Match) -> tuple[Type, ...]:
    """Return the types of the partition columns; the same in all inputs."""
    schema = node.inputs[0].schema
    found = [schema.find(columns[0]) for columns in node.partition]
    return tuple(column.type for column in found if column is not None)


class Keys(KeySlots):
    """The key slots of a MATCH; an event with a NULL key is in no partition unless the rule says so."""

    def __init__(self, node: Match, layout: Layout) -> None:
        super().__init__(layout, _types(node))
        self.node = node

    @property
    def cheap(self) -> bool:
        """Whether a lookup is a single load."""
        return self.by_code

    def load_row(self, writer: Writer, source: int, row: str) -> None:
        """Write `key0 = ..` for a row of input `source`, and `in_partition = 0` if one is NULL."""
        for number, columns in enumerate(self.node.partition):
            name = columns[source]
            kind = self.types[number]
            column = self.node.inputs[source].schema.find(name)
            cell = f"{self.layout.column(source, name, kind)}[{row}]"
            if kind is Type.DOUBLE:
                # -0.0 is the key 0.0
                writer.line(f"key{number} = bits_of_f64({cell} + 0.0)")
            else:
                writer.line(f"key{number} = {cell}")
            if self.node.group_null_keys or (column is not None and column.not_null):
                continue
            test = null_test(Value(cell if kind is Type.DOUBLE else f"key{number}", kind))
            with writer.block(f"if {test}:"):
                writer.line("in_partition = 0")

    def may_be_null(self) -> bool:
        """Return whether some event may be in no partition."""
        if self.node.group_null_keys:
            return False
        columns = (
            scan.schema.find(names[source])
            for names in self.node.partition
            for source, scan in enumerate(self.node.inputs)
        )
        return any(column is not None and not column.not_null for column in columns)
