"""The total order over several streams: positions of rows, and merged inputs of rules (ruling 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cep.batch import (
    PHASE_DEADLINE,
    PHASE_EVENT,
    PHASE_FLUSH,
    PHASE_WINDOW,
    EventBatch,
    Positions,
)
from cep.graph.kernel import CAUSE_DEADLINE, CAUSE_FLUSH, CAUSE_WINDOW
from cep.operators.base import Merged

if TYPE_CHECKING:
    from collections.abc import Sequence

PHASE_OF_CAUSE = {
    CAUSE_WINDOW: PHASE_WINDOW,
    CAUSE_DEADLINE: PHASE_DEADLINE,
    CAUSE_FLUSH: PHASE_FLUSH,
}
EMISSION_BITS = 40
ORDINAL_BITS = 40  # above them stands the declaration of the stream


def order_source(batch: EventBatch, declaration: int, depth: int) -> None:
    """Give the rows of a source stream, released in one step and in order, their positions.

    Rows of one instant go by the declaration of their stream, so that their numbers need not be counted
    over all streams of the component.
    """
    first = declaration << ORDINAL_BITS
    batch.positions = source_positions(np.arange(first, first + len(batch)), depth)


def source_positions(ordinals: np.ndarray, depth: int) -> Positions:
    """Return the positions of source events with these numbers in the order of their component."""
    rows = len(ordinals)
    zeros = np.zeros(rows, np.int64)
    return Positions(np.full(rows, PHASE_EVENT, np.int8), zeros, ordinals, zeros, (zeros,) * depth)


def derived_positions(
    parents: Positions | None,
    cause: np.ndarray,
    depth: int,
    topological: int,
    declaration: int,
    numbers: np.ndarray,
    emissions: np.ndarray,
) -> Positions:
    """Return the positions of rows a rule made.

    Args:
        parents: positions of the rule's merged input (None when it had no rows).
        cause: int64[n], merged row that caused each row, or a CAUSE_ constant.
        depth: number of path columns.
        topological: the rule's place in topological order.
        declaration: the rule's place in declaration order.
        numbers: int64[n], of rows with a CAUSE_ constant the number of that window close or deadline of the rule.
        emissions: int64[n], ascending, ranks the rows among those the rule made in this call.
    """
    rows = len(cause)
    own = cause < 0
    step = (declaration << EMISSION_BITS) + emissions
    if parents is None or not len(parents.phase):
        known = source_positions(np.zeros(rows, np.int64), depth)
    else:
        known = parents.take(np.where(own, 0, cause))
    phases = known.phase
    for constant, phase in PHASE_OF_CAUSE.items():
        phases = np.where(cause == constant, phase, phases).astype(np.int8)
    level = np.where(own, 1, known.level + 1)
    path = []
    for place, column in enumerate(known.path):
        inherited = np.where(own, 0, column)
        path.append(np.where(level == place + 1, step, inherited))
    return Positions(
        phases,
        np.where(own, topological, known.rule),
        np.where(own, numbers, known.ordinal),
        level,
        tuple(path),
    )


def order_of(times: np.ndarray, positions: Positions) -> np.ndarray:
    """Return the permutation that puts rows into the total order."""
    p = positions
    return np.lexsort((*reversed(p.path), p.level, p.ordinal, p.rule, p.phase, times))


def joined_positions(parts: Sequence[Positions]) -> Positions:
    """Return the positions of rows of several batches, one after the other."""
    return Positions(
        np.concatenate([p.phase for p in parts]),
        np.concatenate([p.rule for p in parts]),
        np.concatenate([p.ordinal for p in parts]),
        np.concatenate([p.level for p in parts]),
        tuple(np.concatenate(columns) for columns in zip(*(p.path for p in parts), strict=True)),
    )


def merge(batches: tuple[EventBatch, ...]) -> tuple[Merged, Positions | None]:
    """Return the rows of a rule's inputs as one sequence, and their positions if the batches have any."""
    if len(batches) == 1:
        only = batches[0]
        return Merged(batches, only.ts), only.positions
    parts = [b.positions for b in batches if b.positions is not None]
    assert len(parts) == len(batches), "several inputs are merged by position"
    times = np.concatenate([b.ts for b in batches])
    positions = joined_positions(parts)
    order = order_of(times, positions)
    source = np.concatenate([np.full(len(b), i, np.int8) for i, b in enumerate(batches)])
    row = np.concatenate([np.arange(len(b), dtype=np.int32) for b in batches])
    sorted_positions = positions.take(order)
    merged = Merged(batches, times[order], source[order], row[order], sorted_positions.phase)
    return merged, sorted_positions
