"""Each of the 44 traps of the language is shown by a case or a test that is there (`tests/traps.md`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.*?) ?\|$")
TABLE = [
    found.groups()
    for line in (ROOT / "tests" / "traps.md").read_text(encoding="utf-8").splitlines()
    if (found := ROW.match(line))
]
TRAPS = 44


def is_there(shown: str) -> bool:
    """Whether a case or a test of that name exists."""
    if "::" in shown:
        path, name = shown.split("::")
        return f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8")
    path, title = shown.split(": ", 1)
    text = (ROOT / "tests" / "cases" / path).read_text(encoding="utf-8")
    return f"\n=== {title}\n" in text


def test_all_traps_are_in_the_table() -> None:
    assert [int(number) for number, *_ in TABLE] == list(range(1, TRAPS + 1))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_what_shows_a_trap_is_there(row: tuple[str, ...]) -> None:
    shown = re.findall(r"`([^`]+)`(?:, |$)", row[2])
    assert shown
    assert not [name for name in shown if not is_there(name)]
