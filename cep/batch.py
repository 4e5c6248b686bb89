"""Batches of events: columns of equal length and the place of each row in the total order of events.

A batch has no meaning of its own: results never depend on how events were cut into batches.

Position of an event (language.md, ruling 1): (instant, phase, cause, level, index). Here:
`ts` is the instant; `phase` 1 source event, 2 window close, 3 deadline (4: the flush at end of input);
the cause is (`rule`, `ordinal`): for phase 1 rule is 0 and ordinal the number of the source event in the
order of its component; for phases 2-4 rule is the topological number of the rule whose window or
deadline it is, and ordinal counts that rule's causes; `level` is the number of rules passed since the
cause; `path` holds one int64 column a level, `declaration << 40 | emission number`, so that the index
within a level compares as parents in order, then rules in declaration order, then emission order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cep.schema import Schema

PHASE_EVENT = 1
PHASE_WINDOW = 2
PHASE_DEADLINE = 3
PHASE_FLUSH = 4


@dataclass(slots=True)
class Positions:
    """Places of n rows in the total order: int64[n] columns, `path` a tuple of `max level` of them."""

    phase: np.ndarray
    rule: np.ndarray
    ordinal: np.ndarray
    level: np.ndarray
    path: tuple[np.ndarray, ...] = ()

    def take(self, rows: np.ndarray) -> Positions:
        """Return the positions of the given rows (int array or boolean mask)."""
        return Positions(
            self.phase[rows],
            self.rule[rows],
            self.ordinal[rows],
            self.level[rows],
            tuple(p[rows] for p in self.path),
        )


@dataclass(slots=True)
class EventBatch:
    """Rows of one stream in the total order.

    columns: name to numpy column of the type's dtype (strings are codes), all of length `len(batch)`.
    ts: int64[n], us, the instant T of each row (windows, WITHIN and order always use it).
    seq: int64[n], the row's number within its stream; or the first one, where rows have consecutive numbers.
    positions: None while rows are source events of one stream in order (then row order is the order).
    cause: int32/int64[n] or None; inside a rule, the index of the merged input row that caused each row,
        or a CAUSE_ constant of `cep.graph.kernel`.
    """

    schema: Schema
    columns: dict[str, np.ndarray]
    ts: np.ndarray
    seq: np.ndarray | int
    positions: Positions | None = None
    cause: np.ndarray | None = None
    extra: dict[str, np.ndarray] = field(default_factory=dict)  # hidden columns, e.g. match origin

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.ts)

    def numbers(self) -> np.ndarray:
        """Return the `seq` of every row, int64[n]."""
        seq = self.seq
        return np.arange(seq, seq + len(self.ts)) if isinstance(seq, int) else seq

    def take(self, rows: np.ndarray) -> EventBatch:
        """Return the given rows (int array or boolean mask) as a batch of its own."""
        return EventBatch(
            self.schema,
            {name: column[rows] for name, column in self.columns.items()},
            self.ts[rows],
            self.numbers()[rows],
            self.positions.take(rows) if self.positions is not None else None,
            self.cause[rows] if self.cause is not None else None,
            {name: column[rows] for name, column in self.extra.items()},
        )


def empty_batch(schema: Schema) -> EventBatch:
    """Return a batch of no rows."""
    columns = {c.name: np.empty(0, dtype=c.type.dtype) for c in schema.columns}
    return EventBatch(schema, columns, np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Reject:
    """An input row that could not be read: its number among the rows read, its text, the reason.

    kind: what counters go by: `value` (does not fit its column), `null` (where a value is required), `syntax`
    (not a record of the format), `encoding` (not UTF-8).
    """

    row: int
    raw: str
    reason: str
    kind: str = "value"


@dataclass(slots=True)
class Decoded:
    """What a format read: columns of the good rows, and the bad rows.

    columns: one of the type's dtype for every column of the schema, strings as codes. rows_read:
    good and bad rows together. numbers: int64[good rows], each row's number among the rows read; None
    when all were good. Rejected rows use up a `seq` like any other. in_order: the times are known not
    to decrease. Columns that no rule reads may be left out.
    """

    columns: dict[str, np.ndarray]
    rows_read: int
    numbers: np.ndarray | None = None
    rejects: tuple[Reject, ...] = ()
    in_order: bool = False
