"""From a pattern to its automaton: one construction a kind of part, one file each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from cep.pattern.automaton import Absence
from cep.pattern.build.absent import absent
from cep.pattern.build.any_order import any_order
from cep.pattern.build.atom import atom
from cep.pattern.build.choice import choice
from cep.pattern.build.repeat import repeat
from cep.pattern.build.sequence import sequence
from cep.pattern.build.states import automaton_of
from cep.pattern.limits import with_limits
from cep.pattern.merge import merge_equal
from cep.pattern.simplify import simplify
from cep.plan.nodes import Absent, AnyOrder, Atom, Choice, Pattern, Repeat, Sequence

if TYPE_CHECKING:
    from cep.pattern.automaton import Automaton
    from cep.pattern.build.fragment import Fragment


def build(
    pattern: Pattern, *, awaits: bool = False, grows: bool = False, gap_us: int | None = None
) -> Automaton:
    """Return the simplified automaton of a pattern.

    awaits: its states must say which step is awaited. grows: complete runs stay and grow. gap_us: GAP, the most
    time between neighbouring events.
    """
    before, pattern = _split_before(pattern)
    automaton = simplify(automaton_of(fragment(pattern), pattern), grows=grows)
    merged = merge_equal(automaton) if _has_choice(pattern) and not awaits else automaton
    return replace(with_limits(merged, gap_us), before=before)


def _split_before(pattern: Pattern) -> tuple[Absence | None, Pattern]:
    """Return the absence a pattern begins with, which is no part of a run, and the rest."""
    match pattern:
        case Sequence(parts=(Absent(variables, int(for_us)), *rest)):
            whole = rest[0] if len(rest) == 1 else Sequence(tuple(rest), pattern.edges[1:])
            return Absence(variables, for_us), whole
        case _:
            return None, pattern


def _has_choice(pattern: Pattern) -> bool:
    """Return whether there are alternatives: where they end, states are alike."""
    match pattern:
        case Choice():
            return True
        case Sequence():
            return any(_has_choice(part) for part in pattern.parts)
        case Repeat():
            return _has_choice(pattern.part)
        case _:
            return False


def fragment(pattern: Pattern) -> Fragment:
    """Return the fragment of a part of a pattern."""
    match pattern:
        case Atom():
            return atom(pattern.variable)
        case Repeat():
            return repeat(
                fragment(pattern.part),
                pattern.low,
                pattern.high,
                strict=pattern.mode == "strict",
                possessive=pattern.possessive,
                until=pattern.until,
                combine=pattern.mode == "combine",
            )
        case Absent():
            return absent(pattern.variables, pattern.for_us)
        case Sequence():
            whole = fragment(pattern.parts[0])
            for edge, part in zip(pattern.edges, pattern.parts[1:], strict=True):
                whole = sequence(whole, edge, fragment(part))
            return whole
        case AnyOrder():
            return any_order(pattern)
        case Choice():
            return choice(tuple(fragment(part) for part in pattern.parts))
        case _:
            assert_never(pattern)
