"""Faults of windows, frames, throttles and aggregates."""

from __future__ import annotations

from tests.faults.fault import Fault

WINDOWS = (
    Fault(
        "a window takes the rows at its end",
        "cep/codegen/window/kernel.py",
        'self.again.close(writer)\n            with writer.block("if now >= pane_end:"):',
        'self.again.close(writer)\n            with writer.block("if now > pane_end:"):',
        ("tumble_and_hop",),
    ),
    Fault(
        "rows of a window have the time of its end",
        "cep/codegen/window/rows.py",
        'f"out_ts[out] = {self.view.end} - 1"',
        'f"out_ts[out] = {self.view.end}"',
        ("aggregates",),
    ),
    Fault(
        "the offset of windows is ignored",
        "cep/codegen/window/kernel.py",
        "offset = window.offset_us % window.every_us",
        "offset = 0",
        ("negation",),
    ),
    Fault(
        "a suffix sum of panes ends one too early",
        "cep/codegen/window/close.py",
        'block(f"for back in range(1, {n}):")',
        'block(f"for back in range(1, {n - 1}):")',
        ("tumble_and_hop", "aggregates"),
    ),
    Fault(
        "windows of two parts a period have a pane too few",
        "cep/codegen/window/kernel.py",
        "2, 2 * whole + 1, split)",
        "2, 2 * whole, split)",
        ("tumble_and_hop",),
    ),
    Fault(
        "the last windows of a row are not written",
        "cep/codegen/window/close.py",
        'f"if newest <= pane - {panes.n - 1}:"',
        'f"if newest <= pane - {panes.n - 2}:"',
        ("tumble_and_hop",),
    ),
    Fault(
        "groups of a window stand in the order of their slots",
        "cep/codegen/window/rows.py",
        'writer.line(f"{sort}(picked, spare, window_first, n_picked)")',
        'writer.line(f"{sort}(picked, spare, window_first, 0)")',
        ("tumble_and_hop",),
    ),
    Fault(
        "a time frame loses the row at its beginning",
        "cep/codegen/over/frame.py",
        "[{head}] > {self.frame.amount}:",
        "[{head}] >= {self.frame.amount}:",
        ("frames",),
    ),
    Fault(
        "a frame of rows holds one row less",
        "cep/codegen/over/frame.py",
        "== {(self.frame.amount or 0) + 1}:",
        "== {max(self.frame.amount or 0, 1)}:",
        ("frames", "qualify"),
    ),
    Fault(
        "a limit interval is closed at its end",
        "cep/codegen/throttle.py",
        "self.arm(str(self.per_us - 1))",
        "self.arm(str(self.per_us))",
        ("suppress", "throttles"),
    ),
    Fault(
        "a throttle entry is discarded at its deadline",
        "cep/codegen/throttle.py",
        "{self.due}) < now:",
        "{self.due}) <= now:",
        ("suppress",),
    ),
    Fault(
        "SUPPRESS passes only after its time",
        "cep/codegen/throttle.py",
        "elif now >= {after}(",
        "elif now > {after}(",
        ("suppress",),
    ),
    Fault(
        "LIMIT lets one more pass",
        "cep/codegen/throttle.py",
        "[slot] < {self.most}",
        "[slot] <= {self.most}",
        ("suppress",),
    ),
)

AGGREGATES = (
    Fault(
        "aggregates take NULL as a number",
        "cep/codegen/slot_uses.py",
        "        if value.nullable:\n            tests.append(",
        "        if value.nullable and False:\n            tests.append(",
        ("aggregates",),
    ),
    Fault(
        "AVG divides by the number of rows",
        "cep/aggregates/avg.py",
        '_COUNT = Use("count", "count")',
        '_COUNT = Use("count", "rows")',
        ("aggregates",),
    ),
    Fault(
        "MIN and MAX of nothing are the limits of INT",
        "cep/aggregates/extreme.py",
        'whole = Formula((Use("best", f"{name}_i64"), _COUNT), "{best.value}", "{count.n} > 0")',
        'whole = Formula((Use("best", f"{name}_i64"), _COUNT), "{best.value}")',
        ("aggregates",),
    ),
    Fault(
        "STDDEV of the population",
        "cep/aggregates/stddev.py",
        "{moments.m2}, {moments.n} - 1",
        "{moments.m2}, {moments.n}",
        ("aggregates",),
    ),
    Fault(
        "RATE is over the time since the first sample of the frame",
        "cep/kernellib/counters.py",
        "return last_ts - base_ts",
        "return last_ts - first_ts",
        ("rates",),
    ),
    Fault(
        "INCREASE leaves out what came after a reset",
        "cep/kernellib/counters.py",
        "return v & 4294967295\n",
        "return 0\n",
        ("rates",),
    ),
    Fault(
        "RESETS counts equal samples",
        "cep/kernellib/counters.py",
        'def whole_reset(p: int, v: int) -> int:\n    """Return 1 if v is below p, else 0. Cost: O(1)."""\n'
        "    return int(v < p)",
        'def whole_reset(p: int, v: int) -> int:\n    """Return 1 if v is below p, else 0. Cost: O(1)."""\n'
        "    return int(v <= p)",
        ("rates",),
    ),
    Fault(
        "SLOPE takes every sample of an instant",
        "cep/aggregates/slots/moments.py",
        "elif {{a.last_ts}} != {{t}}:\n{_indent(_ABSORB, 1)}",
        "else:\n{_indent(_ABSORB, 1)}",
        ("rates", "qualify"),
    ),
)
