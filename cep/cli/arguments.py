"""Arguments that several verbs share: rule files, parameters, `NAME=VALUE` pairs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cep.errors import error

if TYPE_CHECKING:
    from cep.api import Engine


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


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add `--input`."""
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="STREAM=URI",
        help="where a stream's events come from: a file (.jsonl .csv .parquet .arrow), a glob, - for standard "
        "input, tail:FILE; STREAM= may be left out when there is one stream (default: standard input)",
    )


def stream_inputs(given: list[str], engine: Engine) -> dict[str, str]:
    """Return the URI of each stream that `--input` names; standard input for the only one when nothing is given.

    Raises:
        CepError: CEP205, a stream cannot be told or has two inputs.
    """
    streams = engine.sources
    found: dict[str, str] = {}
    for text in given:
        stream, sign, uri = text.partition("=")
        if not sign or (stream not in streams and Path(text).exists()):
            stream, uri = only_stream(streams, "--input"), text
        if stream in found:
            msg = f"stream {stream} has two inputs"
            raise error("CEP205", msg, hint="several files can be given as a glob")
        found[stream] = uri
    if list(found.values()).count("-") > 1:
        msg = "standard input can be the input of one stream only"
        raise error("CEP205", msg)
    if not given:
        found[only_stream(streams, "--input")] = "-"
    return found


def only_stream(streams: tuple[str, ...], option: str) -> str:
    """Return the stream of an option that does not name it.

    Raises:
        CepError: CEP205, there are none or several.
    """
    if not streams:
        msg = "the rules read no stream"
        raise error("CEP205", msg, hint="declare one: CREATE STREAM name (ts TIMESTAMP, ..);")
    if len(streams) != 1:
        msg = f"{option} must name its stream: the rules have {', '.join(streams)}"
        raise error("CEP205", msg, hint=f"{option} STREAM=FILE")
    return streams[0]
