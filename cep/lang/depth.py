"""How deep an AST is nested: what walks it may recurse, so its depth is bounded."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from cep.errors import NO_SPAN, Problem, Span

DEEPEST_NODE = 150


def too_deep(node: Any) -> Problem | None:
    """Return the problem of a node nested deeper than `DEEPEST_NODE`, else None; no recursion."""
    waiting = [(node, 1)]
    while waiting:
        part, level = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend((p, level) for p in part)
        elif is_dataclass(part) and not isinstance(part, Span):
            if level > DEEPEST_NODE:
                return _problem(part)
            waiting.extend((getattr(part, f.name), level + 1) for f in fields(part) if f.compare)
    return None


def _problem(node: Any) -> Problem:
    msg = f"nested more than {DEEPEST_NODE} deep"
    hint = "a long chain of OR can be written with IN ( .. ); else split the rule into several"
    return Problem("CEP105", msg, getattr(node, "span", NO_SPAN), hint)
