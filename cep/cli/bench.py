"""`cep bench`: the benchmark workloads on this machine, against the C reference where gcc is there."""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING

from cep.cli.story import story_folder

if TYPE_CHECKING:
    from collections.abc import Sequence


def configure(parser: argparse.ArgumentParser) -> None:
    """Pass all arguments on to the benchmark runner."""
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        help="workloads and options of the runner; `cep bench -- --help` lists them",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the benchmarks."""
    words: Sequence[str] = [w for w in arguments.arguments if w != "--"]
    with story_folder():
        runner = importlib.import_module("benchmarks.run")
    code: int = runner.main(list(words))
    return code
