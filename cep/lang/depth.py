"""How deep an AST is nested and how long a CASE or call is: what walks it may recurse, so both are bounded."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from cep.errors import NO_SPAN, Problem, Span
from cep.lang.ast import Call, Case

DEEPEST_NODE = 150
MOST_PARTS = 500  # branches of a CASE, arguments of a call


def too_deep(node: Any) -> Problem | None:
    """Return the problem of a node nested deeper than `DEEPEST_NODE` or of too many parts, else None; no recursion."""
    waiting = [(node, 1)]
    while waiting:
        part, level = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend((p, level) for p in part)
        elif is_dataclass(part) and not isinstance(part, Span):
            if level > DEEPEST_NODE:
                return _problem(part)
            if len(_parts(part)) > MOST_PARTS:
                msg = f"more than {MOST_PARTS} branches or arguments"
                hint = "split it into several, one in the ELSE of the other"
                return Problem("CEP105", msg, getattr(part, "span", NO_SPAN), hint)
            waiting.extend((getattr(part, f.name), level + 1) for f in fields(part) if f.compare)
    return None


def _parts(node: Any) -> tuple[Any, ...]:
    match node:
        case Case():
            return node.whens
        case Call():
            return node.args
        case _:
            return ()


def _problem(node: Any) -> Problem:
    msg = f"nested more than {DEEPEST_NODE} deep"
    hint = "a long chain of OR can be written with IN ( .. ); else split the rule into several"
    return Problem("CEP105", msg, getattr(node, "span", NO_SPAN), hint)
