"""How deep an AST is nested: what walks it may recurse, so its depth is bounded."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from cep.errors import Problem, Span

DEEPEST_NODE = 150


def depth(node: Any) -> int:
    """Return how deep a node is nested, without recursion."""
    deepest = 0
    waiting = [(node, 1)]
    while waiting:
        part, level = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend((p, level) for p in part)
        elif is_dataclass(part) and not isinstance(part, Span):
            deepest = max(deepest, level)
            waiting.extend((getattr(part, f.name), level + 1) for f in fields(part) if f.compare)
    return deepest


def too_deep(node: Any) -> Problem | None:
    """Return the problem of a node that is nested deeper than `DEEPEST_NODE`, else None."""
    if depth(node) <= DEEPEST_NODE:
        return None
    msg = f"expressions nested more than {DEEPEST_NODE} deep"
    hint = "a long chain of OR can be written with IN ( .. ); else split the rule into several"
    return Problem("CEP105", msg, node.span, hint)
