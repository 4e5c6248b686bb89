"""Growing matches (EMIT CHANGES, ON CLOSE): a run that is complete stays and takes further events (ruling 17).

Every state has a second form for runs that are complete, which are *open*. An open run is never killed: guards,
absences and strict edges that an event breaks only take from it the ways on that are strict.
"""

from __future__ import annotations

from dataclasses import replace

from cep.pattern.automaton import DEAD, Automaton, Move, State


def grown(automaton: Automaton) -> Automaton:
    """Return the automaton with open states in place of accepting ones, and of all that lies behind them.

    A move or a deadline that would lead to an accepting state leads to the open form of that state.
    """
    return _Growing(automaton).build()


class _Growing:
    """The states of an automaton and their open forms, which stand behind them in the same order."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.count = len(automaton.states)
        self.lapsed: list[State] = []

    def build(self) -> Automaton:
        """Return the growing automaton; states that no run enters are still there."""
        whole = self.automaton
        closed = [self._closed(state) for state in whole.states]
        opened = [self._open(number, state) for number, state in enumerate(whole.states)]
        starts = tuple(self._led(move) for move in whole.starts)
        return replace(whole, states=(*closed, *opened, *self.lapsed), starts=starts)

    def _to(self, number: int) -> int:
        """Return where a run that is not open goes instead of a state."""
        if number == DEAD or not self.automaton.states[number].accepting:
            return number
        return number + self.count

    def _led(self, move: Move) -> Move:
        return replace(move, target=self._to(move.target), at_limit=self._to(move.at_limit))

    def _closed(self, state: State) -> State:
        return replace(
            state,
            moves=tuple(self._led(move) for move in state.moves),
            satisfied=self._to(state.satisfied),
            accepting=False,
        )

    def _open(self, number: int, state: State) -> State:
        """Return the open form of a state; an event it does not take ends its strict ways on, UNTIL closes it."""
        here = number + self.count
        moves = tuple(
            replace(move, target=DEAD)
            if move.kind == "until"
            else replace(
                move,
                target=move.target if move.target == DEAD else move.target + self.count,
                at_limit=move.at_limit if move.at_limit == DEAD else move.at_limit + self.count,
            )
            for move in state.moves
        )
        grown_state = replace(
            state,
            name=f"{state.name}_open",
            moves=moves,
            guards=(),
            absence=None,
            satisfied=DEAD,
            skipped=here,
            accepting=False,
            open=True,
        )
        kept = tuple(move for move in moves if not move.strict)
        if kept == moves:
            return grown_state
        lapsed = 2 * self.count + len(self.lapsed)
        name = f"{grown_state.name}_lapsed"
        self.lapsed.append(replace(grown_state, name=name, moves=kept, skipped=lapsed))
        return replace(grown_state, skipped=lapsed)
