"""A source cut down to a span of event time: which rows come, and how they are numbered."""

from __future__ import annotations

import numpy as np
import pytest

from cep.batch import Decoded, Reject
from cep.connectors.between import Between


class Blocks:
    """A source over given blocks."""

    def __init__(self, *blocks: Decoded) -> None:
        self.blocks = list(blocks)
        self.closed = False

    def poll(self) -> Decoded | None:
        return self.blocks.pop(0) if self.blocks else None

    def position(self) -> int:
        return len(self.blocks)

    def seek(self, position: int) -> None:
        self.blocks = self.blocks[position:]

    def close(self) -> None:
        self.closed = True


def block(*times: int) -> Decoded:
    column = np.array(times, np.int64)
    return Decoded({"ts": column, "v": column * 10}, len(times), in_order=True)


def test_start_is_read_and_end_is_not() -> None:
    source = Between(Blocks(block(1, 2, 3, 4, 5)), "ts", 2, 4)
    found = source.poll()
    assert found is not None
    assert found.columns["ts"].tolist() == [2, 3]
    assert found.columns["v"].tolist() == [20, 30]
    assert (found.rows_read, found.numbers, found.in_order) == (2, None, True)
    assert source.poll() is None


def test_blocks_without_a_row_are_passed_over_and_whole_ones_untouched() -> None:
    whole = block(6, 7)
    source = Between(Blocks(block(1, 2), block(), block(3), whole), "ts", 5, 9)
    empty = source.poll()
    assert empty is not None
    assert empty.rows_read == 0  # nothing new yet: the reader waits
    assert source.poll() is whole


@pytest.mark.parametrize(
    ("start", "times", "numbers", "rejects"),
    [(0, [1, 2, 3], [0, 2, 4], [1, 3]), (2, [2, 3], [1, 3], [0, 2]), (9, [], [], [0, 1])],
)
def test_rejects_pass_and_keep_their_places(
    start: int, times: list[int], numbers: list[int], rejects: list[int]
) -> None:
    column = np.array([1, 2, 3], np.int64)
    bad = (Reject(1, "x", "syntax"), Reject(3, "y", "syntax"))
    source = Between(Blocks(Decoded({"ts": column}, 5, np.array([0, 2, 4]), bad)), "ts", start, 99)
    found = source.poll()
    assert found is not None
    assert found.numbers is not None
    assert found.columns["ts"].tolist() == times
    assert found.numbers.tolist() == numbers
    assert [(r.row, r.raw) for r in found.rejects] == list(zip(rejects, "xy", strict=True))
    assert found.rows_read == len(times) + 2


def test_the_rest_is_that_of_the_source() -> None:
    inner = Blocks(block(1), block(2), block(3))
    source = Between(inner, "ts", 0, 9)
    source.seek(1)
    assert source.position() == 2
    assert source.share() is None
    source.close()
    assert inner.closed
