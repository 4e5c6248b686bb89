"""Seeded faults in the engine, each of which the cases must find: `python -m tests.mutants` (`make mutants`).

Every mutant is one replacement in one file of a copy of the tree; the `.test` cases are run on the copy. A
mutant that survives is a case that is missing. The exit code is 1 if one survives, or if the text to be
replaced is not found exactly once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("cep", "grammar", "rules", "tests", "pyproject.toml")
AT_ONCE = 2


@dataclass(frozen=True)
class Mutant:
    """One fault: what breaks, where, which text becomes which."""

    fault: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        "WITHIN is exclusive",
        "cep/codegen/match/runs.py",
        '"deadline_after", "ts", parts.node.within_us)',
        '"deadline_after", "ts", parts.node.within_us - 1)',
    ),
    Mutant(
        "a throttle entry is discarded at its deadline",
        "cep/codegen/throttle.py",
        "{self.due}) < now:",
        "{self.due}) <= now:",
    ),
    Mutant(
        "SUPPRESS passes only after its time",
        "cep/codegen/throttle.py",
        "elif now >= {after}(",
        "elif now > {after}(",
    ),
    Mutant(
        "LIMIT lets one more pass",
        "cep/codegen/throttle.py",
        "[slot] < {self.most}",
        "[slot] <= {self.most}",
    ),
    Mutant(
        "STDDEV of the population",
        "cep/aggregates/stddev.py",
        "{moments.m2}, {moments.n} - 1",
        "{moments.m2}, {moments.n}",
    ),
    Mutant(
        "late rows are not late",
        "cep/engine/watermark.py",
        "late = times < np.maximum(limits, clock)",
        "late = times < np.full(len(times), NEVER)",
    ),
    Mutant(
        "registers are lost at a restart",
        "cep/operators/kernel_operator.py",
        "if array.role in (Role.STATE, Role.REGISTER):\n                self._set(",
        "if array.role is Role.STATE:\n                self._set(",
    ),
    Mutant(
        "the next timer is lost at a restart",
        "cep/operators/kernel_operator.py",
        'kept["$next"] = np.array([',
        'kept["$next"] = np.array([MAX_I64 - 1, 0]) if True else np.array([',
    ),
    Mutant(
        "waiting rows are lost at a restart",
        "cep/engine/reorder.py",
        "        if arrays:\n            names",
        "        if arrays and False:\n            names",
    ),
    Mutant(
        "TIEBREAK is ignored",
        "cep/engine/reorder.py",
        "ties = [self._sortable(rows.batch, name) for name in self._spec.tiebreak]",
        "ties = []",
    ),
    Mutant(
        "NULLs of a TIEBREAK column come first",
        "cep/engine/reorder.py",
        "return np.where(stored < 0, MAX_I64, np.append(ranks, 0)[stored])",
        "return np.where(stored < 0, -1, np.append(ranks, 0)[stored])",
    ),
    Mutant(
        "rules of one event are taken in the wrong order",
        "cep/engine/merge.py",
        "(declaration << EMISSION_BITS)",
        "((99 - declaration) << EMISSION_BITS)",
    ),
    Mutant(
        "events of equal level come in any order",
        "cep/engine/merge.py",
        "np.lexsort((*reversed(p.path), p.level,",
        "np.lexsort((p.level,",
    ),
    Mutant(
        "deadlines are events of phase 1",
        "cep/engine/merge.py",
        "CAUSE_DEADLINE: PHASE_DEADLINE",
        "CAUSE_DEADLINE: PHASE_EVENT",
    ),
    Mutant(
        "a constant text is another one",
        "cep/operators/kernel_operator.py",
        "return self._strings.encode(texts)",
        "return self._strings.encode(texts[::-1])",
    ),
    Mutant(
        "growth forgets what was there",
        "cep/operators/kernel_operator.py",
        "fresh[: len(known)] = known",
        "fresh[: 0] = known[: 0]",
    ),
    Mutant(
        "ranks of texts are those of their codes",
        "cep/strings.py",
        "order = sorted(range(count), key=self._texts.__getitem__)",
        "order = list(range(count))",
    ),
    Mutant(
        "INT is not made DOUBLE where streams are joined",
        "cep/engine/component.py",
        "np.where(stored == NULL_I64, np.nan, stored)",
        "np.where(stored == NULL_I64, 0.0, stored)",
    ),
    Mutant(
        "the declared disorder is ignored",
        "cep/engine/watermark.py",
        "self._delay = spec.watermark_delay_us",
        "self._delay = 0",
    ),
    Mutant(
        "end of input closes nothing",
        "cep/engine/watermark.py",
        "        if self.ended:\n            return MAX_I64\n",
        "",
    ),
    Mutant(
        "division by zero is infinite",
        "cep/kernel/intrinsics_python.py",
        "def div_f64(a: float, b: float) -> float:",
        "def div_f64(a: float, b: float) -> float:\n    b = b or 1e-300\n",
    ),
)


def run_mutant(mutant: Mutant) -> tuple[str, float]:
    """Return what became of a mutant (killed, survived, or what is wrong with it) and the seconds it took."""
    began = time.monotonic()
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return f"its text stands {text.count(mutant.old)} times in {mutant.file}", 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in COPIED:
            source = ROOT / part
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / part)
        (folder / mutant.file).write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        environment = dict(os.environ, PYTHONPATH=name, PYTHONDONTWRITEBYTECODE="1")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "tests/cases"],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
        )
    return ("survived" if done.returncode == 0 else "killed"), time.monotonic() - began


def main() -> int:
    """Run all mutants, or the chosen ones, two at a time."""
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__)
    parser.add_argument(
        "--only", type=int, nargs="+", metavar="N", help="numbers of mutants, from 1"
    )
    chosen = parser.parse_args().only or range(1, len(MUTANTS) + 1)
    numbers = list(chosen)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda n: run_mutant(MUTANTS[n - 1]), numbers))
    for number, (result, seconds) in zip(numbers, results, strict=True):
        print(f"{number:3} {result:10} {seconds:5.1f} s  {MUTANTS[number - 1].fault}")
    killed = sum(result == "killed" for result, _ in results)
    print(f"{killed} of {len(results)} killed")
    return 0 if killed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
