"""The step a run awaits: the leftmost one of its pattern that is not satisfied and not optional (ruling 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cep.plan.nodes import Absent, AnyOrder, Atom, Choice, Pattern, Repeat, Sequence

if TYPE_CHECKING:
    from cep.pattern.build.places import Place


def awaited(pattern: Pattern, place: Place) -> str:
    """Return the variable of the step awaited behind a place, the empty string for none.

    Of an any-order group that is not complete it is the first operand; which one it is then is up to the run.
    """
    return _Search(place).inside(pattern, 0, list(place.phases))


class _Search:
    """A search of a pattern for what is missing behind an event of step number `place.step`."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def inside(self, part: Pattern, begin: int, phases: list[str]) -> str:
        """Return what is missing of a part that the step is in; phases: of the loops within, innermost first."""
        match part:
            case Atom() | Absent():
                return ""
            case AnyOrder():
                return part.operands[0][0] if self.place.inside else ""
            case Repeat():
                return self._in_loop(part, begin, phases)
            case Choice():
                number, at = self._part(part.parts, begin)
                return self.inside(part.parts[number], at, phases)
            case Sequence():
                number, at = self._part(part.parts, begin)
                later = (first_missing(p) for p in part.parts[number + 1 :])
                found = (self.inside(part.parts[number], at, phases), *later)
                return next((name for name in found if name), "")
            case _:
                assert_never(part)

    def _in_loop(self, part: Repeat, begin: int, phases: list[str]) -> str:
        if part.high == 1:
            return self.inside(part.part, begin, phases)
        found = self.inside(part.part, begin, phases[:-1])
        if not found and phases[-1] == "below":
            return first_missing(part.part)
        return found

    def _part(self, parts: tuple[Pattern, ...], begin: int) -> tuple[int, int]:
        """Return the number of the part the step is in, and the number of its first step."""
        for number, part in enumerate(parts):
            if self.place.step < begin + steps_in(part):
                return number, begin
            begin += steps_in(part)
        msg = f"no step {self.place.step} in the pattern"
        raise AssertionError(msg)


def first_missing(part: Pattern) -> str:
    """Return what is missing of a part that has no event yet, the empty string if it needs none."""
    match part:
        case Atom():
            return part.variable
        case Absent():
            return ""
        case AnyOrder():
            return part.operands[0][0]
        case Repeat():
            return first_missing(part.part) if part.low else ""
        case Choice():
            needs = [first_missing(p) for p in part.parts]
            return "" if "" in needs else needs[0]
        case Sequence():
            return next((name for p in part.parts if (name := first_missing(p))), "")
        case _:
            assert_never(part)


def steps_in(part: Pattern) -> int:
    """Return the number of steps of a part, as its fragment numbers them."""
    match part:
        case Atom() | AnyOrder():
            return 1
        case Absent():
            return 0
        case Repeat():
            return steps_in(part.part)
        case Choice() | Sequence():
            return sum(steps_in(p) for p in part.parts)
        case _:
            assert_never(part)
