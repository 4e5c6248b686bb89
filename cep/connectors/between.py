"""A source cut down to the rows of a span of event time: what `cep run --from --to` reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cep.batch import Decoded

if TYPE_CHECKING:
    from cep.connectors.base import Source


@dataclass(slots=True)
class Between:
    """The rows of a source whose time `column` lies in [start, end), us; rows that cannot be read pass too.

    Rows are numbered as if the others were not in the input.
    """

    source: Source
    column: str
    start: int
    end: int

    def poll(self) -> Decoded | None:
        """Return the next rows of the span; blocks without any are passed over."""
        while True:
            decoded = self.source.poll()
            if decoded is None or not decoded.rows_read:
                return decoded
            kept = self._kept(decoded)
            if kept.rows_read:
                return kept

    def _kept(self, decoded: Decoded) -> Decoded:
        times = decoded.columns[self.column]
        inside = np.flatnonzero((times >= self.start) & (times < self.end))
        if len(inside) == len(times):
            return decoded
        columns = {name: column[inside] for name, column in decoded.columns.items()}
        rejects = decoded.rejects
        rows = len(inside) + len(rejects)
        if not rejects:
            return Decoded(columns, rows, in_order=decoded.in_order)
        good = inside if decoded.numbers is None else decoded.numbers[inside]
        bad = np.array([reject.row for reject in rejects], np.int64)
        places = np.argsort(np.argsort(np.concatenate((good, bad)), kind="stable"), kind="stable")
        renumbered = tuple(
            replace(reject, row=int(place))
            for reject, place in zip(rejects, places[len(good) :], strict=True)
        )
        return Decoded(columns, rows, places[: len(good)], renumbered, in_order=decoded.in_order)

    def position(self) -> int:
        """Return the position of the source."""
        return self.source.position()

    def seek(self, position: int) -> None:
        """Go on at a position of the source."""
        self.source.seek(position)

    def share(self) -> float | None:
        """Return which part of the source was read, None when that is not known."""
        share = getattr(self.source, "share", None)
        found: float | None = None if share is None else share()
        return found

    def close(self) -> None:
        """Close the source."""
        self.source.close()
