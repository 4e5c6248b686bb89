"""Runs the benchmarks and prints a table: `python -m benchmarks.run [W1 W4 ...] [options]`.

For every workload and batch size: CPU time of the engine and of the C reference (median), their
ratio, nanoseconds per reading, live runs, size of state, output rows, and whether rows and ratio are what they must be.
`--json FILE` keeps the run, for `benchmarks.compare`. `--end-to-end` measures `cep run` from JSONL,
`--latency` one event at a time through `engine.send`.
The exit code is 1 if a number of output rows is wrong, or with `--check` if a ratio is too high.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks import end_to_end, latency
from benchmarks.measure import EXPECTED_MATCHES, LIMITS, WORKLOADS, Result, measure
from benchmarks.workloads.generate import columns

DEFAULT_BATCHES = (10_000, 100, 1)
MOST_BATCHES = 20_000
"""Small batches are measured on fewer readings: not more than this many batches a run."""

HEADER = (
    "workload",
    "batch",
    "rows",
    "engine ms",
    "C ms",
    "ratio",
    "ns/row",
    "live runs",
    "state KiB",
    "matches",
    "",
)


def arguments(text: list[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    known = [p.stem for p in sorted(WORKLOADS.glob("*.cep")) if p.stem != "end_to_end"]
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(known))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, action="append", help="rows per batch (repeatable)")
    parser.add_argument("--repetitions", "-k", type=int, default=7)
    parser.add_argument("--tier", choices=["llvm", "python", "auto"], default="llvm")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--end-to-end", action="store_true", help="also `cep run` from JSONL")
    parser.add_argument("--latency", action="store_true", help="also `engine.send`, W4")
    parser.add_argument("--check", action="store_true", help="fail when a ratio is over its limit")
    chosen = parser.parse_args(text)
    chosen.workloads = [name.lower() for name in chosen.workloads] or known
    unknown = set(chosen.workloads) - set(known)
    if unknown:
        parser.error(f"unknown workload: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    return chosen


def verdict(result: Result) -> str:
    """What is wrong with a result: `rows`, `slow`, or nothing."""
    expected = EXPECTED_MATCHES[result.workload] if result.rows == 1_000_000 else result.matches
    reference = result.reference_matches
    if result.matches != expected or reference not in {None, result.matches}:
        return "rows"
    limit = LIMITS.get(result.workload)
    if limit and result.batch_rows == 10_000 and result.ratio is not None and result.ratio > limit:
        return "slow"
    return ""


def line(result: Result) -> tuple[str, ...]:
    """One line of the table."""
    return (
        result.workload.upper(),
        f"{result.batch_rows:,}",
        f"{result.rows:,}",
        f"{result.engine * 1e3:.2f}",
        "-" if result.reference is None else f"{result.reference * 1e3:.2f}",
        "-" if result.ratio is None else f"{result.ratio:.2f}",
        f"{result.engine / result.rows * 1e9:.1f}",
        "-" if result.live_runs is None else f"{result.live_runs:,.0f}",
        f"{result.state_bytes / 1024:,.0f}",
        f"{result.matches:,}",
        verdict(result),
    )


def table(lines: list[tuple[str, ...]]) -> str:
    """Lines of equal length as text with aligned columns; the first column is text."""
    widths = [max(len(row[k]) for row in lines) for k in range(len(lines[0]))]
    texts = []
    for row in lines:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        texts.append("  ".join(cells).rstrip())
    return "\n".join(texts)


def machine() -> dict[str, str]:
    """What the run was made on."""
    return {"python": platform.python_version(), "machine": platform.machine()}


def main(text: list[str]) -> int:
    """Runs the command line."""
    chosen = arguments(text)
    results = []
    print(table([HEADER]))
    for workload in chosen.workloads:
        for batch_rows in chosen.batch or DEFAULT_BATCHES:
            rows = min(chosen.rows, batch_rows * MOST_BATCHES)
            result = measure(workload, columns(rows), batch_rows, chosen.repetitions, chosen.tier)
            results.append(result)
            print(table([HEADER, line(result)]).splitlines()[1], flush=True)
    print("\n" + table([HEADER, *map(line, results)]))
    kept: dict[str, Any] = {**machine(), "results": [result.to_dict() for result in results]}
    if chosen.end_to_end:
        whole = end_to_end.measure(chosen.rows, chosen.repetitions)
        kept["end_to_end"] = whole.to_dict()
        print("\n" + whole.text())
    if chosen.latency:
        single = latency.measure(repetitions=chosen.repetitions, tier=chosen.tier)
        kept["latency"] = single.to_dict()
        print("\n" + single.text())
    if chosen.json:
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    verdicts = {verdict(result) for result in results}
    return 1 if "rows" in verdicts or (chosen.check and "slow" in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
