"""`cep diff`: two versions of a rule file on the same input, and the rows that only one of them writes."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cep.api import Engine
from cep.cli.arguments import add_parameters, stream_inputs
from cep.errors import error

if TYPE_CHECKING:
    import argparse

EXIT_SAME = 0
EXIT_DIFFERENT = 1
MOST_ROWS = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add both rule files, the inputs and how to show the differences."""
    parser.add_argument("old", metavar="OLD", help="rule file (.cep)")
    parser.add_argument("new", metavar="NEW", help="the other version of it")
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="[STREAM=]FILE",
        help="where events come from; STREAM= may be left out when there is one stream",
    )
    add_parameters(parser)
    parser.add_argument(
        "--most",
        type=int,
        default=MOST_ROWS,
        metavar="N",
        help=f"show so many rows of a stream (default: {MOST_ROWS})",
    )
    parser.add_argument("--json", action="store_true", help="all differences as one JSON object")


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of one stream as JSON lines: those that only the old rules write, only the new ones, how many both write."""

    stream: str
    gone: tuple[str, ...]
    new: tuple[str, ...]
    same: int

    def render(self, most: int) -> str:
        """Return a headline and at most so many rows of each side."""
        lines = [
            f"{self.stream}: {self.same} rows the same, {len(self.gone)} gone, {len(self.new)} new"
        ]
        for sign, rows in (("-", self.gone), ("+", self.new)):
            lines += [f"  {sign} {row}" for row in rows[:most]]
            if len(rows) > most:
                lines.append(f"  {sign} and {len(rows) - most} more")
        return "\n".join(lines)


def run(arguments: argparse.Namespace) -> int:
    """Print the differences; 0 if there are none, 1 if there are."""
    for text in arguments.inputs:
        if (text.partition("=")[2] or text) == "-" or "tail:" in text:
            msg = f"cep diff reads its inputs twice to their end, and {text} cannot be read so"
            raise error("CEP403", msg, hint="give a file")
    old, new = (_rows(arguments, rules) for rules in (arguments.old, arguments.new))
    found = [_difference(name, old.get(name, []), new.get(name, [])) for name in {**old, **new}]
    if arguments.json:
        shown = {
            d.stream: {
                "same": d.same,
                "gone": [json.loads(row) for row in d.gone],
                "new": [json.loads(row) for row in d.new],
            }
            for d in found
        }
        print(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        for difference in found:
            print(difference.render(arguments.most))
    return EXIT_DIFFERENT if any(d.gone or d.new for d in found) else EXIT_SAME


def _rows(arguments: argparse.Namespace, rules: str) -> dict[str, list[str]]:
    """Return the rows that rules write, as JSON lines by stream."""
    params = dict(arguments.param)
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine(rules, params=params, bounded=True) as engine,
    ):
        paths = {name: Path(folder, f"{n}.jsonl") for n, name in enumerate(engine.outputs)}
        sinks = [engine.write(name, str(path)) for name, path in paths.items()]
        for _ in engine.read(stream_inputs(arguments.inputs, engine)):
            pass
        for sink in sinks:
            sink.close()
        return {name: path.read_text(encoding="utf-8").splitlines() for name, path in paths.items()}


def _difference(stream: str, old: list[str], new: list[str]) -> Difference:
    """Compare rows as bags: a row that comes twice on one side only is a difference."""
    gone = _without(old, Counter(new))
    return Difference(stream, gone, _without(new, Counter(old)), len(old) - len(gone))


def _without(rows: list[str], others: Counter[str]) -> tuple[str, ...]:
    left = []
    for row in rows:
        if others[row]:
            others[row] -= 1
        else:
            left.append(row)
    return tuple(left)
