"""What an operator promises, and the merged input it works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from cep.batch import EventBatch


@dataclass(slots=True)
class Merged:
    """The rows of an operator's inputs as one sequence in the total order.

    batches: one for each input, in the order of the rule's inputs (may be empty batches).
    ts: int64[n], us, T of each row. source: int8[n], number of the input; row: int32[n], row in that
    input's batch; phase: int8[n]; these three None when there is one input whose rows are the sequence.
    """

    batches: tuple[EventBatch, ...]
    ts: np.ndarray
    source: np.ndarray | None = None
    row: np.ndarray | None = None
    phase: np.ndarray | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.ts)


class Operator(Protocol):
    """One operator of a rule. Rows come in the total order; clocks never go back.

    Invariants: `check` asserts them. Memory: `state_bytes` is what `arrays` holds.
    """

    def process(self, merged: Merged, clock: int) -> EventBatch | None:
        """Handle rows, then fire what is due up to `clock` (us); return the rows made, None for none.

        The result's `cause` tells for each row the merged row that caused it, or a CAUSE_ constant.
        """
        ...

    def due(self, clock: int) -> bool:
        """Whether something fires at `clock` although no rows came."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all state by name (borrowed; copy it to keep it)."""
        ...

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over state that `arrays` of an equal operator returned."""
        ...

    def check(self) -> None:
        """Assert the invariants (tests call this after every step)."""
        ...


_ROWS = np.arange(1024, dtype=np.int32)
_CONSTANTS: dict[int, np.ndarray] = {}


def row_numbers(n: int) -> np.ndarray:
    """Return int32 0 .. n-1 (borrowed, read only)."""
    global _ROWS
    if len(_ROWS) < n:
        _ROWS = np.arange(2 * n, dtype=np.int32)
    return _ROWS[:n]


def filled(n: int, value: int) -> np.ndarray:
    """Return int8[n] of one small value (borrowed, read only)."""
    known = _CONSTANTS.get(value)
    if known is None or len(known) < n:
        known = _CONSTANTS[value] = np.full(max(1024, 2 * n), value, np.int8)
    return known[:n]
