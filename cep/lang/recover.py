"""Statements of a rule text, and friendly words for what the parser could not read.

A syntax error costs the statement it stands in: the next one begins after the next `;` outside quotes
and comments (no construct of the language has a `;` inside).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.errors import Problem, Span, nearest

if TYPE_CHECKING:
    from cep.errors import SourceText

_PIECES = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(?P<open>/\*|'|"|`)|(?P<end>;)|(?P<nest>[(\[{])|(?P<back>[)\]}])""",
    re.DOTALL,
)
_DECLARED = re.compile(
    r"""\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:AGGREGATE\s+)?"""
    r"""(?:STREAM|RULE|TABLE|VIEW|INCIDENT|FUNCTION|TEMPLATE)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)"""
    r"""|\b(?:INSERT|UPSERT)\s+INTO\s+([\w.]+)|\bLATE\s+INTO\s+([\w.]+)|\bINTO\s+([\w.]+)|\bPARAM\s+(\w+)""",
    re.IGNORECASE,
)
MAX_NESTING = 100

# What a terminal of the grammar is called in a message; keywords are called by themselves.
_CALLED = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a text in single quotes",
    "DURATION": "a duration",
    "PARAM": "a parameter ($name)",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "COMMA": "','",
    "SEMICOLON": "';'",
    "EQUAL": "'='",
    "DOT": "'.'",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "$END": "the end of the text",
}
_VALUES = frozenset({"NUMBER", "STRING", "LPAR", "MINUS", "CASE", "CAST"})
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one statement with its `;`: `[start, end)` in the source."""

    start: int
    end: int
    text: str
    ended: bool  # a `;` stands at its end


def pieces(source: SourceText) -> tuple[list[Piece], list[Problem]]:
    """Return the statements of a text, and what makes it impossible to tell them apart."""
    text = source.text
    found: list[Piece] = []
    problems: list[Problem] = []
    start = depth = 0
    for match in _PIECES.finditer(text):
        if match.lastgroup == "open":
            problems.append(_unterminated(match, source))
            found.append(Piece(start, match.start(), "", ended=True))
            start = len(text)
            break
        depth = 0 if match.lastgroup == "end" else depth + _step(match.lastgroup)
        if depth > MAX_NESTING:
            span = Span(match.start(), match.end(), source)
            msg = f"brackets nested more than {MAX_NESTING} deep"
            problems.append(Problem("CEP105", msg, span))
            return [], problems
        if match.lastgroup == "end":
            found.append(Piece(start, match.end(), text[start : match.end()], ended=True))
            start = match.end()
    if start < len(text):
        found.append(Piece(start, len(text), text[start:], ended=False))
    return [p for p in found if _says_something(p.text)], problems


def _step(group: str | None) -> int:
    return {"nest": 1, "back": -1}.get(group or "", 0)


def _says_something(text: str) -> bool:
    return bool(re.sub(r"--[^\n]*|/\*.*?\*/|\s", "", text, flags=re.DOTALL))


def _unterminated(match: re.Match[str], source: SourceText) -> Problem:
    opened = match.group()
    what = {"'": "text", '"': "quoted name", "`": "quoted name", "/*": "comment"}[opened]
    close = "*/" if opened == "/*" else opened
    span = Span(match.start(), match.end(), source)
    return Problem("CEP102", f"{what} without its end", span, f"add the closing {close}")


def declared_names(text: str) -> frozenset[str]:
    """Return the names that a statement which did not parse seems to declare."""
    return frozenset(name for groups in _DECLARED.findall(text) for name in groups if name)


def syntax_problem(failure: Any, piece: Piece, source: SourceText) -> Problem:
    """Return a problem in words for an exception of lark."""
    place = getattr(failure, "pos_in_stream", None)
    token = getattr(failure, "token", None)
    expected = {
        str(e)
        for e in getattr(failure, "accepts", None) or getattr(failure, "expected", None) or ()
    }
    if token is None:
        start = piece.start + (place or 0)
        character = source.text[start : start + 1]
        msg = f"unexpected character {character!r}"
        return Problem("CEP101", msg, Span(start, start + 1, source), _hint(expected, character))
    if token.type == "$END":
        stripped = piece.text.rstrip()
        end = piece.start + len(stripped)
        if "SEMICOLON" in expected:
            return Problem(
                "CEP102", "the statement does not end", Span(end - 1, end, source), "add ';'"
            )
        msg = "the text ends in the middle of a statement"
        return Problem("CEP101", msg, Span(end - 1, end, source), _hint(expected, ""))
    span = Span(piece.start + token.start_pos, piece.start + token.end_pos, source)
    text = str(token)
    msg = f"unexpected {text!r}" if text != ";" else "the statement ends too early"
    return Problem("CEP101", msg, span, _hint(expected, text))


def _hint(expected: set[str], text: str) -> str:
    keywords = {e for e in expected if e.isalpha() and e not in _CALLED and len(e) > 1}
    close = nearest(text, keywords) if text.isidentifier() else ""
    if close:
        return close
    if expected >= _VALUES:
        return "a value is expected here"
    named = sorted({
        _CALLED.get(e, e.replace("_", " ")) for e in expected if not e.startswith("__")
    })
    if not named or len(named) > 3 * _MOST_NAMED:
        return ""
    shown = named[:_MOST_NAMED]
    return f"expected {' or '.join(shown)}" + (" ..." if len(named) > _MOST_NAMED else "")
