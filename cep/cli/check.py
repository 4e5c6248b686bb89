"""`cep check`: every mistake and lint of rule files, as text, JSON or annotations for GitHub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cep.cli.arguments import add_rules
from cep.compile import compile_rules
from cep.errors import CepError
from cep.rule_files import rule_sources

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from cep.errors import Problem


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the rule files and the output format."""
    add_rules(parser)
    parser.add_argument("--format", choices=sorted(FORMATS), default="text", help="how to print")


def run(arguments: argparse.Namespace) -> int:
    """Print the problems of the files taken together; 2 if there is a mistake, 0 if there are only lints."""
    sources = rule_sources(arguments.rules)
    try:
        problems = list(compile_rules(sources, params=dict(arguments.param)).lints)
        wrong = False
    except CepError as found:
        problems, wrong = list(found.problems), True
    FORMATS[arguments.format](problems)
    return 2 if wrong else 0


def _text(problems: list[Problem]) -> None:
    for problem in problems:
        print(problem.render())
    mistakes = sum(not p.is_lint for p in problems)
    print(f"{_count(mistakes, 'mistake')}, {_count(len(problems) - mistakes, 'lint')}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _place(problem: Problem) -> tuple[str, int, int]:
    source = problem.span.source
    return (source.name if source else "", problem.span.line, problem.span.column)


def _json(problems: list[Problem]) -> None:
    rows = []
    for problem in problems:
        file, line, column = _place(problem)
        rows.append({
            "file": file,
            "line": line,
            "column": column,
            "code": problem.code,
            "severity": "lint" if problem.is_lint else "error",
            "message": problem.message,
            "hint": problem.hint,
        })
    print(json.dumps(rows, indent=2))


def _github(problems: list[Problem]) -> None:
    for problem in problems:
        file, line, column = _place(problem)
        level = "warning" if problem.is_lint else "error"
        hint = f" ({problem.hint})" if problem.hint else ""
        text = f"{problem.message}{hint}".replace("%", "%25").replace("\n", "%0A")
        print(f"::{level} file={file},line={line},col={column},title={problem.code}::{text}")


FORMATS: dict[str, Callable[[list[Problem]], None]] = {
    "text": _text,
    "json": _json,
    "github": _github,
}
