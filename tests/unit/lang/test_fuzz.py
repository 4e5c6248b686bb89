"""Broken rule text gives mistakes in words, never an exception: bytes changed, cut, moved and put in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.errors import CepError, SourceText
from cep.lang import parse
from cep.lang.print import format_text

DATA = Path(__file__).resolve().parents[2] / "data" / "grammar"
TEXTS = tuple((DATA / f"{n}.cep").read_bytes() for n in ("examples", "compat", "further"))
# What breaks rule text in telling ways: quotes, brackets, comments, ends, keywords, long numbers.
PIECES = (
    "'", '"', "`", "--", "/*", "*/", ";", "(", ")", "[", "]", "{", "}", ",", ".", "..", "->", "-[", "{-", "-}", "@", "$", ":",
    "\n", "\0", "\r", "\u2028", "é", "\U0001f525", " FROM ", " NOT ", " CASE ", " END ", " AS ", " MATCH ", "''", '""', "``",
    "9" * 30, "1e999", "5mm", "1.5.5", "INTERVAL '1' YEAR", "{5,2}", "SELECT", "@x(", "CREATE RULE r AS",
)  # fmt: skip
PIECE = st.sampled_from(PIECES).map(lambda piece: piece.encode()) | st.binary(max_size=3)


@st.composite
def broken(draw: st.DrawFn) -> str:
    """Return a stretch of a good file with a few changes."""
    data = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(data)))
    data = data[start : start + draw(st.integers(20, 1500))]
    for _ in range(draw(st.integers(1, 6))):
        at, length = draw(st.integers(0, len(data))), draw(st.sampled_from([0, 0, 1, 1, 2, 9]))
        moved = data[at : at + length] if draw(st.booleans()) else b""
        data = data[:at] + draw(PIECE) + data[at + length :]
        to = draw(st.integers(0, len(data)))
        data = data[:to] + moved + data[to:]
    return data.decode("utf-8", draw(st.sampled_from(["replace", "surrogateescape"])))


def check(text: str) -> None:
    """Whatever is wrong is a problem of code CEP1xx with a place in the text; the rest can be formatted."""
    source = SourceText("fuzz.cep", text)
    result = parse(source)
    for problem in result.problems:
        assert problem.code.startswith("CEP1"), problem
        assert problem.message
        assert 0 <= problem.span.start <= problem.span.end <= len(text)
        assert problem.span.source is source
        assert problem.render().startswith("fuzz.cep:")
        assert "__" not in problem.message + problem.hint or "__" in text
    for statement in result.statements:
        assert 0 <= statement.span.start < statement.span.end <= len(text)
    if result.problems:
        with pytest.raises(CepError):
            format_text(text)
        return
    formatted = format_text(text)
    assert parse(SourceText("formatted", formatted)).statements == result.statements
    assert format_text(formatted) == formatted


@settings(max_examples=150)
@given(broken())
def test_broken_text_gives_mistakes(text: str) -> None:
    check(text)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(broken())
def test_much_broken_text_gives_mistakes(text: str) -> None:
    check(text)


@settings(max_examples=100)
@given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
def test_any_text_gives_mistakes(text: str) -> None:
    check(text)


def test_a_file_cut_anywhere() -> None:
    """A file of which only the begin was written."""
    text = TEXTS[2].decode()
    for end in range(0, len(text), 41):
        check(text[:end])
