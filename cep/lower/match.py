"""From a MATCH node of the plan to its operator and the picture of its automaton."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen.match.kernel import match_kernel
from cep.graph.graph import Automaton, OperatorKind, OperatorSpec
from cep.pattern.picture import picture

if TYPE_CHECKING:
    from cep.plan.nodes import Match


def lower_match(node: Match, rule: str) -> tuple[OperatorSpec, Automaton]:
    """Return the operator of a MATCH and its automaton as a picture; `rule` names the kernel."""
    kernel = match_kernel(node, rule)
    operator = OperatorSpec(
        OperatorKind.OBSERVED_MATCH if node.observed else OperatorKind.MATCH,
        kernel.spec,
        node.schema,
        hidden=kernel.hidden,
        description=f"match of {', '.join(kernel.automaton.steps)}",
    )
    return operator, picture(node, kernel.automaton)
