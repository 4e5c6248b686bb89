"""`cep test`: runs the TEST statements of rule files."""

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

    from cep.testing import Outcome

EXIT_FAILED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the files or folders, parameters and the tier."""
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="rule files, or folders of them"
    )
    add_parameters(parser)
    parser.add_argument("--together", action="store_true", help="take all files as one rule set")
    parser.add_argument("--json", action="store_true", help="print the outcomes as JSON")
    parser.add_argument("--tier", choices=("python", "llvm"), default="python")


def run(arguments: argparse.Namespace) -> int:
    """Run all tests, a line each, what differs below; 1 if one failed, 2 if rules have mistakes."""
    files = [str(f) for path in arguments.paths for f in _files(Path(path))]
    groups = [files] if arguments.together else [[file] for file in files]
    outcomes: list[Outcome] = []
    for group in groups:
        sources = rule_sources(group)
        if not any(may_have_tests(source.text) for source in sources):
            continue
        params = dict(arguments.param)
        for test in load_tests(sources, params):
            outcome = run_test(test, sources, params, tier=arguments.tier)
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
        print(f"no TEST statement in {' '.join(arguments.paths)}", file=sys.stderr)
    return EXIT_FAILED if failed else 0


def _show(outcome: Outcome) -> None:
    span = outcome.test.span
    place = f"{span.source.name if span.source else ''}:{span.line}"
    print(f"{'ok  ' if outcome.passed else 'FAIL'}  {place}  {outcome.test.title}")
    if not outcome.passed:
        print("      " + outcome.render().replace("\n", "\n      "))


def _files(path: Path) -> list[Path]:
    """Return a file, or the rule files of a folder.

    Raises:
        CepError: CEP201, there is no such file or folder, or the file is no rule file.
    """
    if path.is_dir():
        return sorted(path.rglob("*.cep"))
    if not path.is_file():
        msg = f"no file or folder {path}"
        raise error("CEP201", msg)
    if path.suffix != ".cep":
        msg = f"{path} is no rule file"
        raise error("CEP201", msg, hint="TEST statements stand in files called *.cep")
    return [path]
