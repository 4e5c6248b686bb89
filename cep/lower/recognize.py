"""From a MATCH_RECOGNIZE node of the plan to its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.layout import ORIGIN
from cep.codegen.recognize.kernel import recognize_kernel
from cep.codegen.recognize.one_pass import one_pass_kernel
from cep.codegen.select import Identity
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.lower.context import Lowered
from cep.pattern.recognize.picture import recognize_picture
from cep.pattern.recognize.program import build_program
from cep.plan.expressions import Column
from cep.plan.recognition_text import row_pattern_text

if TYPE_CHECKING:
    from cep.lower.context import Context
    from cep.plan.recognition import Recognize


def lower_recognize(node: Recognize, context: Context) -> Lowered:
    """Return the operator of a MATCH_RECOGNIZE."""
    program = build_program(node.pattern, {v.name: n for n, v in enumerate(node.variables)})
    kernel = one_pass_kernel(node, program, context.entry)
    operator = OperatorSpec(
        OperatorKind.RECOGNIZE,
        kernel or recognize_kernel(node, program, context.entry),
        node.schema,
        hidden=tuple(name for name, _ in ORIGIN),
        description=f"rows that match {row_pattern_text(node.pattern)}",
    )
    types = {c.name: c.type for c in node.inputs[0].schema.columns}
    identity = Identity(
        context.rule.name,
        context.rule.version,
        tuple(scan.stream for scan in node.inputs),
        tuple(Column(0, name, types[name]) for name in node.partition),
    )
    picture = recognize_picture(node, program)
    # Items do not read MATCH_ID(), and nothing above them does.
    return Lowered((operator,), ORIGIN, None if node.items else identity, picture)
