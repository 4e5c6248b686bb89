"""How the time of a group window is cut into panes, as text of its kernel: every so many us, or by a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.graph.kernel import Array, Numbers, Role
from cep.plan.nodes import CalendarWindow, WindowSize
from cep.times import UNITS_US
from cep.zones import zone_table

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.writer import Writer
    from cep.plan.nodes import CalendarSpan

_DAY_US = UNITS_US["d"]
_FIRST_MONDAY = 4  # days after 1970-01-01
_MOST_DAYS_OF_MONTH = 31


@dataclass(frozen=True, slots=True)
class Panes:
    """How windows are cut: `parts` panes a period, `n` panes a window; `split` us, length of the first part.

    steps: a pane that is a window of CUMULATE has so many ends, every `every` us; its rows stay until the last one.
    """

    size: int
    every: int
    offset: int
    parts: int
    n: int
    split: int
    steps: int = 1

    @property
    def text(self) -> str:
        """What the kernel says of itself."""
        return (
            f"{self.size} us every {self.every} us, offset {self.offset} us: "
            f"{self.n} pane(s) a window, {self.parts} a period"
        )

    @property
    def open_windows(self) -> int:
        """How many windows a group has open at a time."""
        return (self.size + self.every - 1) // self.every

    def start(self, end: str, pane: str = "") -> str:
        """Return the kernel text of the start of the window that ends at `end`, with `pane` if that is said."""
        del pane
        if self.steps == 1:
            return f"({end} - {self.size})"
        return f"(({end} - 1 - {self.offset}) // {self.size} * {self.size} + {self.offset})"

    def open(self, writer: Writer) -> None:
        """Write the opening of the pane of the instant `now`."""
        writer.lines(
            f"period = (now - {self.offset}) // {self.every}",
            f"pane_end = add_i64(period * {self.every}, {self.offset + self.split})",
            f"pane = period * {self.parts}",
        )
        if self.parts == 2:
            with writer.block("if now >= pane_end:"):
                writer.lines("pane += 1", f"pane_end += {self.every - self.split}")
        with writer.block("if pane_end == NULL_I64:"):
            writer.line("pane_end = MAX_I64 - 1")

    def next(self, writer: Writer) -> None:
        """Write the step to the next pane."""
        writer.line("pane += 1")
        if self.parts == 1:
            writer.line(f"pane_end = add_i64(pane_end, {self.every})")
        else:
            with writer.block("if pane & 1 == 0:"):
                writer.line(f"pane_end = add_i64(pane_end, {self.split})")
            with writer.block("else:"):
                writer.line(f"pane_end = add_i64(pane_end, {self.every - self.split})")
        with writer.block("if pane_end == NULL_I64:"):
            writer.line("pane_end = MAX_I64 - 1")

    def pane_start(self) -> str:
        """Return the kernel text of the start of the open pane."""
        if self.parts == 1:
            return f"pane_end - {self.every}"
        return f"pane_end - ({self.split} if pane & 1 == 0 else {self.every - self.split})"

    def is_last_step(self) -> str:
        """Return the test whether the window of CUMULATE is full when the open pane ends."""
        return f"pane % {self.steps} == {self.steps - 1}"

    def is_first_step(self) -> str:
        """Return the test whether the open pane is the first of its window of CUMULATE."""
        return f"pane % {self.steps} == 0"

    def is_full(self, end: str) -> str:
        """Return the test whether the window of CUMULATE that ends at `end` is a full one."""
        return f"({end} - {self.offset}) % {self.size} == 0"


class CalendarPanes:
    """Panes that are days or months of a time zone; otherwise as `Panes`.

    Instants are looked up in a table of the zone when panes open and end, never for a row.
    """

    parts = 1

    def __init__(self, window: CalendarWindow, layout: Layout) -> None:
        self.window = window
        self.layout = layout
        self.days, self.clock = divmod(window.offset_us, _DAY_US)
        ratio = 1 if window.cumulates else window.size.count // window.every.count
        self.n = ratio
        self.steps = 1
        self.open_windows = ratio
        if window.cumulates:
            alike = window.size.unit == window.every.unit
            days = 1 if alike else _MOST_DAYS_OF_MONTH
            self.steps = self.open_windows = days * window.size.count // window.every.count
        numbers = Numbers(zone_table(window.zone))
        self.zone = layout.add(Array("zone", "i64", Role.TABLE, source=numbers))

    @property
    def text(self) -> str:
        """What the kernel says of itself."""
        size, every = (f"{s.count} {s.unit}(s)" for s in (self.window.size, self.window.every))
        return f"{size} of a time zone every {every}: {self.n} pane(s) a window"

    def _rest(self, span: CalendarSpan) -> str:
        unit, first = (0, _FIRST_MONDAY) if span.unit == "day" else (1, 0)
        return f"{unit}, {span.count}, {first + self.days}, {self.clock}"

    def bound(self, number: str, span: CalendarSpan | None = None) -> str:
        """Return the kernel text of the instant at which a pane (or other period) begins."""
        start = self.layout.use("zones", "period_start")
        return f"{start}({self.zone}, {number}, {self._rest(span or self.window.every)})"

    def number(self, at: str, span: CalendarSpan | None = None) -> str:
        """Return the kernel text of the number of the pane (or other period) that holds an instant."""
        of = self.layout.use("zones", "period_of")
        return f"{of}({self.zone}, {at}, {self._rest(span or self.window.every)})"

    def _size_start(self, at: str) -> str:
        return self.bound(self.number(at, self.window.size), self.window.size)

    def start(self, end: str, pane: str = "") -> str:
        """Return the kernel text of the start of the window that ends at `end`, with `pane` if that is said."""
        if self.window.cumulates:
            return self._size_start(f"{end} - 1")
        last = pane or self.number(f"{end} - 1")
        return self.bound(f"{last} - {self.n - 1}" if self.n > 1 else last)

    def open(self, writer: Writer) -> None:
        """Write the opening of the pane of the instant `now`."""
        writer.lines(f"pane = {self.number('now')}", f"pane_end = {self.bound('pane + 1')}")

    def next(self, writer: Writer) -> None:
        """Write the step to the next pane."""
        self.step(writer, "pane_end")

    def step(self, writer: Writer, end: str) -> None:
        """Write the step of `pane` and its end to the next one; CUMULATE has no step on a day that a zone leaves out."""
        if self.window.cumulates:
            writer.line(f"before = {end}")
        writer.lines("pane += 1", f"{end} = {self.bound('pane + 1')}")
        if self.window.cumulates:
            with writer.block(f"if {end} == before:"):
                writer.lines("pane += 1", f"{end} = {self.bound('pane + 1')}")

    def pane_start(self) -> str:
        """Return the kernel text of the start of the open pane."""
        return self.bound("pane")

    def is_last_step(self) -> str:
        """Return the test whether the window of CUMULATE is full when the open pane ends."""
        return self.is_full("pane_end")

    def is_first_step(self) -> str:
        """Return the test whether the open pane is the first of its window of CUMULATE."""
        return self.is_full(self.bound("pane"))

    def is_full(self, end: str) -> str:
        """Return the test whether the window of CUMULATE that ends at `end` is a full one."""
        return f"{self._size_start(end)} == {end}"


def panes_of(window: WindowSize | CalendarWindow, layout: Layout) -> Panes | CalendarPanes:
    """Return the panes of a window.

    Sources: J. Li et al., "No pane, no gain", and paired windows, as in `cep/codegen/window/kernel.py`.
    """
    if isinstance(window, CalendarWindow):
        return CalendarPanes(window, layout)
    if window.cumulates:
        steps, step = window.size_us // window.every_us, window.every_us
        return Panes(window.size_us, step, window.offset_us, 1, 1, step, steps)
    whole, split = divmod(window.size_us, window.every_us)
    offset = window.offset_us % window.every_us
    if split == 0:
        return Panes(window.size_us, window.every_us, offset, 1, whole, window.every_us)
    return Panes(window.size_us, window.every_us, offset, 2, 2 * whole + 1, split)
