"""Rows of a stream that came before: told by an id, for a time (`WITH (dedup_key = 'id', dedup_for = 10m)`)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cep.batch import Reject
from cep.engine.watermark import NEVER

if TYPE_CHECKING:
    from cep.batch import Decoded
    from cep.graph.graph import StreamSpec


class Duplicates:
    """Ids of the rows of the last `dedup_for` of event time.

    A row is a duplicate if a row of its id came before it and no row since has a time later than that one's + `dedup_for`.
    A NULL id is that of no other row. Memory: the ids of that time, and of as much more as rows are out of order.
    """

    def __init__(self, spec: StreamSpec) -> None:
        assert spec.dedup_key is not None
        column = spec.schema.find(spec.dedup_key)
        assert column is not None
        self._name = spec.dedup_key
        self._type = column.type
        self._for_us = spec.dedup_for_us
        self._seen: OrderedDict[object, int] = OrderedDict()
        self._newest = NEVER

    def __len__(self) -> int:
        """Number of ids kept."""
        return len(self._seen)

    def without(self, decoded: Decoded, times: np.ndarray) -> tuple[Decoded, np.ndarray]:
        """Return rows and their times without the duplicates, which become rejects of kind `duplicate`."""
        column = decoded.columns[self._name]
        null = np.isnan(column) if column.dtype == np.float64 else column == self._type.null
        pairs = zip(column.tolist(), times.tolist(), null.tolist(), strict=True)
        twice = np.array([self._known(None if e else one, ts) for one, ts, e in pairs], bool)
        if not twice.any():
            return decoded, times
        numbers = decoded.numbers
        if numbers is None:
            numbers = np.arange(len(column))
        kept = ~twice
        rejects = [
            Reject(row, "", f"{self._name} came before", "duplicate")
            for row in numbers[twice].tolist()
        ]
        columns = {name: values[kept] for name, values in decoded.columns.items()}
        left = replace(
            decoded,
            columns=columns,
            numbers=numbers[kept],
            rejects=(*decoded.rejects, *rejects),
        )
        return left, times[kept]

    def _known(self, one: object, ts: int) -> bool:
        """Whether a row with this id counts as a duplicate; it is kept in mind if not."""
        seen = self._seen
        self._newest = max(self._newest, ts)
        oldest = self._newest - self._for_us
        if one is None:
            return False
        before = seen.get(one)
        if before is not None and before >= oldest:
            return True
        seen[one] = ts
        if before is not None:
            seen.move_to_end(one)
        while seen and next(iter(seen.values())) < oldest:
            seen.popitem(last=False)
        return False

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the ids in the order they came, their times, and the newest time of all rows."""
        return {
            "ids": np.array(list(self._seen), self._type.dtype),
            "times": np.array([*self._seen.values(), self._newest], np.int64),
        }

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over what `arrays` returned."""
        *times, self._newest = arrays["times"].tolist()
        self._seen = OrderedDict(zip(arrays["ids"].tolist(), times, strict=True))
