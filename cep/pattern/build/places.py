"""Where a run can stand: behind a step, and how far it is in each loop around that step.

A loop has up to three phases, by the number of its rounds: `below` its minimum, `open` (another one may
come), `full`. Loops without bounds are always open. Rounds are counted in cells of a run; loops that are not
inside each other share a cell, because a run is in one of them at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal as OneOf

from cep.pattern.build.fragment import Crossing, Edge, Fragment, Loop

Phase = OneOf["below", "open", "full"]


@dataclass(frozen=True, slots=True)
class Place:
    """Behind an event of step `step`; phases: of the loops around the step, innermost first.

    inside: the step is an any-order group that is not complete.
    """

    step: int
    phases: tuple[Phase, ...]
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A way on from a place.

    kind: `end`, the pattern is complete; `step`, to a later step; `loop`, another event of the step; `round`,
    another round of a loop around several steps or around a loop; `until`, an event of `variable` ends the loop,
    or (place None) the run. place: where it leads. limit, at_limit: where it leads with the round of that number. least: the least
    number that round can have. counter: the cell
    that counts those rounds. resets: cells of the loops that begin anew. needed: whether the run must go on
    by this way or one like it (it is no loop that has enough rounds).
    """

    kind: OneOf["step", "loop", "round", "until", "end"]
    crossed: Crossing
    place: Place | None = None
    limit: int | None = None
    at_limit: Place | None = None
    least: int = 2
    counter: int = 0
    resets: tuple[int, ...] = ()
    needed: bool = True
    possessive: bool = False
    variable: str = ""


def entry_phase(loop: Loop) -> Phase:
    """Return the phase of a loop in its first round."""
    if loop.low > 1:
        return "below"
    return "full" if loop.high == 1 else "open"


def enough_phase(loop: Loop) -> Phase:
    """Return the phase of a loop when its minimum is reached."""
    return "full" if loop.high == loop.low else "open"


class Places:
    """Places of a fragment and the ways between them."""

    def __init__(self, whole: Fragment) -> None:
        self.whole = whole
        self.around = [
            [number for number, loop in enumerate(whole.loops) if loop.holds(step)]
            for step in range(len(whole.steps))
        ]

    def counter(self, loop: int) -> int:
        """Return the cell that counts the rounds of a loop: how many counted loops are around it."""
        mine = self.whole.loops[loop]
        outer = self.whole.loops[loop + 1 :]
        return sum(other.counted and other.holds(mine.begin) for other in outer)

    def enter(self, step: int, kept: dict[int, Phase]) -> tuple[Place, tuple[int, ...]]:
        """Return the place behind the first event of a step, and the counters to be set to 1.

        kept: the phases of the loops that are not begun anew.
        """
        phases: list[Phase] = []
        resets: list[int] = []
        for number in self.around[step]:
            loop = self.whole.loops[number]
            phases.append(kept.get(number) or entry_phase(loop))
            if number not in kept and loop.counted:
                resets.append(self.counter(number))
        return Place(step, tuple(phases)), tuple(resets)

    def starts(self) -> list[tuple[Place, Crossing]]:
        """Return the places of a first event, in order of preference."""
        return [(self.enter(step, {})[0], crossed) for step, crossed in self.whole.firsts]

    def ways(self, place: Place) -> list[Way]:
        """Return the ways on from a place in order of preference (ruling 14).

        Possessive loops, later steps from left to right, the end, the other loops; loops innermost first.
        """
        repeats = self._repeats(place)
        return [
            *(way for way in repeats if way.possessive),
            *self._forward(place),
            *(way for way in repeats if not way.possessive),
        ]

    def _forward(self, place: Place) -> list[Way]:
        phase = dict(zip(self.around[place.step], place.phases, strict=True))
        ways: list[Way] = []
        for step, then, crossed in self.whole.follow:
            if step != place.step:
                continue
            kept = {n: p for n, p in phase.items() if n in self.around[then]}
            if all(p != "below" for n, p in phase.items() if n not in kept):
                target, resets = self.enter(then, kept)
                ways.append(Way("step", crossed, target, resets=resets))
        if "below" not in place.phases:
            lasts = self.whole.lasts
            ways += [Way("end", crossed) for step, crossed in lasts if step == place.step]
        return ways

    def _repeats(self, place: Place) -> list[Way]:
        ways: list[Way] = []
        phase = dict(zip(self.around[place.step], place.phases, strict=True))
        for depth, number in enumerate(self.around[place.step]):
            if phase[number] != "full":
                ways += self._until(place, depth)
                outer = {n: phase[n] for n in self.around[place.step][depth + 1 :]}
                ways += self._rounds(place.step, number, phase[number], outer)
            if phase[number] == "below":
                break
        return ways

    def _until(self, place: Place, depth: int) -> list[Way]:
        """Return the way by which UNTIL ends the loop that is the `depth`-th around the step of a place.

        It is tested where another round may begin.
        """
        loop = self.whole.loops[self.around[place.step][depth]]
        if not loop.until or place.step not in (step for step, _ in loop.lasts):
            return []
        ended = None
        if place.phases[depth] != "below":
            phases = (*place.phases[:depth], "full", *place.phases[depth + 1 :])
            ended = Place(place.step, phases)
        way = Way("until", (), ended, needed=False, possessive=loop.possessive)
        return [replace(way, variable=loop.until)]

    def _rounds(self, last: int, number: int, phase: Phase, outer: dict[int, Phase]) -> list[Way]:
        """Return the ways from a step to another round of a loop, whose other phase comes at a limit."""
        loop = self.whole.loops[number]
        innermost = self.around[last][0] == number
        single = innermost and loop.end - loop.begin == 1 and self.whole.steps[last].group is None
        limit = loop.low if phase == "below" else loop.high
        least = 2 if phase == "below" else loop.low + 1
        beyond: Phase = enough_phase(loop) if phase == "below" else "full"
        ways = []
        for step, out in loop.lasts:
            if step != last:
                continue
            for then, into in loop.firsts:
                target, resets = self.enter(then, {**outer, number: phase})
                at_limit, _ = self.enter(then, {**outer, number: beyond})
                ways.append(
                    Way(
                        "loop" if single else "round",
                        (*out, Edge(strict=loop.strict, fork=loop.combine), *into),
                        target,
                        limit,
                        at_limit if limit is not None else None,
                        least,
                        self.counter(number),
                        resets,
                        needed=phase == "below",
                        possessive=loop.possessive,
                    )
                )
        return ways
