"""Which patterns that fork keep their events once for all runs: the one predicate that the binder and codegen ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cep.plan.expressions import Aggregate, Bound, Expr
from cep.plan.nodes import Absent, AnyOrder, Atom, Choice, Gap, Pattern, Repeat, Sequence
from cep.plan.tree import walk

if TYPE_CHECKING:
    from cep.plan.nodes import Match, Variable

MOST_STEPS = 64
"""Steps a pattern may have, each round that a loop counts one: every kept event has some cells a step."""


def shares_bindings(match: Match) -> bool:
    """Return whether the runs of a pattern with `->>` or COMBINE need no cells of their own.

    So it is under AFTER MATCH SKIP NONE and STARTS EACH, if what an event does to a run depends on nothing but the step
    the run is at: no condition reads a binding, and there is no gap, no absence with a duration and no any-order group.
    Then all runs of a key at one step do the same with every event.
    """
    plain = match.skip == "none" and match.starts == "each" and match.within_us is not None
    other = match.grows or match.timeouts or match.observed or match.max_runs is not None
    counted = match.within_events is not None or match.gap_us is not None
    if not plain or other or counted or not _steps(match.pattern):
        return False
    earlier = any(isinstance(leaf, Bound) and leaf.which == "prev" for leaf in _measured(match))
    return not earlier and not any(_reads_bindings(variable) for variable in match.variables)


def _measured(match: Match) -> list[Expr]:
    return [leaf for item in match.measures for leaf in walk(item.value)]


def _reads_bindings(variable: Variable) -> bool:
    """Return whether a condition reads more than the candidate."""
    if variable.condition is None:
        return False
    return any(
        isinstance(leaf, Aggregate) or (isinstance(leaf, Bound) and not _own(leaf, variable))
        for leaf in walk(variable.condition)
    )


def _own(leaf: Bound, variable: Variable) -> bool:
    """Return whether a leaf is the candidate's column."""
    last = leaf.which == "last" and leaf.offset == 0 and leaf.candidate
    return last and leaf.variable == (variable.of or variable.name)


def _steps(pattern: Pattern) -> int:
    """Return the number of steps of a pattern, 0 if they are too many or one needs cells of the run."""
    match pattern:
        case Atom():
            found = 1
        case Absent():
            found = 1 if pattern.for_us is None else 0
        case AnyOrder():
            found = 0
        case Repeat():
            rounds = max(1, pattern.low, pattern.high or 0)
            found = 0 if pattern.until else rounds * _steps(pattern.part)
        case Choice():
            found = _sum(pattern.parts)
        case Sequence():
            gaps = any(isinstance(edge, Gap) for edge in pattern.edges)
            found = 0 if gaps else _sum(pattern.parts)
        case _:
            assert_never(pattern)
    return found if found <= MOST_STEPS else 0


def _sum(parts: tuple[Pattern, ...]) -> int:
    steps = [_steps(part) for part in parts]
    return sum(steps) if all(steps) else 0
