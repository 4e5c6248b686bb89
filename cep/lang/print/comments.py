"""Formats rule text: the canonical layout with every comment of the text kept in its place.

Each statement is printed from its AST; a comment goes back between the two tokens it stood between. Tokens of the text and of the canonical text are
aligned for this, since printing adds AS, drops brackets, reorders the options of a pattern. Where a comment cannot go back without changing
what is read, it is put above its statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

from cep.errors import CepError, SourceText
from cep.lang.depth import too_deep
from cep.lang.parser import parse
from cep.lang.print.layout import STEP, render
from cep.lang.print.statements import statement

if TYPE_CHECKING:
    from cep.lang import ast

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\w*|\$?\w+"""
    r"""|->>?|-\[|\.\.|=>|<=|>=|<>|!=|==|\|\||\{-|-\}|\S""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as written; whether it begins a line, and whether an empty line stands above it."""

    text: str
    own_line: bool
    after_blank: bool

    @property
    def ends_line(self) -> bool:
        """Whether nothing can follow on its line."""
        return self.text.startswith("--")


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


def format_text(text: str, name: str = "<rules>") -> str:
    """Return rule text in the canonical layout with all its comments; formatting it again changes nothing.

    Raises:
        CepError: the text has mistakes, all of them listed under the file's `name`.
    """
    source = SourceText(name, text)
    parsed = parse(source)
    if parsed.problems:
        raise CepError(parsed.problems)
    stretches = _stretches(text)
    bodies: list[str] = []
    for node, stretch in zip(parsed.statements, stretches, strict=False):
        bodies.append(_statement_text(node, stretch))
    _pass_on(stretches)
    return _file_text(stretches, bodies)


# ---------------------------------------------------------------- reading comments


def _stretches(text: str) -> list[Stretch]:
    """Return the statements of a text in order, then one stretch of what stands after the last."""
    found = [Stretch()]
    previous_end = 0
    for match in _TOKEN.finditer(text):
        between = text[previous_end : match.start()]
        previous_end = match.end()
        stretch = found[-1]
        if match.lastgroup == "comment":
            _place(found, _comment(match.group(), between))
        elif match.group() != ";":
            stretch.after_blank = _blank(between) if not stretch.tokens else stretch.after_blank
            stretch.tokens.append(match.group())
        elif stretch.tokens:
            stretch.tokens.append(";")
            found.append(Stretch())
    return found


def _comment(text: str, between: str) -> Comment:
    return Comment(text.rstrip(), "\n" in between, _blank(between))


def _blank(between: str) -> bool:
    return between.count("\n") > 1


def _place(found: list[Stretch], comment: Comment) -> None:
    stretch = found[-1]
    if stretch.tokens:
        stretch.inner.setdefault(len(stretch.tokens), []).append(comment)
    elif len(found) > 1 and not stretch.above and not comment.own_line:
        found[-2].beside.append(comment)
    else:
        stretch.above.append(comment)


# ---------------------------------------------------------------- putting them back


def _statement_text(node: ast.Statement, stretch: Stretch) -> str:
    """Return a statement with the comments inside it; moves those to `above` or `beside` that cannot stay."""
    problem = too_deep(node)
    if problem is not None:
        raise CepError(problem)
    plain = render((statement(node), ";"))
    if not stretch.inner:
        return plain
    printed = tokens_of(plain)
    inner = _moved(stretch, printed)
    last = len(printed) - 1
    if last in inner:
        inner[last], beside = _split(inner[last])
        stretch.beside = beside + stretch.beside
    woven = _woven(plain, inner)
    if _reads_as(woven, node, [c.text for gap in sorted(inner) for c in inner[gap]]):
        stretch.above += [_own(c) for c in inner.get(0, [])]
        return woven
    stretch.above += [_own(c) for gap in sorted(inner) for c in inner[gap]]
    return plain


def _own(comment: Comment) -> Comment:
    return Comment(comment.text, own_line=True, after_blank=False)


def _moved(stretch: Stretch, printed: list[str]) -> dict[int, list[Comment]]:
    """Return the comments by the gap of the printed tokens they belong to."""
    partner = _aligned(stretch.tokens, printed)
    moved: dict[int, list[Comment]] = {}
    for gap, comments in stretch.inner.items():
        before = next((partner[i] + 1 for i in range(gap - 1, -1, -1) if i in partner), 0)
        for comment in comments:
            to_next = comment.own_line and gap in partner
            moved.setdefault(partner[gap] if to_next else before, []).append(comment)
    return moved


def _aligned(written: list[str], printed: list[str]) -> dict[int, int]:
    """Return for each token of the text its partner in the printed text, where it has one."""
    ours, theirs = [_same(t) for t in written], [_same(t) for t in printed]
    if ours == theirs:
        return {i: i for i in range(len(ours))}
    matcher = SequenceMatcher(None, ours, theirs)
    return {
        block.a + i: block.b + i
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    }


def _same(token: str) -> str:
    return token if token[0] in "'\"`" else token.upper()


def _split(comments: list[Comment]) -> tuple[list[Comment], list[Comment]]:
    """Return the comments before a `;` that stay there, and those that go behind it."""
    beside = [c for c in comments if not c.own_line]
    return [c for c in comments if c.own_line], beside


def _woven(plain: str, inner: dict[int, list[Comment]]) -> str:
    """Return printed text with comments in its gaps; those of gap 0 are left out."""
    out: list[str] = []
    end = 0
    for number, match in enumerate(_TOKEN.finditer(plain)):
        space = plain[end : match.start()]
        comments = inner.get(number, []) if number else []
        out += (_gap(comments, space, _indent(plain, end)), match.group())
        end = match.end()
    return "".join(out)


def _indent(plain: str, place: int) -> str:
    line = plain[plain.rfind("\n", 0, place) + 1 : place]
    return " " * (len(line) - len(line.lstrip()) + STEP)


def _gap(comments: list[Comment], space: str, indent: str) -> str:
    """Return what stands between two tokens: comments beside the first one, comments on their own lines, space."""
    if not comments:
        return space
    start = "\n" + (space.rpartition("\n")[2] if "\n" in space else indent)
    written: list[str] = []
    beside = True
    for comment in comments:
        beside = beside and not comment.own_line
        mark = "  " if comment.ends_line else " "
        written.append((mark if beside else start) + comment.text)
        beside = beside and not comment.ends_line
    if "\n" not in space:
        space = (space or " ") if beside else start
    return "".join(written) + space


def _reads_as(text: str, node: ast.Statement, comments: list[str]) -> bool:
    """Return whether text means the same statement and has these comments in it."""
    parsed = parse(SourceText("", text))
    kept = sorted(comments_of(text)) == sorted(comments)
    return not parsed.problems and parsed.statements == (node,) and kept


# ---------------------------------------------------------------- the file


def _pass_on(stretches: list[Stretch]) -> None:
    """Move what cannot stand beside a `;`, because a comment ends that line before it, above the next statement."""
    for stretch, following in pairwise(stretches):
        ends = next((i for i, c in enumerate(stretch.beside) if c.ends_line), None)
        if ends is not None:
            following.above[:0] = [_own(c) for c in stretch.beside[ends + 1 :]]
            del stretch.beside[ends + 1 :]


def _file_text(stretches: list[Stretch], bodies: list[str]) -> str:
    out: list[str] = []
    long_before = False
    for stretch, body in zip(stretches, [*bodies, ""], strict=False):
        beside = "".join(("  " if c.ends_line else " ") + c.text for c in stretch.beside)
        block = [(c.after_blank, c.text) for c in stretch.above]
        if body:
            block.append((stretch.after_blank, body + beside))
        long = "\n" in body + beside
        for number, (after_blank, text) in enumerate(block):
            apart = number == 0 and body and (long_before or long)
            out += [""] if out and (after_blank or apart) else []
            out.append(text)
        long_before = long
    return "".join(f"{line}\n" for line in out)


def comments_of(text: str) -> list[str]:
    """Return the comments of a rule text in order."""
    return [m.group().rstrip() for m in _TOKEN.finditer(text) if m.lastgroup == "comment"]


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a rule text in order, without comments."""
    return [m.group() for m in _TOKEN.finditer(text) if m.lastgroup != "comment"]
