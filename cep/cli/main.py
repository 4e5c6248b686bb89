"""The entry point: finds the verb, runs it, turns mistakes into messages and exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING

from cep.errors import CepError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_OK = 0
EXIT_RUN_FAILED = 1
EXIT_WRONG_RULES = 2

# Verb: what it does, in the order of `cep --help`. The module is cep.cli.<verb>, imported when used.
VERBS: dict[str, str] = {
    "run": "run rules over inputs and write the events they find",
    "check": "list every mistake and lint of rule files",
    "test": "run the TEST statements of rule files, and .test files",
    "explain": "show the stages a rule file goes through, and its pictures",
    "why": "tell why a rule did or did not fire",
    "diff": "compare what two versions of a rule file write for the same input",
    "fmt": "format rule files in the canonical way",
    "init": "make the folder of a new rule project",
    "demo": "run the fire story on generated readings",
    "bench": "measure the benchmark workloads on this machine",
    "version": "show the versions of cep and of what it runs on",
}


def parser_for(verb: str | None) -> argparse.ArgumentParser:
    """Return the parser, with the arguments of one verb filled in (the others stay unloaded)."""
    parser = argparse.ArgumentParser(
        prog="cep", description="Complex event processing with a SQL-like rule language."
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        child = verbs.add_parser(name, help=summary, description=summary)
        if name == verb:
            importlib.import_module(f"cep.cli.{name}").configure(child)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 ok, 1 run failed, 2 rules or arguments wrong."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["--version"]:
        words = ["version"]
    verb = next((w for w in words if not w.startswith("-")), None)
    arguments = parser_for(verb).parse_args(words)
    module = importlib.import_module(f"cep.cli.{arguments.verb}")
    try:
        code: int = module.run(arguments)
    except CepError as problem:
        print(problem, file=sys.stderr)
        return EXIT_WRONG_RULES if problem.code < "CEP5" else EXIT_RUN_FAILED
    except KeyboardInterrupt:
        return EXIT_RUN_FAILED
    except BrokenPipeError:
        # The reader of our output is gone; nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as problem:
        print(f"cep: {problem}", file=sys.stderr)
        return EXIT_RUN_FAILED
    return code
