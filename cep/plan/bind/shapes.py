"""Questions about the shape of a pattern: what must bind, what can repeat, what can come first, how large it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cep.plan.nodes import Absent, AnyOrder, Atom, Choice, Pattern, Repeat, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def is_required(part: Pattern) -> bool:
    """Whether a match must bind an event to this part."""
    match part:
        case Atom() | AnyOrder():
            return True
        case Absent():
            return False
        case Repeat():
            return part.low > 0 and is_required(part.part)
        case Sequence():
            return any(is_required(inner) for inner in part.parts)
        case Choice():
            return all(is_required(inner) for inner in part.parts)
        case _:
            assert_never(part)


def can_loop(part: Pattern) -> bool:
    """Whether a part can bind more than one event in a loop of a single step."""
    return isinstance(part, Repeat) and part.high != 1


def variable_of(part: Pattern) -> str:
    """Return the variable of a step or of a loop of a step, the empty string for anything else."""
    if isinstance(part, Repeat):
        return variable_of(part.part)
    return part.variable if isinstance(part, Atom) else ""


def parts_within(part: Pattern) -> Iterator[Pattern]:
    """Yield a part and all parts of it, in text order."""
    yield part
    match part:
        case Atom() | Absent() | AnyOrder():
            return
        case Repeat():
            yield from parts_within(part.part)
        case Sequence() | Choice():
            for inner in part.parts:
                yield from parts_within(inner)
        case _:
            assert_never(part)


def steps_of(part: Pattern) -> Iterator[str]:
    """Yield the variables that events of a part are bound to, in text order."""
    for inner in parts_within(part):
        if isinstance(inner, Atom):
            yield inner.variable
        elif isinstance(inner, AnyOrder):
            yield from (name for name, _ in inner.operands)


def first_variables(part: Pattern) -> list[str]:
    """Return the variables an event of which a part can begin with, in order of preference."""
    match part:
        case Atom():
            return [part.variable]
        case AnyOrder():
            return [name for name, _ in part.operands]
        case Absent():
            return []
        case Repeat():
            return first_variables(part.part)
        case Sequence():
            found: list[str] = []
            for inner in part.parts:
                found += first_variables(inner)
                if is_required(inner):
                    break
            return found
        case Choice():
            return [name for inner in part.parts for name in first_variables(inner)]
        case _:
            assert_never(part)


def loops_at_first(part: Pattern) -> bool:
    """Whether the first event of a part may stand in a loop that takes the next event as its first did."""
    match part:
        case AnyOrder():
            return True
        case Atom() | Absent():
            return False
        case Repeat():
            return (part.high != 1 and least_events(part.part) <= 1) or loops_at_first(part.part)
        case Sequence():
            for inner in part.parts:
                if loops_at_first(inner):
                    return True
                if is_required(inner):
                    break
            return False
        case Choice():
            return any(loops_at_first(inner) for inner in part.parts)
        case _:
            assert_never(part)


def waits_at_end(parts: Iterable[Pattern]) -> bool:
    """Whether a run that has passed all parts may have bound no event since a `NOT .. FOR` among them."""
    waits = False
    for part in parts:
        match part:
            case Absent():
                waits = waits or part.for_us is not None
            case Sequence():
                waits = waits_at_end(part.parts) or (waits and not is_required(part))
            case Choice():
                inside = any(waits_at_end((inner,)) for inner in part.parts)
                waits = inside or (waits and not is_required(part))
            case Repeat():
                waits = waits_at_end((part.part,)) or (waits and not is_required(part))
            case Atom() | AnyOrder():
                waits = False
            case _:
                assert_never(part)
    return waits


def least_events(part: Pattern) -> int:
    """Return the least number of events a match binds to a part."""
    match part:
        case Atom():
            return 1
        case AnyOrder():
            return sum(sorted(times for _, times in part.operands)[: part.need])
        case Absent():
            return 0
        case Repeat():
            return part.low * least_events(part.part)
        case Sequence():
            return sum(least_events(inner) for inner in part.parts)
        case Choice():
            return min(least_events(inner) for inner in part.parts)
        case _:
            assert_never(part)


def places(part: Pattern) -> int:
    """Return how many states the automaton of a part has at most, absences and lapsed edges apart."""
    match part:
        case Atom() | Absent():
            return 1
        case AnyOrder():
            return 2
        case Repeat():
            phases = 1
            if part.low > 1 and part.high != part.low:
                phases = 2 if part.high is None else 3
            elif part.high not in (1, None):
                phases = 2
            return phases * places(part.part)
        case Sequence() | Choice():
            return sum(places(inner) for inner in part.parts)
        case _:
            assert_never(part)
