"""`cep fmt`: rule files in the canonical layout, comments kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cep.lang.print import format_text
from cep.rule_files import rule_sources

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the rule files and `--check`."""
    parser.add_argument(
        "rules", nargs="+", metavar="RULES", help="rule files (.cep), rewritten in place"
    )
    parser.add_argument("--check", action="store_true", help="only say which files would change")


def run(arguments: argparse.Namespace) -> int:
    """Rewrite the files, or with --check return 1 if one would change."""
    changed = []
    for source in rule_sources(arguments.rules):
        formatted = format_text(source.text, source.name)
        if formatted == source.text:
            continue
        changed.append(source.name)
        if not arguments.check:
            Path(source.name).write_text(formatted, encoding="utf-8")
    for name in changed:
        print(f"{'would change' if arguments.check else 'formatted'} {name}", file=sys.stderr)
    return 1 if changed and arguments.check else 0
