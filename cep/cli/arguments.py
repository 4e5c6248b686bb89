"""Arguments that several verbs share: rule files, parameters, `NAME=VALUE` pairs."""

from __future__ import annotations

import argparse


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
