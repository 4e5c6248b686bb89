"""State as named arrays: growth by doubling, and names of parts within a snapshot.

A snapshot is a flat mapping from names such as `rule/w4/0/run_start` to arrays; each part of the engine
puts its own names below a prefix and takes them back from there. No pickle, no pointers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


def grown(cells: np.ndarray, wanted: int, fill: float) -> np.ndarray:
    """Return an array with room for `wanted` cells, doubled as often as needed; new cells hold `fill`."""
    size = max(1, len(cells))
    if wanted <= size and len(cells):
        return cells
    while size < wanted:
        size *= 2
    bigger = np.full(size, fill, dtype=cells.dtype)
    bigger[: len(cells)] = cells
    return bigger


def put_under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a part under its prefix."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def take_from(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays below a prefix by their own names."""
    start = f"{prefix}/"
    return {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}
