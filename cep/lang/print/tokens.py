"""Tokens of rule text for the formatter: where comments stand, and which tokens of two texts are the same."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from cep.lang.build.base import identifier, text_of
from cep.lang.build.expressions import interval_us
from cep.times import format_duration, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

# INTERVAL '5' MINUTE is one token, since it is printed as one.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<interval>\b(?i:interval)\s+(?P<amount>'[^']*')\s+(?P<unit>\w+))"""
    r"""|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\w*|\$?\w+"""
    r"""|->>?|-\[|\.\.|=>|<=|>=|<>|!=|==|\|\||\{-|-\}|\S""",
    re.DOTALL,
)
_SPELLINGS = {"!=": "<>", "==": "=", "~": "REGEXP"}


def scan(text: str) -> Iterator[re.Match[str]]:
    """Return the tokens and comments of a text in order; a comment's `lastgroup` is `comment`."""
    return _TOKEN.finditer(text)


def is_comment(match: re.Match[str]) -> bool:
    """Return whether a match of `scan` is a comment."""
    return match["comment"] is not None


def comments_of(text: str) -> list[str]:
    """Return the comments of a rule text in order."""
    return [m.group().rstrip() for m in scan(text) if is_comment(m)]


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a rule text in order, without comments."""
    return [m.group() for m in scan(text) if not is_comment(m)]


def aligned(written: list[str], printed: list[str]) -> dict[int, int]:
    """Return for each token of a text, by number, its partner in the printed text, where it has one."""
    ours, theirs = [_meaning(t) for t in written], [_meaning(t) for t in printed]
    if ours == theirs:
        return {i: i for i in range(len(ours))}
    partner: dict[int, int] = {}
    for block in SequenceMatcher(None, ours, theirs).get_matching_blocks():
        partner.update((block.a + i, block.b + i) for i in range(block.size))
    # Clauses that were put in another order: what is left over on both sides and stands there once.
    taken = set(partner.values())
    left = [i for i in range(len(ours)) if i not in partner]
    left_there = [j for j in range(len(theirs)) if j not in taken]
    once = {t for t, n in Counter(ours[i] for i in left).items() if n == 1}
    once &= {t for t, n in Counter(theirs[j] for j in left_there).items() if n == 1}
    place = {theirs[j]: j for j in left_there}
    partner.update((i, place[ours[i]]) for i in left if ours[i] in once)
    return partner


def _meaning(token: str) -> str:
    """Return what a token says, however it is spelled."""
    match = _TOKEN.fullmatch(token)
    if match and match["interval"]:
        us = interval_us(text_of(match["amount"]), match["unit"])
        return token if us is None else format_duration(us)
    if token[0].isdigit():
        us = parse_duration(token)
        return token if us is None else format_duration(us)
    if token[0] == "'":
        return token
    return _SPELLINGS.get(token) or identifier(token).upper()
