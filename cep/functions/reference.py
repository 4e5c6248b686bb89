"""What every scalar reference shares: NULL for NULL, and NULL for results that are no values."""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING, Any

from cep.types import MAX_I64

if TYPE_CHECKING:
    from collections.abc import Callable


def settle(result: Any) -> Any:
    """Return a result, or None if it is infinite, NaN or an integer outside INT."""
    if isinstance(result, float):
        return result if math.isfinite(result) else None
    if isinstance(result, int) and not -MAX_I64 <= result <= MAX_I64:
        return None
    return result


def strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with NULL for NULL arguments, undefined results and results out of range."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        if any(a is None for a in arguments):
            return None
        try:
            return settle(function(*arguments))
        except (ValueError, OverflowError, ZeroDivisionError):
            return None

    return call


def round_half_away(x: float) -> float:
    """Return the nearest integer as a double, halves away from zero."""
    whole = math.trunc(x)
    if abs(x - whole) >= 0.5:
        whole += 1 if x > 0 else -1
    return math.copysign(float(whole), x)


def truncated(x: float) -> int:
    """Return a double as an integer without its fraction."""
    return math.trunc(x)
