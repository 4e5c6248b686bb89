"""Where lines break: a document is laid out on one line where it fits, else broken at its outermost breaks.

Source: P. Wadler, *A prettier printer* (2003); the greedy, iterative form of C. Lindig, *Strictly pretty* (2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 100
STEP = 2


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a line may end; `flat` is what stands there when it does not."""

    flat: str
    always: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Breaks all of its own breaks or none of them; inner groups decide for themselves."""

    content: Doc


@dataclass(frozen=True, slots=True)
class Indent:
    """Lines that begin inside are indented one step more."""

    content: Doc


Doc: TypeAlias = "str | Break | Group | Indent | tuple[Doc, ...]"

LINE = Break(" ")
SOFT = Break("")
HARD = Break("", always=True)
COMMA: Doc = (",", LINE)


def join(docs: Iterable[Doc], separator: Doc = COMMA) -> Doc:
    """Return the documents with a separator between each two."""
    parts: list[Doc] = []
    for doc in docs:
        if parts:
            parts.append(separator)
        parts.append(doc)
    return tuple(parts)


def enclosed(opening: str, content: Doc, closing: str = ")") -> Doc:
    """Return content between brackets, indented on lines of its own when it does not fit one line."""
    return Group((opening, Indent((SOFT, content)), SOFT, closing))


def lines(docs: Iterable[Doc]) -> Doc:
    """Return the documents, each on a line of its own."""
    return join(docs, HARD)


def render(doc: Doc, width: int = WIDTH) -> str:
    """Return the text of a document; no recursion, so a document may be nested as deep as it likes."""
    out: list[str] = []
    column = 0
    waiting: list[tuple[int, bool, Doc]] = [(0, False, doc)]
    while waiting:
        indent, flat, part = waiting.pop()
        match part:
            case str():
                out.append(part)
                column = _column_after(part, column)
            case Break():
                text = part.flat if flat else "\n" + " " * indent
                out.append(text)
                column = _column_after(text, column)
            case Group():
                fits = flat or _fits(part.content, waiting, width - column)
                waiting.append((indent, fits, part.content))
            case Indent():
                waiting.append((indent + STEP, flat, part.content))
            case tuple():
                waiting.extend((indent, flat, p) for p in reversed(part))
    return "".join(out)


def _column_after(text: str, column: int) -> int:
    newline = text.rfind("\n")
    return column + len(text) if newline < 0 else len(text) - newline - 1


def _fits(content: Doc, after: Sequence[tuple[int, bool, Doc]], room: int) -> bool:
    """Return whether content, laid flat, and what follows up to the next line end have room."""
    waiting: list[tuple[bool, Doc]] = [(True, content)]
    following = len(after)
    while True:
        if not waiting:
            if following == 0:
                return True
            following -= 1
            waiting.append(after[following][1:])
        flat, part = waiting.pop()
        if isinstance(part, Break):
            if part.always or not flat:
                return not flat
            room -= len(part.flat)
        elif isinstance(part, str):
            room -= len(part)
        elif isinstance(part, tuple):
            waiting.extend((flat, p) for p in reversed(part))
        else:
            waiting.append((flat, part.content))
        if room < 0:
            return False
