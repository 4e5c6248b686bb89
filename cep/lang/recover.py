"""Statements of a rule text, so that a mistake costs only the statement it stands in.

The next statement begins after the next `;` outside quotes and comments (no construct of the language has a `;` inside, so brackets that
are not closed cost one statement too), or where a statement plainly begins although the `;` before it is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.errors import Problem, Span
from cep.lang.build.base import CLAUSE_WORDS

if TYPE_CHECKING:
    from cep.errors import SourceText

MAX_NESTING = 100
BYTE_ORDER_MARK = "\ufeff"  # some editors begin a file with it

_PIECES = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(?P<open>/\*|'|"|`)|(?P<end>;)|(?P<nest>[(\[{])|(?P<back>[)\]}])""",
    re.DOTALL,
)
_CODE = re.compile(
    r"""--[^\n]*|/\*.*?\*/|(?P<code>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\S)""", re.DOTALL
)
_DECLARED = re.compile(
    r"""\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:AGGREGATE\s+)?"""
    r"""(?:STREAM|RULE|TABLE|VIEW|INCIDENT|FUNCTION|TEMPLATE)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)"""
    r"""|\b(?:INSERT|UPSERT)\s+INTO\s+([\w.]+)|\bLATE\s+INTO\s+([\w.]+)|\bINTO\s+([\w.]+)|\bPARAM\s+(\w+)""",
    re.IGNORECASE,
)
# Words that begin a statement and nothing else at the begin of a line, once a statement could be over.
_BEGINS = re.compile(
    r"""(?:^|(?<=\n))[ \t]*(?=(?:CREATE|SELECT|INSERT|UPSERT|DROP|PARAM|MODULE|IMPORT|PAUSE|RESUME|EXPLAIN|TEST)\b|@)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one statement with its `;`: `[start, end)` in the source."""

    start: int
    end: int
    text: str
    ended: bool = True
    problem: Problem | None = None  # what makes it unreadable before it is parsed


def pieces(source: SourceText) -> list[Piece]:
    """Return the statements of a text; the last one may lack its `;`."""
    text = source.text
    found: list[Piece] = []
    start, depth = len(text) - len(text.removeprefix(BYTE_ORDER_MARK)), 0
    problem: Problem | None = None
    long_text: int | None = None
    for match in _PIECES.finditer(text):
        if match.lastgroup == "open":
            problem = _unterminated(match, long_text, source)
            return [*found, Piece(start, len(text), text[start:], ended=False, problem=problem)]
        if match.group()[0] in "'\"`" and "\n" in match.group():
            long_text = match.start()
        depth += {"nest": 1, "back": -1}.get(match.lastgroup or "", 0)
        if depth > MAX_NESTING and problem is None:
            span = Span(match.start(), match.end(), source)
            msg = f"brackets nested more than {MAX_NESTING} deep"
            problem = Problem("CEP105", msg, span, "split the rule into several")
        if match.lastgroup == "end":
            found.append(Piece(start, match.end(), text[start : match.end()], problem=problem))
            start, depth, problem = match.end(), 0, None
    if start < len(text):
        found.append(Piece(start, len(text), text[start:], ended=False, problem=problem))
    return [p for p in found if p.problem or _says_something(p.text.removesuffix(";"))]


def split_at(piece: Piece, place: int) -> tuple[Piece, Piece] | None:
    """Return a piece cut in two where a statement plainly begins, at or before `place` on its line; None if none does.

    The first part gets the `;` it lacks.
    """
    line = piece.text.rfind("\n", 0, place) + 1
    begins = _BEGINS.match(piece.text, line)
    if begins is None or not _says_something(piece.text[:line]):
        return None
    cut = begins.end()
    first = Piece(piece.start, piece.start + cut, closed(piece.text[:cut]))
    return first, Piece(piece.start + cut, piece.end, piece.text[cut:], piece.ended)


def closed(text: str) -> str:
    """Return the text of a statement with the `;` it lacks, on a line of its own lest a comment hides it."""
    return text + "\n;"


def end_of_code(text: str) -> int:
    """Return where the last of a text ends that is neither space nor comment."""
    return max((m.end() for m in _CODE.finditer(text) if m.lastgroup == "code"), default=0)


def _says_something(text: str) -> bool:
    return end_of_code(text) > 0


def _unterminated(match: re.Match[str], before: int | None, source: SourceText) -> Problem:
    """`before`: where a quoted text over several lines begins that stands before."""
    opened = match.group()
    what = {"'": "text", '"': "quoted name", "`": "quoted name", "/*": "comment"}[opened]
    close = "*/" if opened == "/*" else opened
    span = Span(match.start(), match.end(), source)
    hint = f"add the closing {close}"
    if before is not None:
        line = source.place(before)[0]
        hint += f"; or is one missing in line {line}, where a text over several lines begins?"
    return Problem("CEP102", f"{what} without its end", span, hint)


def declared_names(text: str) -> frozenset[str]:
    """Return the names that a statement which did not parse seems to declare."""
    found = {name for groups in _DECLARED.findall(text) for name in groups if name}
    return frozenset(name for name in found if name.upper() not in CLAUSE_WORDS)
