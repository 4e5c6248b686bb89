"""An output stream that several components write, in a bounded run: their rows by instant (ruling 2).

No rule reads such a stream, or its writers would be one component. In a bounded run all components go
through the same instants, so their rows stand in the order of T, within an instant by phase and then
by declaration; each component's own rows keep their order. In a live engine rows stand as they come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cep.batch import PHASE_EVENT, EventBatch
from cep.engine.merge import ORDINAL_BITS
from cep.engine.reorder import joined
from cep.state.arrays import put_under, take_from

if TYPE_CHECKING:
    from cep.engine.component import Component
    from cep.schema import Schema


class SharedOutput:
    """Rows that wait until no component can make an earlier one.

    Invariants: rows handed out never come before rows handed out earlier.
    Memory: the rows between the slowest and the fastest component.
    """

    def __init__(self, schema: Schema, writers: list[Component]) -> None:
        self._schema = schema
        self._writers = writers
        self._rows: list[EventBatch] = []
        self._places: list[np.ndarray] = []  # int64[rows], place among the rows of one instant
        self._released = 0

    def __len__(self) -> int:
        """Number of waiting rows."""
        return sum(map(len, self._rows))

    def add(self, batch: EventBatch) -> None:
        """Take rows of one component in their order."""
        self._places.append(_places(batch))
        batch.positions = None
        self._rows.append(batch)

    def release(self) -> EventBatch | None:
        """Return the rows of instants that all writers have passed, None for none."""
        limit = min(component.clock for component in self._writers)
        if not self._rows or limit <= min(int(batch.ts[0]) for batch in self._rows):
            return None
        batch, places = joined(self._rows), np.concatenate(self._places)
        order = np.lexsort((places, batch.ts))
        count = int(np.searchsorted(batch.ts[order], limit))
        ready, rest = order[:count], order[count:]
        self._rows = [batch.take(rest)] if len(rest) else []
        self._places = [places[rest]] if len(rest) else []
        made = batch.take(ready)
        made.seq = self._released
        self._released += count
        return made

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the waiting rows by column, and the number of those handed out."""
        named = {"released": np.array([self._released], np.int64)}
        if not self._rows:
            return named
        batch = joined(self._rows)
        named |= put_under("column", batch.columns) | put_under("extra", batch.extra)
        return named | {"ts": batch.ts, "places": np.concatenate(self._places)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what `arrays` returned."""
        self._released = int(arrays["released"][0])
        self._rows, self._places = [], []
        if "ts" in arrays:
            ts = arrays["ts"].copy()
            columns = {n: a.copy() for n, a in take_from("column", arrays).items()}
            extra = {n: a.copy() for n, a in take_from("extra", arrays).items()}
            seq = np.zeros(len(ts), np.int64)
            self._rows = [EventBatch(self._schema, columns, ts, seq, extra=extra)]
            self._places = [arrays["places"].copy()]


def _places(batch: EventBatch) -> np.ndarray:
    """Return the place of each row among those of its instant, as far as components differ in it: int64[n]."""
    positions = batch.positions
    assert positions is not None
    # Rows of source events go by their stream, those of timers by their rule.
    of_source = positions.ordinal >> ORDINAL_BITS
    writer = np.where(positions.phase == PHASE_EVENT, of_source, positions.rule)
    return (positions.phase.astype(np.int64) << ORDINAL_BITS) + writer
