"""From a Join node of the plan to its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.join.lookup import lookup_kernel
from cep.codegen.join.within import within_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.lower.context import Lowered

if TYPE_CHECKING:
    from cep.lower.context import Context
    from cep.plan.nodes import Join

_KERNELS = {"within": within_kernel, "lookup": lookup_kernel}


def lower_join(node: Join, context: Context) -> Lowered:
    """Return the operator of a join."""
    kernel = _KERNELS[node.kind](node, context.entry)
    description = f"join of {node.owners[0]} and {node.owners[1]}"
    return Lowered((OperatorSpec(OperatorKind.JOIN, kernel, node.schema, description=description),))
