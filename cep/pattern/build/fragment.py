"""Fragments: the piece of an automaton that one part of a pattern stands for.

*Source:* V. Glushkov's construction (positions, first, last, follow), with what is crossed between two
steps kept beside each pair: edges, guards and absences.

| in the construction | here |
|---|---|
| positions | `Fragment.steps` |
| first, last | `Fragment.firsts`, `Fragment.lasts`, in pattern order |
| follow | `Fragment.follow` |
| the part matches nothing | `Fragment.empty`, what is crossed then |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge that is crossed: strict (the very next event) or relaxed."""

    strict: bool


@dataclass(frozen=True, slots=True)
class Guard:
    """`NOT n` (for_us None) or `NOT n FOR d` that is crossed."""

    variables: tuple[str, ...]
    for_us: int | None


Crossing = tuple[Edge | Guard, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A position of the pattern: at least `low` (1 or more), at most `high` events of one variable."""

    variable: str
    low: int = 1
    high: int | None = 1
    strict: bool = False
    possessive: bool = False


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a pattern; steps are numbered from 0 within it.

    follow: (step, next step, what is crossed) in order of preference for each step. empty: what is
    crossed when the part binds nothing, None if it must bind something.
    """

    steps: tuple[Step, ...]
    firsts: tuple[tuple[int, Crossing], ...]
    lasts: tuple[tuple[int, Crossing], ...]
    follow: tuple[tuple[int, int, Crossing], ...] = ()
    empty: Crossing | None = None

    def moved(self, by: int) -> Fragment:
        """Return the fragment with its steps numbered from `by` (its `steps` stay as they are)."""
        return Fragment(
            self.steps,
            tuple((step + by, crossed) for step, crossed in self.firsts),
            tuple((step + by, crossed) for step, crossed in self.lasts),
            tuple((step + by, then + by, crossed) for step, then, crossed in self.follow),
            self.empty,
        )


EdgeKind = OneOf["relaxed", "strict"]


def is_strict(crossed: Crossing) -> bool:
    """Return whether the step behind must be the very next event: every edge crossed is strict.

    `a b? -> c`: c may stand anywhere after a, because b and the strict edge before it are optional.
    """
    return all(item.strict for item in crossed if isinstance(item, Edge))
