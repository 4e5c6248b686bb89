"""How long a run may wait in a state: GAP bounds every move, upper gaps those behind their edges.

A run none of whose moves can be in time any more ends (language.md, section 5, Time). So the limit of a state is
the largest upper gap of its moves, if all have one. A state that waits for an absence has none: its clock is
that of the absence. Behind it the time of edges counts from its end, that of GAP from the last bound event all the same;
a run whose GAP has passed by then ends at that instant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cep.pattern.automaton import Automaton, Move, State


def with_limits(automaton: Automaton, gap_us: int | None) -> Automaton:
    """Return the automaton with GAP in its moves, and the limits of its states."""
    states = tuple(_limited(state, gap_us) for state in automaton.states)
    return replace(automaton, states=states)


def _limited(state: State, gap_us: int | None) -> State:
    if state.accepting:
        return state
    if gap_us is not None:
        gap_us -= state.quiet_us
    moves = tuple(_bounded(move, gap_us) for move in state.moves)
    state = replace(state, moves=moves)
    if state.absence is not None:
        return state
    highs = [move.high_us for move in moves if move.kind != "until"]
    known = [high for high in highs if high is not None]
    if not highs:
        return replace(state, limit_us=None if gap_us is None else max(gap_us, 0))
    return replace(state, limit_us=max(0, *known) if len(known) == len(highs) else None)


def _bounded(move: Move, gap_us: int | None) -> Move:
    if gap_us is None or move.kind == "until":
        return move
    high = gap_us if move.high_us is None else min(move.high_us, gap_us)
    return replace(move, high_us=high)
