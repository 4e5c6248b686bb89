"""Seeded faults in the engine, each of which the cases must find: `python -m tests.mutants` (`make mutants`).

The cases are first run on a copy of the tree as it is, and must pass. Then every fault of `tests.faults` is
seeded in the copy, one after the other, and the cases are run until one fails: first the files most likely
to find it, then all. A fault is found if a case fails by a comparison; one that breaks the engine
in another way proves nothing about the cases. The exit code is 1 if a fault survives, breaks the
engine, or if the text it replaces does not stand exactly once in its file.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import FAULTS

if TYPE_CHECKING:
    from tests.faults.fault import Fault

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("cep", "grammar", "rules", "tests", "pyproject.toml")
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S+?(?:\[(?P<case>[^]]+)\])?(?: - (?P<why>.*))?$", re.M)
_COMPARED = ("AssertionError", "assert ")
MOST_SECONDS = 120  # a fault may make the engine run for ever


@dataclass(frozen=True)
class Verdict:
    """What became of a fault: found (and by which case), or what is wrong."""

    found: bool
    text: str


class Copy:
    """A copy of the tree in which one fault at a time is seeded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / part, ignore=ignored)
            else:
                shutil.copy(source, folder / part)

    def stale(self, fault: Fault) -> int:
        """Return how often the text of a fault stands in its file."""
        return (self.folder / fault.file).read_text(encoding="utf-8").count(fault.old)

    def run(self, fault: Fault) -> Verdict:
        """Seed a fault, run the cases, and take it out again."""
        file = self.folder / fault.file
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        try:
            verdict = self.play(fault.tier, " or ".join(f"{name}.test" for name in fault.likely))
            return self.play(fault.tier) if verdict.text == "survives" else verdict
        finally:
            file.write_text(text, encoding="utf-8")

    def play(self, tiers: str, chosen: str = "") -> Verdict:
        """Run the cases, or those `chosen` by pytest's -k, until one fails."""
        environment = dict(
            os.environ,
            PYTHONPATH=str(self.folder),
            PYTHONDONTWRITEBYTECODE="1",
            CEP_TEST_TIERS=tiers,
            COLUMNS="500",
        )
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
        try:
            done = subprocess.run(
                [*command, "tests/cases", *(("-k", chosen) if chosen else ())],
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=MOST_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return Verdict(found=False, text=f"runs for more than {MOST_SECONDS} s")
        return _verdict(done.returncode, done.stdout + done.stderr)


def _verdict(code: int, output: str) -> Verdict:
    """Return what a run of pytest says; `code` 5 is that no case was chosen."""
    if code in (0, 5):
        return Verdict(found=False, text="survives")
    failed = _FAILED.search(output)
    why = (failed["why"] or "") if failed else output.strip()[-200:]
    if failed and failed["case"] and why.startswith(_COMPARED):
        return Verdict(found=True, text=failed["case"])
    return Verdict(found=False, text=f"breaks: {why}")


def _arguments() -> list[int]:
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__)
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="numbers, from 1")
    chosen: list[int] | None = parser.parse_args().only
    return chosen or list(range(1, len(FAULTS) + 1))


def main() -> int:
    """Run all faults, or the chosen ones, and print the table of what found them."""
    numbers = _arguments()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        copy = Copy(Path(name))
        stale = [n for n in numbers if copy.stale(FAULTS[n - 1]) != 1]
        for number in stale:
            fault = FAULTS[number - 1]
            print(f"{number:3} text stands {copy.stale(fault)} times in {fault.file}: {fault.name}")
        bare = copy.play("python")
        if bare.text != "survives":
            print(f"the cases fail without a fault: {bare.text}")
            return 1
        found = 0
        for number in (n for n in numbers if n not in stale):
            fault, start = FAULTS[number - 1], time.monotonic()
            verdict = copy.run(fault)
            found += verdict.found
            seconds = time.monotonic() - start
            print(f"{number:3} {fault.name:66} {verdict.text:26} {seconds:5.1f} s", flush=True)
    minutes = (time.monotonic() - began) / 60
    print(f"{found} of {len(numbers)} faults found, {minutes:.1f} minutes")
    return 0 if found == len(numbers) else 1


if __name__ == "__main__":
    sys.exit(main())
