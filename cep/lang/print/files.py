"""Formats rule files: every statement in the canonical layout, every comment of the text in its place."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cep.errors import CepError, SourceText
from cep.lang.parser import parse
from cep.lang.print.comments import Comment, stretches, with_comments
from cep.lang.print.layout import render
from cep.lang.print.statements import statement
from cep.lang.recover import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from cep.lang.print.comments import Stretch


def format_text(text: str, name: str = "<rules>") -> str:
    """Return rule text in the canonical layout with all its comments; formatting it again changes nothing.

    Statements longer than a line stand between empty lines; other empty lines are kept, several become one.

    Raises:
        CepError: the text has mistakes, all of them listed under the file's `name`.
    """
    parsed = parse(SourceText(name, text))
    if parsed.problems:
        raise CepError(parsed.problems)
    found = stretches(text.removeprefix(BYTE_ORDER_MARK))
    bodies = [
        with_comments(render((statement(node), ";")), node, stretch)
        for node, stretch in zip(parsed.statements, found, strict=False)
    ]
    _pass_on(found)
    return _file_text(found, bodies)


def _pass_on(found: list[Stretch]) -> None:
    """Move what cannot stand beside a `;`, because a comment ends that line before it, above the next statement."""
    for stretch, following in pairwise(found):
        ends = next((i for i, c in enumerate(stretch.beside) if c.ends_line), None)
        if ends is not None:
            following.above[:0] = [Comment(c.text) for c in stretch.beside[ends + 1 :]]
            del stretch.beside[ends + 1 :]


def _file_text(found: list[Stretch], bodies: list[str]) -> str:
    out: list[str] = []
    long_before = False
    for stretch, body in zip(found, [*bodies, ""], strict=False):
        block = [(c.after_blank, c.text) for c in stretch.above]
        if body:
            beside = "".join(c.beside for c in stretch.beside)
            block.append((stretch.after_blank, body + beside))
        long = "\n" in body
        for number, (after_blank, text) in enumerate(block):
            apart = number == 0 and bool(body) and (long_before or long)
            out += [""] if out and (after_blank or apart) else []
            out.append(text)
        long_before = long
    return "".join(f"{line}\n" for line in out)
