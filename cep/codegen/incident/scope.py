"""Part of the kernel of an incident: where state columns, keys and event columns are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.layout import identifier, kernel_dtype
from cep.codegen.scope import RowScope, Value
from cep.codegen.texts import null_text
from cep.plan.expressions import Column, Meta, State
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.keys import KeySlots
    from cep.codegen.layout import Layout
    from cep.codegen.scope import Leaf
    from cep.codegen.writer import Writer
    from cep.plan.nodes import Incident


class IncidentScope(RowScope):
    """Event columns at row `j`, state columns and keys of the incident in `slot`, T in `now`.

    While `opening` is the number of an input, there is no incident yet: state columns are NULL and keys are
    those of the event.
    """

    def __init__(self, node: Incident, layout: Layout, writer: Writer, keys: KeySlots) -> None:
        super().__init__(layout, writer, row="j")
        self.node = node
        self.keys = keys
        self.opening: int | None = None
        self.states = {
            column.name: layout.state(
                f"state_{identifier(column.name)}",
                kernel_dtype(column.type),
                "keys",
                fill=column.type.null,
            )
            for column in node.state
        }

    def state(self, state: State) -> Value:
        """Return a state or key column as it was before the clause."""
        if state.name in self.states:
            if self.opening is not None:
                return Value(null_text(state.type), state.type)
            return Value(f"{self.states[state.name]}[slot]", state.type)
        if self.opening is not None:
            return self.column(self.key_column(self.opening, state.name))
        key = self.keys.value(self.node.keys.index(state.name))
        return Value(key.text, key.type, nullable=False)

    def meta(self, meta: Meta) -> Value:
        """Return T of the event."""
        if meta.what == "time":
            return Value("now", Type.TIMESTAMP, nullable=False)
        return super().meta(meta)

    def key_column(self, number: int, name: str) -> Column:
        """Return a key as a column of an input."""
        column = self.node.inputs[number].schema.find(name)
        if column is None:
            msg = f"input {number} has no key column {name}"
            raise AssertionError(msg)
        return Column(number, name, column.type, column.not_null)

    def string_columns(self, leaf: Leaf) -> tuple[tuple[int, str], ...] | None:
        """Return the columns a stored string was taken from; None if it may come from elsewhere."""
        if not isinstance(leaf, State):
            return super().string_columns(leaf)
        if leaf.name not in self.states:
            return tuple((number, leaf.name) for number in range(len(self.node.inputs)))
        found: dict[tuple[int, str], None] = {}
        for clause in self.node.clauses:
            for item in clause.sets:
                if item.name != leaf.name:
                    continue
                if not isinstance(item.value, Column):
                    return None
                found[item.value.input, item.value.name] = None
        return tuple(found)
