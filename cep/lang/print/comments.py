"""Comments put back into a printed statement: each between the two tokens it stood between.

Tokens of the text and of the printed text are aligned for this, since printing adds AS, drops brackets and quotes, reorders the options of
a pattern. Comments that cannot go back without changing what is read are put above their statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cep.errors import SourceText
from cep.lang.parser import parse
from cep.lang.print.layout import STEP
from cep.lang.print.tokens import aligned, comments_of, is_comment, scan, tokens_of

if TYPE_CHECKING:
    from cep.lang import ast


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as written; whether it begins a line, and whether an empty line stands above it."""

    text: str
    own_line: bool = True
    after_blank: bool = False

    @property
    def ends_line(self) -> bool:
        """Whether nothing can follow on its line."""
        return self.text.startswith("--")

    @property
    def beside(self) -> str:
        """The comment after something on its line."""
        return f"  {self.text}" if self.ends_line else f" {self.text}"


@dataclass(slots=True)
class Stretch:
    """The text of one statement (its `;` last), or what stands after the last one (no tokens).

    `inner[g]` are the comments between token g - 1 and token g; `above` stand before the first token, `beside` after the `;` on its line.
    """

    tokens: list[str] = field(default_factory=list)
    above: list[Comment] = field(default_factory=list)
    inner: dict[int, list[Comment]] = field(default_factory=dict)
    beside: list[Comment] = field(default_factory=list)
    after_blank: bool = False


def stretches(text: str) -> list[Stretch]:
    """Return the statements of a text in order, then one stretch of what stands after the last."""
    found = [Stretch()]
    previous_end = 0
    for match in scan(text):
        between = text[previous_end : match.start()]
        previous_end = match.end()
        after_blank = between.count("\n") > 1
        stretch = found[-1]
        if is_comment(match):
            _place(found, Comment(match.group().rstrip(), "\n" in between, after_blank))
        elif match.group() != ";":
            stretch.after_blank = stretch.after_blank if stretch.tokens else after_blank
            stretch.tokens.append(match.group())
        elif stretch.tokens:
            stretch.tokens.append(";")
            found.append(Stretch())
    return found


def _place(found: list[Stretch], comment: Comment) -> None:
    stretch = found[-1]
    if stretch.tokens:
        stretch.inner.setdefault(len(stretch.tokens), []).append(comment)
    elif len(found) > 1 and not stretch.above and not comment.own_line:
        found[-2].beside.append(comment)
    else:
        stretch.above.append(comment)


def with_comments(plain: str, node: ast.Statement, stretch: Stretch) -> str:
    """Return a printed statement with its inner comments; those that cannot stay move to `above` or `beside`."""
    if not stretch.inner:
        return plain
    printed = tokens_of(plain)
    inner = _moved(stretch, printed)
    stretch.above += _on_own_lines(inner.pop(0, []))
    last = len(printed) - 1
    before_end = inner.pop(last, [])
    # A comment beside the last token goes behind the `;`.
    stretch.beside = [c for c in before_end if not c.own_line] + stretch.beside
    inner[last] = [c for c in before_end if c.own_line]
    ordered = [c for gap in sorted(inner) for c in inner[gap]]
    woven = _woven(plain, inner)
    if _reads_as(woven, node, ordered):
        return woven
    stretch.above += _on_own_lines(ordered)
    return plain


def _on_own_lines(comments: list[Comment]) -> list[Comment]:
    return [Comment(c.text) for c in comments]


def _moved(stretch: Stretch, printed: list[str]) -> dict[int, list[Comment]]:
    """Return the comments by the gap of the printed tokens they belong to."""
    partner = aligned(stretch.tokens, printed)
    moved: dict[int, list[Comment]] = {}
    for gap, comments in stretch.inner.items():
        before = next((partner[i] + 1 for i in range(gap - 1, -1, -1) if i in partner), 0)
        for comment in comments:
            to_next = comment.own_line and gap in partner
            moved.setdefault(partner[gap] if to_next else before, []).append(comment)
    return moved


def _woven(plain: str, inner: dict[int, list[Comment]]) -> str:
    """Return printed text with comments in its gaps."""
    out: list[str] = []
    end = 0
    for number, match in enumerate(scan(plain)):
        space = plain[end : match.start()]
        if inner.get(number):
            space = _gap(inner[number], space, _indent(plain, end), match.group())
        out += (space, match.group())
        end = match.end()
    return "".join(out)


def _indent(plain: str, place: int) -> str:
    line = plain[plain.rfind("\n", 0, place) + 1 : place]
    return " " * (len(line) - len(line.lstrip()) + STEP)


def _gap(comments: list[Comment], space: str, indent: str, following: str) -> str:
    """Return what stands between two tokens: comments beside the first one, comments on their own lines, space."""
    start = "\n" + (space.rpartition("\n")[2] if "\n" in space else indent)
    written: list[str] = []
    beside = True
    for comment in comments:
        beside = beside and not comment.own_line
        written.append(comment.beside if beside else start + comment.text)
        beside = beside and not comment.ends_line
    if "\n" not in space:
        apart = "" if following in {",", ")", "]", "."} else " "
        space = (space or apart) if beside else start
    return "".join(written) + space


def _reads_as(text: str, node: ast.Statement, comments: list[Comment]) -> bool:
    """Return whether text means the same statement and has these comments in it."""
    parsed = parse(SourceText("", text))
    kept = sorted(comments_of(text)) == sorted(c.text for c in comments)
    return not parsed.problems and parsed.statements == (node,) and kept
