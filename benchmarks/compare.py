"""Compares two saved runs: `python -m benchmarks.compare OLD.json NEW.json [--tolerance 0.1]`.

As machines differ in speed, what is compared is the ratio to the C reference where there is one,
else the CPU time. The exit code is 1 if a workload got slower by more than the tolerance, or its
number of output rows changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.run import table

Key = tuple[str, int, int]
HEADER = ("workload", "batch", "measure", "old", "new", "change", "")


def load(path: Path) -> dict[Key, dict[str, Any]]:
    """The results of a saved run by workload, batch size and rows."""
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return {(item["workload"], item["batch_rows"], item["rows"]): item for item in results}


def compare(old: dict[str, Any], new: dict[str, Any], tolerance: float) -> tuple[str, ...]:
    """One line: what was measured, before, after, change, and a verdict (`rows`, `slower`, '')."""
    measure = "ratio" if old["ratio"] is not None and new["ratio"] is not None else "engine"
    change = new[measure] / old[measure] - 1
    verdict = "slower" if change > tolerance else ""
    if old["matches"] != new["matches"]:
        verdict = "rows"
    unit = "s" if measure == "engine" else ""
    return (
        new["workload"].upper(),
        f"{new['batch_rows']:,}",
        measure,
        f"{old[measure]:.3f}{unit}",
        f"{new[measure]:.3f}{unit}",
        f"{change:+.1%}",
        verdict,
    )


def main(text: list[str]) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.compare", description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--tolerance", type=float, default=0.1)
    chosen = parser.parse_args(text)
    old, new = load(chosen.old), load(chosen.new)
    lines = [compare(old[key], new[key], chosen.tolerance) for key in new if key in old]
    if not lines:
        print("the two runs have no workload in common", file=sys.stderr)
        return 1
    print(table([HEADER, *lines]))
    return 1 if any(line[-1] for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
