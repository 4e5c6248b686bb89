"""Progress of a run on standard error: a live line on a terminal, plain lines otherwise, a summary at the end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from cep.times import format_timestamp

if TYPE_CHECKING:
    from types import TracebackType

    from cep.api import Engine

LIVE_SECONDS = 0.2
MOST_REASONS = 3  # rejected rows that are shown with their reason
REASON_CELLS = 100
BAR_CELLS = 24
PLAIN_SECONDS = 10.0


class Progress:
    """Counts rows and shows events/s, event time and matches; `quiet` shows nothing."""

    def __init__(self, engine: Engine, *, quiet: bool) -> None:
        self._engine = engine
        self._quiet = quiet
        self._rows = 0
        self._began = self._shown = time.monotonic()
        self._live = sys.stderr.isatty()
        self._last = ""

    def add(self, rows: int) -> None:
        """Count rows that were read, and show where the run stands from time to time."""
        self._rows += rows
        now = time.monotonic()
        if not self._quiet and now - self._shown > (LIVE_SECONDS if self._live else PLAIN_SECONDS):
            self._shown = now
            self._say(self._line(now), end="" if self._live else "\n")

    def note(self, text: str) -> None:
        """Show a sentence on a line of its own."""
        if not self._quiet:
            self._say(text, end="\n")

    def _say(self, text: str, *, end: str) -> None:
        clear = "\r" + " " * len(self._last) + "\r" if self._last else ""
        self._last = text if not end else ""
        print(clear + text, end=end, file=sys.stderr, flush=True)

    def _line(self, now: float) -> str:
        stats = self._engine.stats()
        times = [s["newest_us"] for s in stats["streams"].values() if s["newest_us"] is not None]
        at = format_timestamp(max(times))[:19].replace("T", " ") if times else "-"
        matches = sum(r["matches"] for r in stats["rules"].values())
        rate = self._rows / max(now - self._began, 1e-9)
        text = f"{self._rows:,} events  {rate:,.0f}/s  event time {at}  {matches:,} matches"
        return self._bar() + text if self._live else text

    def _bar(self) -> str:
        """Return a bar of the part of the inputs that was read, nothing when that is not known."""
        share = self._engine.share_read()
        if share is None:
            return ""
        full = round(share * BAR_CELLS)
        return f"[{'#' * full}{'.' * (BAR_CELLS - full)}] {share:4.0%}  "

    def __enter__(self) -> Self:
        """Begin to count."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Show the summary unless the run failed."""
        if self._quiet or problem is not None:
            return
        self._say(self._line(time.monotonic()), end="\n")
        stats = self._engine.stats()
        for name, rule in stats["rules"].items():
            errors = f", {rule['errors']:,} expression errors" if rule["errors"] else ""
            print(f"  {name}: {rule['matches']:,} matches{errors}", file=sys.stderr)
        for name, stream in stats["streams"].items():
            rejected = sum(stream["rejected"].values())
            if rejected or stream["late"]:
                print(f"  {name}: {rejected:,} rejected, {stream['late']:,} late", file=sys.stderr)
        for bad in self._engine.errors[:MOST_REASONS]:
            text = bad.raw if len(bad.raw) <= REASON_CELLS else bad.raw[: REASON_CELLS - 3] + "..."
            print(f"    {bad.stream} row {bad.seq + 1}: {bad.reason}: {text}", file=sys.stderr)


def progress_for(engine: Engine, *, quiet: bool) -> Progress:
    """Return the progress of a run."""
    return Progress(engine, quiet=quiet)
