"""Clean-ups of an automaton: what can never be reached goes."""

from __future__ import annotations

from dataclasses import replace

from cep.pattern.automaton import DEAD, Automaton, Move, State, targets
from cep.pattern.growing import grown


def simplify(automaton: Automaton, *, grows: bool = False) -> Automaton:
    """Apply all clean-ups in order; grows: complete runs stay (`cep.pattern.growing`)."""
    ended = grown(automaton) if grows else complete_at_minimum(automaton)
    return remove_idle_absences(remove_idle_counters(remove_unreachable(ended)))


def complete_at_minimum(automaton: Automaton) -> Automaton:
    """Cut what stands behind an accepting state: trailing loops and optional steps never bind (ruling 15)."""
    states = tuple(
        replace(state, moves=(), guards=(), absence=None, satisfied=DEAD, skipped=DEAD)
        if state.accepting
        else state
        for state in automaton.states
    )
    return replace(automaton, states=states)


def remove_unreachable(automaton: Automaton) -> Automaton:
    """Drop states no run can enter, and number the others in the order they are reached."""
    order: list[int] = []
    todo = [target for move in automaton.starts for target in targets(move)]
    while todo:
        number = todo.pop(0)
        if number in order:
            continue
        order.append(number)
        state = automaton.states[number]
        todo += [target for move in state.moves for target in targets(move)]
        todo += [other for other in (state.skipped, state.satisfied) if other != DEAD]
    new = {old: place for place, old in enumerate(order)} | {DEAD: DEAD}

    def renamed(move: Move) -> Move:
        at_limit = new.get(move.at_limit, DEAD)
        return replace(move, target=new.get(move.target, DEAD), at_limit=at_limit)

    def renumbered(state: State) -> State:
        return replace(
            state,
            moves=tuple(renamed(move) for move in state.moves),
            satisfied=new[state.satisfied],
            skipped=new[state.skipped],
        )

    return replace(
        automaton,
        states=tuple(renumbered(automaton.states[old]) for old in order),
        starts=tuple(renamed(move) for move in automaton.starts),
    )


def remove_idle_counters(automaton: Automaton) -> Automaton:
    """Drop resets of counters that no limit is compared with any more."""
    read = {move.counter for move in automaton.moves() if move.limit is not None}

    def kept(move: Move) -> Move:
        return replace(move, resets=tuple(counter for counter in move.resets if counter in read))

    states = tuple(
        replace(state, moves=tuple(kept(move) for move in state.moves))
        for state in automaton.states
    )
    return replace(automaton, states=states)


def remove_idle_absences(automaton: Automaton) -> Automaton:
    """Drop the absences no state waits for any more, and number the others anew."""
    used = sorted({s.absence for s in automaton.states if s.absence is not None})
    states = tuple(
        state if state.absence is None else replace(state, absence=used.index(state.absence))
        for state in automaton.states
    )
    return replace(automaton, states=states, absences=tuple(automaton.absences[n] for n in used))
