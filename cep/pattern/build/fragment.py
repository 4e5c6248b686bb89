"""Fragments: the piece of an automaton that one part of a pattern stands for.

*Source:* V. Glushkov's construction (positions, first, last, follow), with what is crossed between two
steps kept beside each pair: edges, guards and absences. Loops are kept apart, because they come after the
next steps in order of preference and count their rounds.

| in the construction | here |
|---|---|
| positions | `Fragment.steps` |
| first, last | `Fragment.firsts`, `Fragment.lasts`, in pattern order |
| follow, forward | `Fragment.follow` |
| follow, back to the start of a loop | `Fragment.loops`, inner ones first |
| the part matches nothing | `Fragment.empty`, what is crossed then |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.plan.nodes import AnyOrder


@dataclass(frozen=True, slots=True)
class Edge:
    """The edge between two steps: strict (the very next event) or relaxed, perhaps with a gap (us, inclusive).

    fork: `->>`, or the way round a COMBINE loop.
    """

    strict: bool
    low_us: int = 0
    high_us: int | None = None
    fork: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """`NOT n` (for_us None) or `NOT n FOR d` that is crossed."""

    variables: tuple[str, ...]
    for_us: int | None


# What lies between two steps: the one edge at which the parts they belong to are joined, and the guards
# before and behind it. Beside the first or last step of a part there are only guards.
Crossing = tuple[Edge | Guard, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A position of the pattern: one event of a variable, or an any-order group."""

    variable: str
    group: AnyOrder | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """The steps `begin` up to `end` (not included) as a part that repeats: `low` (1 or more) to `high` rounds.

    firsts, lasts: the steps a round can begin and end with. strict: a round follows the one before at once.
    until: the variable whose event ends it.
    combine: a run that begins another round stays behind as well.
    """

    begin: int
    end: int
    low: int
    high: int | None
    firsts: tuple[tuple[int, Crossing], ...]
    lasts: tuple[tuple[int, Crossing], ...]
    strict: bool = False
    possessive: bool = False
    until: str = ""
    combine: bool = False

    @property
    def counted(self) -> bool:
        """Whether a run must know how many rounds it has done."""
        return self.low > 1 or self.high is not None

    def holds(self, step: int) -> bool:
        """Return whether a step is part of the loop."""
        return self.begin <= step < self.end


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a pattern; steps are numbered from 0 within it.

    follow: (step, next step, what is crossed) in order of preference for each step. loops: inner ones
    before those around them. empty: what is crossed when the part binds nothing, None if it must bind
    something.
    """

    steps: tuple[Step, ...]
    firsts: tuple[tuple[int, Crossing], ...]
    lasts: tuple[tuple[int, Crossing], ...]
    follow: tuple[tuple[int, int, Crossing], ...] = ()
    empty: Crossing | None = None
    loops: tuple[Loop, ...] = ()

    def moved(self, by: int) -> Fragment:
        """Return the fragment with its steps numbered from `by` (its `steps` stay as they are)."""

        def ends(pairs: tuple[tuple[int, Crossing], ...]) -> tuple[tuple[int, Crossing], ...]:
            return tuple((step + by, crossed) for step, crossed in pairs)

        return Fragment(
            self.steps,
            ends(self.firsts),
            ends(self.lasts),
            tuple((step + by, then + by, crossed) for step, then, crossed in self.follow),
            self.empty,
            tuple(
                replace(
                    loop,
                    begin=loop.begin + by,
                    end=loop.end + by,
                    firsts=ends(loop.firsts),
                    lasts=ends(loop.lasts),
                )
                for loop in self.loops
            ),
        )


def gap_of(crossed: Crossing) -> tuple[int, int | None]:
    """Return the bounds of the gap that is crossed, us."""
    for item in crossed:
        if isinstance(item, Edge):
            return item.low_us, item.high_us
    return 0, None


def is_strict(crossed: Crossing) -> bool:
    """Return whether the step behind must be the very next event."""
    return any(item.strict for item in crossed if isinstance(item, Edge))


def is_fork(crossed: Crossing) -> bool:
    """Return whether a run that takes the event behind also stays where it is."""
    return any(item.fork for item in crossed if isinstance(item, Edge))
