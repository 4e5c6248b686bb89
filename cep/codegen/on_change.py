"""The kernel of EMIT ON CHANGE OF: a row of a group passes if a value differs from that of the group's last row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.forms import atom, settled
from cep.codegen.keys import KeySlots
from cep.codegen.layout import Layout, kernel_dtype
from cep.codegen.select import SelectScope
from cep.codegen.writer import Writer
from cep.plan.explain_expressions import expression_text
from cep.plan.expressions import Column
from cep.types import Type

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import OnChange


def on_change_kernel(node: OnChange, entry: str) -> KernelSpec:
    """Return the kernel; state: the values of the last row of every group."""
    layout = Layout(entry)
    body = Writer()
    scope = SelectScope(layout, body, None)
    keys = KeySlots(layout, [k.type for k in node.keys])
    last = [
        layout.state(f"last{n}", kernel_dtype(v.type), keys.pool) for n, v in enumerate(node.values)
    ]
    loop.begin(body)
    keys.enter(body)
    with loop.rows(body, layout):
        keys.look_up(scope, node.keys)
        body.line("passes = 0")
        with body.block("if slot < 0:"):
            keys.room(body)
            keys.add(body)
            body.line("passes = 1")
        for number, (value, array) in enumerate(zip(node.values, last, strict=True)):
            present = f"value{number}"
            body.line(f"{present} = {atom(settled(value, scope), scope).text}")
            differs = f"{present} != {array}[slot]"
            if value.type is Type.DOUBLE:  # NULL is NaN
                differs += f" and ({present} == {present} or {array}[slot] == {array}[slot])"
            with body.block(f"if {differs}:"):
                body.line("passes = 1")
            body.line(f"{array}[slot] = {present}")
        with body.block("if passes == 1:"):
            for column in node.schema.columns:
                expr = Column(0, column.name, column.type, column.not_null)
                loop.store(layout.output(column.name, column.type), expr, scope)
            time = layout.merge("ts")
            body.lines(f"out_ts[n_out] = {time}[row]", "out_cause[n_out] = row", "n_out += 1")
    loop.end(body)
    values = ", ".join(expression_text(v) for v in node.values)
    return layout.spec(body, doc=[f"EMIT ON CHANGE OF ({values})"])
