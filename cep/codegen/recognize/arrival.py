"""Part of the kernels of a MATCH_RECOGNIZE: what is done first with input row `row`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import conditions
from cep.codegen.scope import Value

if TYPE_CHECKING:
    from cep.codegen.recognize.parts import KernelParts


def pass_filtered(parts: KernelParts) -> None:
    """Write the passing over of a row that does not exist for this node."""
    if parts.node.where is None:
        return
    with parts.writer.block(f"if not ({conditions.is_true(parts.node.where, parts.scope)}):"):
        parts.writer.lines("row = row + 1", "continue")


def find_key(parts: KernelParts) -> None:
    """Write `slot`, that of the row's key, -1 if it has none; leaves the loop for want of room."""
    schema = parts.node.inputs[0].schema
    values = []
    for name in parts.node.partition:
        column = schema.find(name)
        assert column is not None
        text = f"{parts.layout.column(0, name, column.type)}[row]"
        values.append(Value(text, column.type, nullable=not column.not_null))
    parts.keys.load(parts.scope, values, grouped=True)
    parts.keys.find(parts.writer)
