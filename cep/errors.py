"""Errors with a code, a place in the rule text and a hint; rendered with file, line and caret.

Codes: CEP1xx syntax, 2xx names and types, 3xx not supported, 4xx events, 5xx connectors and state
files, 6xx lints, 9xx our fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of rule text: character offsets `[start, end)` into `source.text`."""

    start: int
    end: int
    source: SourceText | None = None

    @property
    def line(self) -> int:
        """Line number of the start, from 1 (0 when the source is not known)."""
        return self.source.place(self.start)[0] if self.source else 0

    @property
    def column(self) -> int:
        """Column number of the start, from 1 (0 when the source is not known)."""
        return self.source.place(self.start)[1] if self.source else 0


NO_SPAN = Span(0, 0, None)


@dataclass(frozen=True, slots=True, eq=False)
class SourceText:
    """The text of one rule file and its name as shown to the user."""

    name: str
    text: str

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of a character offset, both from 1."""
        before = self.text[:offset]
        line_start = before.rfind("\n") + 1
        return before.count("\n") + 1, offset - line_start + 1

    def line_text(self, line: int) -> str:
        """Return the text of a line (from 1) without its end of line."""
        lines = self.text.splitlines()
        return lines[line - 1] if 0 < line <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake or lint: a code such as `CEP203`, a sentence, where it is, what to do about it."""

    code: str
    message: str
    span: Span = NO_SPAN
    hint: str = ""

    @property
    def is_lint(self) -> bool:
        """Whether this is advice (CEP6xx) that never stops a run."""
        return self.code.startswith("CEP6")

    def render(self) -> str:
        """Return the message with file, line, caret and hint, as printed in a terminal."""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        if self.span.source is None:
            return f"{self.code}: {self.message}{hint}"
        line, column = self.span.line, self.span.column
        text = self.span.source.line_text(line)
        room = len(text) - column + 1
        width = max(1, min(self.span.end - self.span.start, room))
        # Tabs keep their width, so that the caret stands below the right character.
        indent = "".join("\t" if c == "\t" else " " for c in text[: column - 1])
        gutter = str(line)
        pad = " " * len(gutter)
        return (
            f"{self.span.source.name}:{line}:{column}: {self.code}: {self.message}\n"
            f" {gutter} | {text}\n {pad} | {indent}{'^' * width}{hint}"
        )


class CepError(Exception):
    """One or more mistakes in rules, arguments or files; `problems` lists all of them.

    `str()` gives the rendered text of all problems, `code`, `message`, `span` and `hint` those of the first.
    """

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("\n".join(p.render() for p in self.problems))

    @property
    def code(self) -> str:
        """Code of the first problem."""
        return self.problems[0].code

    @property
    def message(self) -> str:
        """Sentence of the first problem."""
        return self.problems[0].message

    @property
    def span(self) -> Span:
        """Place of the first problem."""
        return self.problems[0].span

    @property
    def hint(self) -> str:
        """Advice of the first problem, or the empty string."""
        return self.problems[0].hint


def error(code: str, message: str, span: Span = NO_SPAN, hint: str = "") -> CepError:
    """Return a `CepError` with a single problem, ready to be raised."""
    return CepError(Problem(code, message, span, hint))


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint `did you mean ...?` naming the closest of `names`, or the empty string."""
    by_lower = {n.lower(): n for n in names}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean {by_lower[close[0]]!r}?" if close else ""
