"""Rows of one source stream that wait until nothing can come before them any more (rulings 1 and 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cep.batch import EventBatch, empty_batch
from cep.types import MAX_I64, Type

if TYPE_CHECKING:
    from cep.graph.graph import StreamSpec
    from cep.strings import StringTable


@dataclass(slots=True)
class _Rows:
    batch: EventBatch
    partition: np.ndarray  # int64[n]
    offset: np.ndarray  # int64[n], place within the partition


class ReorderBuffer:
    """Waiting rows of a stream, released in order of (T, TIEBREAK columns, partition, offset).

    Invariants: rows handed out never come before rows handed out earlier.
    Memory: the rows between the clock and the newest row.
    """

    def __init__(self, spec: StreamSpec, strings: StringTable) -> None:
        self._spec = spec
        self._strings = strings
        self._waiting: list[_Rows] = []
        # Kept up to date, so that an event costs the same however many rows wait.
        self._rows = 0
        self._lowest = MAX_I64

    def __len__(self) -> int:
        """Number of waiting rows."""
        return self._rows

    def add(self, batch: EventBatch, partition: int, first_offset: int) -> None:
        """Take rows of a partition in arrival order (copies them: the sender may write to its arrays again)."""
        rows = len(batch)
        batch = batch.take(np.arange(rows))
        offsets = np.arange(first_offset, first_offset + rows, dtype=np.int64)
        self._waiting.append(_Rows(batch, np.full(rows, partition, np.int64), offsets))
        self._rows += rows
        self._lowest = min(self._lowest, int(batch.ts.min()))

    def _keep(self, waiting: list[_Rows]) -> None:
        self._waiting = waiting
        self._rows = sum(len(w.batch) for w in waiting)
        self._lowest = min((int(w.batch.ts.min()) for w in waiting), default=MAX_I64)

    def release(self, limit: int) -> EventBatch | None:
        """Return the rows with T <= limit in order, None for none."""
        if not self._waiting or limit < self._lowest:
            return None
        rows = self._joined()
        ready = rows.batch.ts <= limit
        if ready.all():
            self._keep([])
        else:
            rest = ~ready
            self._keep([_Rows(rows.batch.take(rest), rows.partition[rest], rows.offset[rest])])
            rows = _Rows(rows.batch.take(ready), rows.partition[ready], rows.offset[ready])
        order = self._order(rows)
        return rows.batch if order is None else rows.batch.take(order)

    def _joined(self) -> _Rows:
        if len(self._waiting) == 1:
            return self._waiting[0]
        return _Rows(
            joined([w.batch for w in self._waiting]),
            np.concatenate([w.partition for w in self._waiting]),
            np.concatenate([w.offset for w in self._waiting]),
        )

    def _order(self, rows: _Rows) -> np.ndarray | None:
        ties = [self._sortable(rows.batch, name) for name in self._spec.tiebreak]
        keys = (rows.offset, rows.partition, *reversed(ties), rows.batch.ts)
        if not ties and not np.any(rows.batch.ts[1:] < rows.batch.ts[:-1]):
            one_partition = not len(rows.partition) or (rows.partition == rows.partition[0]).all()
            if one_partition:
                return None
        return np.lexsort(keys)

    def _sortable(self, batch: EventBatch, name: str) -> np.ndarray:
        """Return a TIEBREAK column in a form that sorts ascending with NULLs last."""
        column = self._spec.schema.find(name)
        assert column is not None
        stored = batch.columns[name]
        match column.type:
            case Type.DOUBLE:
                return np.where(np.isnan(stored), np.inf, stored)
            case kind if kind.is_coded:
                ranks = self._strings.ranks().astype(np.int64)
                return np.where(stored < 0, MAX_I64, np.append(ranks, 0)[stored])
            case kind:
                return np.where(stored == kind.null, MAX_I64, stored.astype(np.int64))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the waiting rows by column."""
        if not self._waiting:
            return {}
        rows = self._joined()
        named = {f"column/{n}": c for n, c in rows.batch.columns.items()}
        return {
            **named,
            "ts": rows.batch.ts,
            "seq": rows.batch.numbers(),
            "partition": rows.partition,
            "offset": rows.offset,
        }

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what `arrays` returned."""
        self._keep([])
        if arrays:
            names = [n for n in self._spec.schema.names() if f"column/{n}" in arrays]
            columns = {n: arrays[f"column/{n}"].copy() for n in names}
            batch = EventBatch(
                self._spec.schema, columns, arrays["ts"].copy(), arrays["seq"].copy()
            )
            self._keep([_Rows(batch, arrays["partition"].copy(), arrays["offset"].copy())])


def joined(batches: list[EventBatch]) -> EventBatch:
    """Return the rows of batches of one schema, one after the other (positions too, if all have them)."""
    if len(batches) == 1:
        return batches[0]
    first = batches[0]
    made = empty_batch(first.schema)
    # Columns that no rule reads may be missing in some batches.
    shared = [n for n in first.columns if all(n in b.columns for b in batches)]
    made.columns = {name: np.concatenate([b.columns[name] for b in batches]) for name in shared}
    made.ts = np.concatenate([b.ts for b in batches])
    made.seq = np.concatenate([b.numbers() for b in batches])
    hidden = [n for n in first.extra if all(n in b.extra for b in batches)]
    made.extra = {n: np.concatenate([b.extra[n] for b in batches]) for n in hidden}
    return made
