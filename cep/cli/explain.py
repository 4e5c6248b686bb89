"""`cep explain`: the stages a rule file goes through, and its pictures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cep.cli.arguments import add_rules
from cep.explain import FORMATS, STAGES, explain
from cep.rule_files import rule_sources

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add rule files, rule, stage and format."""
    add_rules(parser)
    parser.add_argument(
        "--rule", metavar="NAME", help="only this rule; as a picture, its automaton"
    )
    parser.add_argument(
        "--stage", choices=STAGES, default="graph", help="which stage (default: graph)"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="text, or the graph as a picture"
    )
    parser.add_argument(
        "--details", action="store_true", help="tell the size and compile time of each kernel too"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the stage."""
    text = explain(
        rule_sources(arguments.rules),
        rule=arguments.rule,
        stage=arguments.stage,
        format=arguments.format,
        params=dict(arguments.param),
        details=arguments.details,
    )
    if not text.strip():
        print(f"no rules in {' '.join(arguments.rules)}", file=sys.stderr)
    sys.stdout.write(text)
    return 0
