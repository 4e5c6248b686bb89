"""Cohorts: runs that loop in the first step and differ only by their start are not kept up one by one.

`f{5,} -> ok` starts a run with every failure, and every run takes every further failure: done run by run
that is quadratic. If the conditions of the loop and of what can follow read no bindings, all runs in the
step take the same events, so the key counts them once: the count of a run is the count of the key minus
that at its start, and the last event is the same for all. A run is brought up to date when it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cep.pattern.simplify import remove_unreachable

if TYPE_CHECKING:
    from collections.abc import Container

    from cep.pattern.automaton import Automaton, Move, State


@dataclass(frozen=True, slots=True)
class Cohort:
    """The looping first step of an automaton as one state.

    automaton: with one state for the step, number `state`, from which steps are taken. variable: of the loop.
    low: events a run must have before a step or a guard applies.
    """

    automaton: Automaton
    state: int
    variable: str
    low: int


def cohort_of(automaton: Automaton, alone: Container[str]) -> Cohort | None:
    """Return the cohort of an automaton, or None if its first step does not allow one.

    alone: the variables whose conditions read no bindings.
    """
    if len(automaton.starts) != 1 or any(move.kind == "round" for move in automaton.moves()):
        return None
    entry = automaton.states[automaton.starts[0].target]
    variable = entry.variable
    below = _only_loop(entry)
    number = below.at_limit if below is not None else automaton.starts[0].target
    low = (below.limit or 1) if below is not None else 1
    state = automaton.states[number]
    if not _is_open_loop(state, number) or automaton.steps.count(variable) != 1:
        return None
    read = {variable, *(move.variable for move in state.moves), *state.guards}
    if any(name not in alone for name in read) or (below is not None and below.strict):
        return None
    steps = tuple(move for move in state.moves if move.kind == "step")
    states = list(automaton.states)
    states[number] = replace(state, moves=steps)
    start = replace(automaton.starts[0], target=number)
    merged = remove_unreachable(replace(automaton, states=tuple(states), starts=(start,)))
    return Cohort(merged, merged.starts[0].target, variable, low)


def _only_loop(state: State) -> Move | None:
    """Return the loop of a state below its minimum, whose only move it is."""
    if len(state.moves) == 1 and state.moves[0].kind == "loop" and state.moves[0].limit is not None:
        return state.moves[0]
    return None


def _is_open_loop(state: State, number: int) -> bool:
    """Return whether a state loops without end, skips what it does not take, and has no deadline."""
    loops = [move for move in state.moves if move.kind == "loop"]
    return (
        len(loops) == 1
        and loops[0].limit is None
        and loops[0] == state.moves[-1]
        and not any(move.strict for move in state.moves)
        and state.absence is None
        and state.skipped == number
        and not state.accepting
    )
