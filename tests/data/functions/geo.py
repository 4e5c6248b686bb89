"""Functions that rules of the cases call: some of pure arithmetic, some that only Python can run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cep import vectorized

if TYPE_CHECKING:
    from datetime import datetime, timedelta

EARTH_KM = 6371.0


def haversine_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Length of the great circle between two places in degrees."""
    south, north = math.radians(lat1), math.radians(lat2)
    across = math.sin(math.radians(lon2 - lon1) / 2) ** 2
    h = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * across
    return 2 * EARTH_KM * math.asin(math.sqrt(h))


def clamped(x: float, low: float, high: float) -> float:
    """`x`, moved into a range."""
    if x < low:
        return low
    return high if x > high else x


def share(part: float, whole: float) -> float:
    """A quotient; 0 for what is not positive, but no value where there is nothing to divide by."""
    quotient = part / whole
    return quotient if part > 0 else 0.0


def digits(text: str) -> str:
    """The digits of a text."""
    return "".join(c for c in text if c.isdigit())


def picky(n: int) -> Any:
    """A function that goes wrong in three ways."""
    if n == 1:
        msg = "not this one"
        raise LookupError(msg)
    if n == 2:
        return "two"
    return None if n == 3 else n * 10


def later(at: datetime, by: timedelta) -> datetime:
    """A time and some time after it."""
    return at + by


def is_noon(at: datetime) -> bool:
    """Whether a time is in the hour after noon."""
    return at.hour == 12


@vectorized
def halved(n: Any, text: Any) -> Any:
    """Half of what is above 2; the length of the text for what is not."""
    lengths = np.array([len(t) for t in text], np.int64)
    return np.where(n > 2, n // 2, lengths)


@vectorized
def since(at: Any, start: Any) -> Any:
    """How long after `start` a time is."""
    return at - start
