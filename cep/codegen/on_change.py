"""The kernel of EMIT ON CHANGE OF: a row of a group passes if a value differs from that of the group's last row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.expiry import KeyExpiry
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
    expires = node.ttl_us is not None
    keys = KeySlots(layout, [k.type for k in node.keys], shrinks=expires)
    last = [
        layout.state(f"last{n}", kernel_dtype(v.type), keys.pool) for n, v in enumerate(node.values)
    ]
    expiry = None
    if node.ttl_us is not None:
        expiry = KeyExpiry(layout, keys, node.ttl_us, lambda _, __: None)
    loop.begin(body)
    keys.enter(body)
    time = layout.merge("ts")
    with loop.rows(body, layout):
        if expiry is not None:
            expiry.forget(body, f"{time}[row]")
        keys.look_up(scope, node.keys)
        if expiry is not None:
            expiry.look(body)
        body.line("passes = 0")
        with body.block("if slot < 0:"):
            keys.room(body)
            keys.add(body)
            body.line("passes = 1")
        if expiry is not None:
            expiry.touch(body, f"{time}[row]")
        _compare(node, scope, last)
        with body.block("if passes == 1:"):
            for column in node.schema.columns:
                expr = Column(0, column.name, column.type, column.not_null)
                loop.store(layout.output(column.name, column.type), expr, scope)
            body.lines(f"out_ts[n_out] = {time}[row]", "out_cause[n_out] = row", "n_out += 1")
    if expiry is None:
        loop.end(body)
    else:
        body.line("next_end = MAX_I64")
        expiry.at_end(body, "next_end")
        loop.end(body, next_clock="next_end + 1 if next_end < MAX_I64 else MAX_I64")
    values = ", ".join(expression_text(v) for v in node.values)
    return layout.spec(body, doc=[f"EMIT ON CHANGE OF ({values})"])


def _compare(node: OnChange, scope: SelectScope, last: list[str]) -> None:
    """Write `passes = 1` if a value differs from the last one, and the keeping of all."""
    body = scope.writer
    for number, (value, array) in enumerate(zip(node.values, last, strict=True)):
        present = f"value{number}"
        body.line(f"{present} = {atom(settled(value, scope), scope).text}")
        differs = f"{present} != {array}[slot]"
        if value.type is Type.DOUBLE:  # NULL is NaN
            differs += f" and ({present} == {present} or {array}[slot] == {array}[slot])"
        with body.block(f"if {differs}:"):
            body.line("passes = 1")
        body.line(f"{array}[slot] = {present}")
