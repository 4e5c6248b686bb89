"""States from which the same can follow are made one.

`(a | b | c)+` has a state a variable, and the same moves in each: n states with n moves. Merged it is one state.
*Source:* partition refinement (E. F. Moore), from states that look alike down to states that lead alike.
"""

from __future__ import annotations

from dataclasses import replace

from cep.pattern.automaton import DEAD, Automaton, Move, State

NAMES_SHOWN = 3


def merge_equal(automaton: Automaton) -> Automaton:
    """Return the automaton with one state for all that react to every sequence of events alike."""
    groups = _groups(automaton)
    members: dict[int, list[State]] = {}
    for state, group in zip(automaton.states, groups, strict=True):
        members.setdefault(group, []).append(state)
    new = {group: place for place, group in enumerate(members)}

    def number(old: int) -> int:
        return DEAD if old == DEAD else new[groups[old]]

    def renamed(move: Move) -> Move:
        return replace(move, target=number(move.target), at_limit=number(move.at_limit))

    def merged(states: list[State]) -> State:
        names = list(dict.fromkeys(state.variable for state in states))
        shown = names if len(names) <= NAMES_SHOWN else [*names[:NAMES_SHOWN], ".."]
        return replace(
            states[0],
            variable=" or ".join(shown),
            moves=tuple(renamed(move) for move in states[0].moves),
            satisfied=number(states[0].satisfied),
            skipped=number(states[0].skipped),
        )

    return replace(
        automaton,
        states=tuple(merged(states) for states in members.values()),
        starts=tuple(renamed(move) for move in automaton.starts),
    )


def _groups(automaton: Automaton) -> list[int]:
    """Return for each state the number of its group; groups are numbered by their first state."""
    groups = [0] * len(automaton.states)
    count = 0
    while True:
        seen: dict[State, int] = {}
        found = []
        for number, state in enumerate(automaton.states):
            look = _look(state, number, groups)
            found.append(seen.setdefault(look, len(seen)))
        groups = found
        if len(seen) == count:
            return groups
        count = len(seen)


def _look(state: State, number: int, groups: list[int]) -> State:
    """Return a state without its names, with groups in place of states; equal ones stay together."""

    def group(old: int) -> int:
        return DEAD if old == DEAD else groups[old]

    moves = tuple(
        replace(move, target=group(move.target), at_limit=group(move.at_limit))
        for move in state.moves
    )
    # A state that stays itself when an event is not taken is not one that lapses to its own group.
    skipped = len(groups) if state.skipped == number else group(state.skipped)
    return replace(
        state,
        name="",
        variable="",
        awaits="",
        moves=moves,
        satisfied=group(state.satisfied),
        skipped=skipped,
    )
