"""What the parser could not read, in words: what was found, what is missing, which keyword was meant.

A statement that did not parse is read once more, token by token, to know what could have stood at the last two places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cep.errors import Problem, Span, nearest
from cep.lang.build.base import CLAUSE_WORDS
from cep.lang.grammar import parser

if TYPE_CHECKING:
    from cep.errors import SourceText
    from cep.lang.recover import Piece

# What a terminal of the grammar is called in a message; keywords and signs are called by themselves.
_CALLED = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a text in single quotes",
    "DURATION": "a duration",
    "PARAM": "a parameter ($name)",
    "$END": "the end of the text",
}
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_OPENS = {close: opening for opening, close in _CLOSES.items()}
_VALUES = frozenset({"NUMBER", "STRING", "CASE"})
_MOST_NAMED = 6
_WORD = re.compile(r"[\w.]+")
# Signs of other languages.
_MEANT = {
    "&&": "write AND",
    "!": "write NOT, or <> for 'is not equal to'",
    "#": "a comment begins with --",
    "::": "write CAST(value AS type)",
    "\u201c": "texts stand in straight single quotes: 'text'",
    "\u201d": "texts stand in straight single quotes: 'text'",
    "\u2018": "texts stand in straight single quotes: 'text'",
    "\u2019": "texts stand in straight single quotes: 'text'",
}
_IN_PATTERN = {"=>": "steps are joined by ->"}


@dataclass(frozen=True, slots=True)
class Read:
    """A token as the parser took it, and the terminals that could have stood in its place."""

    token: Any
    could_be: frozenset[str]

    @property
    def word(self) -> str:
        """The word in upper case, empty for anything but a bare name."""
        text = str(self.token)
        return text.upper() if self.token.type == "NAME" and text[0] not in '"`' else ""

    @property
    def wants_value(self) -> bool:
        """Whether an expression could begin here."""
        return self.could_be >= _VALUES


def syntax_problem(failure: Any, piece: Piece, source: SourceText) -> Problem:
    """Return a problem in words for an exception of lark, raised for the text of `piece`."""
    token = getattr(failure, "token", None)
    if token is None:
        return _unknown_character(piece.start + failure.pos_in_stream, source)
    read, expected = _read_again(piece.text)
    refused = Read(token, expected)
    reasons = (_foreign, _misspelt, _empty_place, _unclosed, _unopened, _no_end, _quote_lost)
    at = _Place(piece, source, read[-1] if read else None, refused, [r.token for r in read])
    for reason in reasons:
        problem = reason(at)
        if problem is not None:
            return problem
    return Problem("CEP101", f"unexpected {str(token)!r}", at.span(token), _hint(at))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the parser stopped: the token before, the token it refused, all tokens before that."""

    piece: Piece
    source: SourceText
    before: Read | None
    refused: Read
    tokens: list[Any]

    def span(self, token: Any) -> Span:
        start = self.piece.start
        if token.type != "$END":
            return Span(start + token.start_pos, start + token.end_pos, self.source)
        end = start + (self.tokens[-1].end_pos if self.tokens else len(self.piece.text))
        return Span(end - 1, end, self.source)

    def named(self, token: Any) -> str:
        return "the end" if token.type == "$END" else repr(str(token))


def _read_again(text: str) -> tuple[list[Read], frozenset[str]]:
    """Return the tokens that were taken, and what could have stood where the parser stopped."""
    from lark.exceptions import UnexpectedInput

    interactive: Any = parser().parse_interactive(text)
    read: list[Read] = []
    try:
        for token in interactive.lexer_thread.lex(interactive.parser_state):
            could_be = frozenset(interactive.choices())
            interactive.feed_token(token)
            read.append(Read(token, could_be))
    except UnexpectedInput:
        pass
    return read, frozenset(t for t in interactive.accepts() if not t.startswith("__ANON"))


# ---------------------------------------------------------------- reasons, the most telling first


def _foreign(at: _Place) -> Problem | None:
    """`x && y`, `a::int`: a sign of another language."""
    span = at.span(at.refused.token)
    found = at.source.text[span.start : span.start + 2]
    if found not in _MEANT or found[0] != str(at.refused.token)[0]:
        return None
    span = Span(span.start, span.start + 2, at.source)
    return Problem("CEP101", f"unexpected {found!r}", span, _MEANT[found])


def _misspelt(at: _Place) -> Problem | None:
    """`SELECT a FORM readings`: the word before was taken as a name but is nearly a keyword."""
    before = at.before
    if before is None or not before.word or before.word in _keywords():
        return None
    keywords = {_shown(t) for t in before.could_be if t in _keywords()}
    close = nearest(before.word, {k for k in keywords if len(k) > 2})
    if not close:
        return None
    refused = at.named(at.refused.token)
    msg = f"{str(before.token)!r} is no keyword, and {refused} cannot follow it as a name"
    return Problem("CEP101", msg, at.span(before.token), close)


def _empty_place(at: _Place) -> Problem | None:
    """`SELECT a, FROM` and `WHERE GROUP BY`: a clause word or an end stands where a value should."""
    refused, before = at.refused, at.before
    if before is not None and before.word in CLAUSE_WORDS and "NAME" in before.could_be:
        if before.wants_value or "SEMICOLON" not in before.could_be:
            what = "a value" if before.wants_value else "a name"
            msg = f"{what} is missing before {before.word}"
            return Problem("CEP101", msg, at.span(before.token))
        return None
    ends = refused.token.type in ("SEMICOLON", "$END") or str(refused.token) in _OPENS
    if refused.wants_value and (ends or str(refused.token).upper() in CLAUSE_WORDS):
        msg = f"a value is missing before {at.named(refused.token)}"
        return Problem("CEP101", msg, at.span(refused.token))
    return None


def _unclosed(at: _Place) -> Problem | None:
    """`f(a, b FROM c`, `(SELECT a FROM b;`, `a[x > 1 -> b`: the innermost open bracket is not closed."""
    token = at.refused.token
    text = str(token)
    opened = _open_brackets(at.tokens)
    if not opened:
        return None
    sign = str(opened[-1])[-1]
    ends = token.type in ("SEMICOLON", "$END")
    # Inside a condition `->` is read as a minus and a sign that cannot follow it.
    start = at.span(token).start
    arrow = sign == "[" and at.source.text[start - 1 : start + 1] == "->"
    other = _OPENS.get(text, sign) != sign or text.upper() in CLAUSE_WORDS
    if not (ends or arrow or (other and not at.refused.wants_value)):
        return None
    found = "'->'" if arrow else at.named(token)
    msg = f"{sign!r} is not closed before {found}"
    return Problem("CEP102", msg, at.span(opened[-1]), f"add {_CLOSES[sign]!r}")


def _unopened(at: _Place) -> Problem | None:
    """`SELECT a) FROM b`."""
    text = str(at.refused.token)
    if text not in _OPENS or _open_brackets(at.tokens):
        return None
    msg = f"{text!r} closes nothing"
    return Problem(
        "CEP101", msg, at.span(at.refused.token), f"there is no {_OPENS[text]!r} before it"
    )


def _no_end(at: _Place) -> Problem | None:
    """The text or the statement ends in the middle."""
    if at.refused.token.type == "$END":
        msg = "the text ends in the middle of a statement"
    elif at.refused.token.type == "SEMICOLON":
        msg = "the statement ends too early"
    else:
        return None
    return Problem("CEP101", msg, at.span(at.refused.token), _expected(at.refused.could_be))


def _quote_lost(at: _Place) -> Problem | None:
    """A text over several lines before the place: its closing quote may stand too late."""
    before = at.before
    if before is None or before.token.type != "STRING" or "\n" not in before.token:
        return None
    span = at.span(before.token)
    msg = f"unexpected {str(at.refused.token)!r} after a text that begins in line {span.line}"
    return Problem("CEP101", msg, at.span(at.refused.token), "is a closing ' missing in that line?")


# ---------------------------------------------------------------- words


def _open_brackets(tokens: list[Any]) -> list[Any]:
    opened: list[Any] = []
    for token in tokens:
        last = str(token)[-1]
        if last in _CLOSES and len(token) <= 2:  # `-[` and `{-` open too
            opened.append(token)
        elif str(token)[0] in _OPENS or str(token) == "-}":
            del opened[-1:]
    return opened


@cache
def _keywords() -> dict[str, str]:
    """Return the keywords of the grammar by the name of their terminal."""
    patterns = {t.name: t.pattern.value for t in parser().terminals}
    return {name: text for name, text in patterns.items() if re.fullmatch(r"[A-Z][A-Z_]*", text)}


@cache
def _signs() -> dict[str, str]:
    return {t.name: t.pattern.value for t in parser().terminals if t.pattern.type == "str"}


def _shown(terminal: str) -> str:
    called = _CALLED.get(terminal) or _keywords().get(terminal)
    return called or repr(_signs().get(terminal, terminal))


def _hint(at: _Place) -> str:
    token, expected = at.refused.token, at.refused.could_be
    text = str(token)
    if text in _IN_PATTERN and "COLON" in expected:
        return _IN_PATTERN[text]
    if text.isidentifier():
        close = nearest(text, {_shown(t) for t in expected if t in _keywords()})
        if close:
            return close
    if expected >= _VALUES:
        return "a value is expected here"
    begins_item = token.type in ("NAME", "NUMBER", "STRING", "DURATION", "PARAM")
    if "COMMA" in expected and begins_item:
        return "is a ',' missing before it?"
    return _expected(expected)


def _expected(expected: frozenset[str]) -> str:
    if expected >= _VALUES:
        return "a value is expected here"
    named = sorted({_shown(t) for t in expected})
    if not named or len(named) > 3 * _MOST_NAMED:
        return ""
    more = " ..." if len(named) > _MOST_NAMED else ""
    return f"expected {' or '.join(named[:_MOST_NAMED])}{more}"


def _unknown_character(place: int, source: SourceText) -> Problem:
    text = source.text[place : place + 2]
    found = text if text in _MEANT else text[:1]
    hint = _MEANT.get(found, "")
    if not hint and found.isdigit():
        return _odd_number(place, source)
    if not hint and found.isalpha():
        hint = "names with letters other than A-Z at their begin stand in double quotes"
    msg = f"unexpected character{'s' if len(found) > 1 else ''} {found!r}"
    return Problem("CEP101", msg, Span(place, place + len(found), source), hint)


def _odd_number(place: int, source: SourceText) -> Problem:
    written = _WORD.match(source.text, place)
    text = written.group() if written else source.text[place]
    msg = f"{text!r} is neither a number nor a duration"
    hint = "durations are written with us, ms, s, m, h, d and w, for example 1h30m"
    return Problem("CEP101", msg, Span(place, place + len(text), source), hint)
