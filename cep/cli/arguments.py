"""Arguments that several verbs share: rule files, parameters, `NAME=VALUE` pairs."""

from __future__ import annotations

import argparse
from pathlib import Path

from cep.errors import SourceText, error


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add the positional rule files and `--param`."""
    parser.add_argument("rules", nargs="+", metavar="RULES", help="rule files (.cep)")
    add_parameters(parser)


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """Add `--param`."""
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        type=pair,
        metavar="NAME=VALUE",
        help="value of a PARAM of the rules; may be repeated",
    )


def pair(text: str) -> tuple[str, str]:
    """Split `NAME=VALUE`.

    Raises:
        argparse.ArgumentTypeError: there is no `=` or no name.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        msg = f"{text!r} is not NAME=VALUE"
        raise argparse.ArgumentTypeError(msg)
    return name, value


def read_rules(paths: list[str]) -> list[SourceText]:
    """Return the texts of rule files.

    Raises:
        CepError: CEP201, a file cannot be read.
    """
    sources = []
    for path in paths:
        try:
            text = Path(path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8"
            msg = f"cannot read rule file {path}: {reason}"
            raise error("CEP201", msg) from problem
        sources.append(SourceText(path, text))
    return sources
