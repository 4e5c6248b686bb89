"""Automata without counters: a state for each count that a move can ask for."""

from __future__ import annotations

import pytest

from cep.pattern.build import build
from cep.pattern.unrolled import Unrolled, unrolled
from cep.plan.nodes import Atom, Pattern, Repeat, Sequence


def states_of(pattern: Pattern) -> Unrolled:
    return unrolled(build(pattern))


def loop(low: int, high: int | None) -> Pattern:
    return Repeat(Atom("b"), low, high, mode="combine")


def then(first: Pattern) -> Pattern:
    return Sequence((first, Atom("c")), ("relaxed",))


@pytest.mark.parametrize(
    ("low", "high", "states"), [(1, None, 1), (3, None, 3), (1, 3, 3), (2, 2, 2), (5, 9, 9)]
)
def test_a_state_a_count(low: int, high: int | None, states: int) -> None:
    found = states_of(then(loop(low, high)))
    assert len(found.states) == states
    ends = [way.target == states for state in found.states for way in state.ways]
    assert sum(ends) == states - low + 1


def test_counters_behind_their_loop_tell_no_states_apart() -> None:
    """Behind b{1,3} there is one state for d, whatever the number of rounds was."""
    whole = Sequence((loop(1, 3), Atom("c"), Atom("d")), ("relaxed", "relaxed"))
    found = states_of(whole)
    assert len(found.states) == 4
    targets = {way.target for state in found.states for way in state.ways if way.variable == "c"}
    assert len(targets) == 1


def test_rounds_of_a_group_that_counts_inside() -> None:
    """(b{2} c){2}: first or second b, or c, in the first or second round; the counter of b begins anew."""
    inner = Sequence((loop(2, 2), Atom("c")), ("relaxed",))
    found = states_of(Sequence((Repeat(inner, 2, 2), Atom("d")), ("relaxed",)))
    assert len(found.states) == 6
    assert all(len(state.ways) == 1 for state in found.states)


def test_a_fork_stays_a_fork_and_a_plain_edge_does_not() -> None:
    found = states_of(Sequence((Atom("a"), Atom("b"), Atom("c")), ("fork", "relaxed")))
    assert [[way.fork for way in state.ways] for state in found.states] == [[True], [False]]
    assert [way.target for way in found.starts] == [0]
    assert [state.skipped for state in found.states] == [0, 1]
