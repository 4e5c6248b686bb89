"""`cep test`: runs the TEST statements of rule files, and `.test` files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cep.cli.arguments import add_parameters
from cep.errors import error
from cep.rule_files import rule_sources
from cep.testing import load_tests, may_have_tests, run_test

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from cep.testing import Outcome
    from cep.testing.case_files import CaseOutcome

EXIT_FAILED = 1
SUFFIXES = (".cep", ".test")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the files or folders, parameters and the tier."""
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        metavar="PATH",
        help="rule files (.cep), files of cases (.test), or folders of them",
    )
    add_parameters(parser)
    parser.add_argument("--together", action="store_true", help="take all files as one rule set")
    parser.add_argument("--json", action="store_true", help="print the outcomes as JSON")
    parser.add_argument("--tier", choices=("python", "llvm"), default="python")


def run(arguments: argparse.Namespace) -> int:
    """Run all tests, a line each, what differs below; 1 if one failed, 2 if rules have mistakes."""
    outcomes: list[Outcome | CaseOutcome] = []
    for outcome in _outcomes(arguments):
        outcomes.append(outcome)
        if not arguments.json:
            _show(outcome)
    passed = sum(o.passed for o in outcomes)
    failed = len(outcomes) - passed
    if arguments.json:
        found = {"passed": passed, "failed": failed, "tests": [o.to_dict() for o in outcomes]}
        print(json.dumps(found, indent=2))
    else:
        print(f"{passed} passed, {failed} failed")
    if not outcomes:
        print(f"no test in {' '.join(arguments.paths)}", file=sys.stderr)
    return EXIT_FAILED if failed else 0


def _outcomes(arguments: argparse.Namespace) -> Iterator[Outcome | CaseOutcome]:
    """Run the tests of all files, rule files first, one after the other."""
    files = [f for path in arguments.paths for f in _files(Path(path))]
    rules = [str(f) for f in files if f.suffix == ".cep"]
    params = dict(arguments.param)
    for group in [rules] if arguments.together else [[file] for file in rules]:
        sources = rule_sources(group)
        if any(may_have_tests(source.text) for source in sources):
            for test in load_tests(sources, params):
                yield run_test(test, sources, params, tier=arguments.tier)
    cases = [f for f in files if f.suffix == ".test"]
    if cases:
        from cep.testing.case_files import load_cases, run_case

        for file in cases:
            for case in load_cases(file):
                yield run_case(case, str(file), tier=arguments.tier)


def _show(outcome: Outcome | CaseOutcome) -> None:
    print(f"{'ok  ' if outcome.passed else 'FAIL'}  {outcome.place}  {outcome.title}")
    if not outcome.passed:
        print("      " + outcome.render().replace("\n", "\n      "))


def _files(path: Path) -> list[Path]:
    """Return a file, or the rule and test files of a folder.

    Raises:
        CepError: CEP201, there is no such file or folder, or the file is of another kind.
    """
    if path.is_dir():
        return sorted(f for ending in SUFFIXES for f in path.rglob(f"*{ending}"))
    if not path.is_file():
        msg = f"no file or folder {path}"
        raise error("CEP201", msg)
    if path.suffix not in SUFFIXES:
        msg = f"{path} is no rule file"
        hint = "TEST statements stand in files called *.cep, cases in *.test"
        raise error("CEP201", msg, hint=hint)
    return [path]
