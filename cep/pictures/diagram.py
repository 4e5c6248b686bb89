"""A diagram as a value: boxes with text and arrows with labels, read from left to right."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

LABEL_COLUMNS = 30


@dataclass(frozen=True, slots=True)
class Box:
    """A node: unique name, lines of text (the first is its title), and a kind that decides its look."""

    name: str
    lines: tuple[str, ...]
    kind: str = "operator"  # stream | operator | state | accepting | dead


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge from box to box (a loop when they are the same) with lines of text."""

    source: str
    target: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes and arrows under a title; arrows name boxes that exist."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def wrap(text: str, columns: int = LABEL_COLUMNS) -> tuple[str, ...]:
    """Return text as lines of at most `columns` characters, broken at spaces where possible."""
    return tuple(line for part in text.splitlines() for line in textwrap.wrap(part, columns))
