"""`cep why`: replays inputs and tells what became of the runs of a rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cep.api import Engine
from cep.cli.arguments import add_inputs, add_rules, pair, stream_inputs
from cep.errors import error
from cep.times import parse_timestamp
from cep.why import why
from cep.why.answer import MOST_RUNS

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the rule, the key, the inputs and how to show the answer."""
    add_rules(parser)
    add_inputs(parser)
    parser.add_argument("--rule", required=True, metavar="NAME", help="the rule to ask about")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        type=pair,
        metavar="NAME=VALUE",
        help="only events with this value in a column of PARTITION BY; may be repeated",
    )
    parser.add_argument(
        "--during",
        nargs=2,
        metavar=("FROM", "TO"),
        help="only runs that lived between these times, e.g. 2026-01-01T08:00:00Z",
    )
    parser.add_argument(
        "--most",
        type=int,
        default=MOST_RUNS,
        metavar="N",
        help=f"so many matches and so many other runs are told (default: {MOST_RUNS})",
    )
    parser.add_argument("--json", action="store_true", help="the whole answer as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the answer."""
    params = dict(arguments.param)
    with Engine(arguments.rules, params=params, tier="python", bounded=True) as engine:
        inputs = stream_inputs(arguments.input, engine)
    answer = why(
        arguments.rules,
        arguments.rule,
        inputs,
        key=dict(arguments.key),
        during=_during(arguments.during),
        params=params,
    )
    if arguments.json:
        print(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(answer.render(most=arguments.most))
    return 0


def _during(given: list[str] | None) -> tuple[int, int] | None:
    if given is None:
        return None
    found = []
    for text in given:
        instant = parse_timestamp(text)
        if instant is None:
            msg = f"--during: {text} is no time"
            raise error("CEP405", msg, hint="for example 2026-01-01T08:00:00Z")
        found.append(instant)
    return found[0], found[1]
