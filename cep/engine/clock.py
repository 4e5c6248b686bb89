"""The wall clock, read in this one place; tests replace it."""

from __future__ import annotations

import time


class WallClock:
    """The system's clock."""

    def now_us(self) -> int:
        """Return us since the epoch."""
        return time.time_ns() // 1_000


class ManualClock:
    """A clock that tests move by hand."""

    def __init__(self, now_us: int = 0) -> None:
        self.time_us = now_us

    def now_us(self) -> int:
        """Return the time it was set to."""
        return self.time_us

    def forward(self, us: int) -> None:
        """Move on by `us`."""
        self.time_us += us
