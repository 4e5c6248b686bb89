"""What the lowering of one node knows about its rule, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.codegen.select import Identity
    from cep.graph.graph import Automaton, OperatorSpec
    from cep.plan.nodes import RulePlan
    from cep.types import Type


@dataclass(frozen=True, slots=True)
class Context:
    """Where in its rule a node stands.

    number: of its first operator in the chain, from 0. hidden: hidden columns of the node below. identity:
    what ids of matches are made of, while the columns below still have the keys. from_source: the rule
    reads source events only, none made by deadlines.
    """

    rule: RulePlan
    number: int = 0
    hidden: tuple[tuple[str, Type], ...] = ()
    identity: Identity | None = None
    from_source: bool = False

    @property
    def entry(self) -> str:
        """Name of the kernel's function."""
        return self.rule.name if self.number == 0 else f"{self.rule.name}_{self.number + 1}"

    @property
    def hidden_names(self) -> tuple[str, ...]:
        """Names of the hidden columns that travel along."""
        return tuple(name for name, _ in self.hidden)


@dataclass(frozen=True, slots=True)
class Lowered:
    """The operators of a node, and what stands below the next node."""

    operators: tuple[OperatorSpec, ...]
    hidden: tuple[tuple[str, Type], ...] = ()
    identity: Identity | None = None
    automaton: Automaton | None = None
