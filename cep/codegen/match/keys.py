"""Part of the kernel of a MATCH: the partition key of an event, from the columns of its stream.

A slot is taken with the first run of a key and given back with its last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.keys import KeySlots
from cep.codegen.scope import Value
from cep.codegen.texts import FALSE

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.scope import Scope
    from cep.plan.nodes import Match
    from cep.schema import ColumnSpec


class PartitionKeys(KeySlots):
    """The key slots of a MATCH; an event with a NULL key is in no partition unless the rule says so."""

    def __init__(self, node: Match, layout: Layout) -> None:
        self.node = node
        types = [column.type for column in self._columns(0)]
        super().__init__(layout, types, shrinks=True)

    def _columns(self, source: int) -> list[ColumnSpec]:
        """Return the partition columns of an input; their types are the same in all inputs."""
        schema = self.node.inputs[source].schema
        found = [schema.find(names[source]) for names in self.node.partition]
        return [column for column in found if column is not None]

    def load_row(self, scope: Scope, source: int, row: str) -> None:
        """Write `key0 = ..` for a row of input `source`, and `in_partition = 0` if one is NULL."""
        grouped = self.node.group_null_keys
        values = [
            Value(
                f"{self.layout.column(source, column.name, column.type)}[{row}]",
                column.type,
                nullable=not column.not_null,
            )
            for column in self._columns(source)
        ]
        is_null = self.load(scope, values, grouped=grouped)
        if is_null != FALSE and not grouped:
            with scope.writer.block(f"if {is_null}:"):
                scope.writer.line("in_partition = 0")

    def may_miss(self) -> bool:
        """Return whether some event may be in no partition."""
        if self.node.group_null_keys:
            return False
        sources = range(len(self.node.inputs) - self.node.watched)
        return any(not column.not_null for source in sources for column in self._columns(source))
