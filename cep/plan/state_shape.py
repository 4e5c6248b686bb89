"""What the state of a rule means, as a short text: rules of equal shape may go on with each other's state (ruling 30)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from cep.plan.bind.shapes import parts_within
from cep.plan.expressions import Aggregate, Literal
from cep.plan.nodes import Absent, Gap, Match, Project, Sequence

if TYPE_CHECKING:
    from cep.plan.nodes import Pattern, RulePlan

_CONDITIONS = frozenset(["condition", "where", "having", "qualify", "opens", "closes"])


def state_shape(rule: RulePlan) -> str:
    """Return 32 hex digits that are equal for rules whose state means the same.

    The rules may differ in literals of conditions and of SELECT lists, and in the WITHIN of a MATCH that keeps no
    deadline in its runs. Literals in arguments of aggregates and the sizes of windows are part of what the state is.
    """
    text = repr((rule.output, _form(rule.root), [(b.output, _form(b.root)) for b in rule.branches]))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _form(value: Any, *, free: bool = False) -> Any:
    """Return a part of a plan as nested tuples; free: literals only count by their type."""
    match value:
        case Literal() if free:
            return ("literal", value.type.value)
        case tuple():
            return tuple(_form(part, free=free) for part in value)
        case Aggregate():
            free = False
        case Project():
            free = True
    if not is_dataclass(value) or isinstance(value, type):
        return value
    left_out = {"span", "within_us"} if _is_timeless(value) else {"span"}
    names = [f.name for f in fields(value) if f.name not in left_out]
    inside = ((n, getattr(value, n)) for n in names)
    below = Project if isinstance(value, Project) else None
    return (
        type(value).__name__,
        *(_form(v, free=_frees(n, below, free=free)) for n, v in inside),
    )


def _frees(field: str, node: type | None, *, free: bool) -> bool:
    """Whether literals in a field of a node may change."""
    if node is Project:
        return field == "items"
    return free or field in _CONDITIONS


def _is_timeless(node: Any) -> bool:
    """Whether a node is a MATCH whose WITHIN may change: its runs keep when they began, and no deadline."""
    return (
        isinstance(node, Match)
        and node.within_us is not None
        and node.gap_us is None
        and not node.grows
        and not any(_waits(part) for part in parts_within(node.pattern))
    )


def _waits(part: Pattern) -> bool:
    """Whether a run in this part of a pattern keeps a deadline of its own."""
    if isinstance(part, Sequence):
        return any(isinstance(edge, Gap) for edge in part.edges)
    return isinstance(part, Absent) and part.for_us is not None
