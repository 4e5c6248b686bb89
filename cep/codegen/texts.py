"""Kernel text that needs no scope: numbers, NULL and the tests for it, conditions joined."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cep.types import MAX_I64, NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.codegen.scope import Value

TRUE = "1 == 1"
FALSE = "1 == 0"

_NULL_TEXTS = {Type.DOUBLE: "NAN", Type.BOOLEAN: "-1", Type.NULL: "-1"}
_NAMED = {NULL_I64: "NULL_I64", MAX_I64: "MAX_I64"}


def number_text(value: int | float) -> str:
    """Return a number as kernel text that may stand anywhere."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INF" if value > 0 else "(-INF)"
    text = _NAMED.get(value, repr(value)) if isinstance(value, int) else repr(value)
    return f"({text})" if text.startswith("-") else text


def null_text(kind: Type) -> str:
    """Return the kernel text of NULL of a type."""
    return "-1" if kind.is_coded else _NULL_TEXTS.get(kind, "NULL_I64")


def null_test(given: Value) -> str:
    """Return a condition that holds iff a value (without infinities) is NULL."""
    if not given.nullable:
        return FALSE
    match given.type:
        case Type.DOUBLE:
            return f"isnan({given.text})"
        case kind if kind.is_coded or kind in (Type.BOOLEAN, Type.NULL):
            return f"{given.text} < 0"
        case _:
            return f"{given.text} == NULL_I64"


def present(given: Value) -> str:
    """Return a condition that holds iff a value (without infinities) is not NULL."""
    if not given.nullable:
        return TRUE
    match given.type:
        case Type.DOUBLE:
            return f"not isnan({given.text})"
        case kind if kind.is_coded or kind in (Type.BOOLEAN, Type.NULL):
            return f"{given.text} >= 0"
        case _:
            return f"{given.text} != NULL_I64"


def all_of(texts: Iterable[str]) -> str:
    """Return the conjunction of conditions, with constants taken out."""
    parts = list(dict.fromkeys(t for t in texts if t != TRUE))
    if FALSE in parts:
        return FALSE
    return " and ".join(parts) if parts else TRUE


def any_of(texts: Iterable[str]) -> str:
    """Return the disjunction of conditions, in parentheses where it is one."""
    parts = list(dict.fromkeys(t for t in texts if t != FALSE))
    if TRUE in parts:
        return TRUE
    if len(parts) < 2:
        return parts[0] if parts else FALSE
    return "(" + " or ".join(parts) + ")"


def opposite(text: str) -> str:
    """Return the negation of a condition that is never unknown."""
    if text in (TRUE, FALSE):
        return FALSE if text == TRUE else TRUE
    return f"not ({text})"
