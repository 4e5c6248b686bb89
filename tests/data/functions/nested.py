"""Functions over nested values, called from rules."""

from __future__ import annotations

from typing import Any


def tail(values: list[float]) -> list[float]:
    """Return a list without its first element."""
    return values[1:]


def picked(value: Any, name: str) -> Any:
    """Return a member of an object."""
    return value[name] if isinstance(value, dict) else None


def doubled(values: dict[str, float]) -> dict[str, float]:
    """Return a dict with twice the values."""
    return {name: 2 * value for name, value in values.items()}


def turned(value: bytes) -> bytes:
    """Return bytes backwards."""
    return value[::-1]
