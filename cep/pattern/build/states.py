"""From the fragment of a whole pattern to the states of its automaton: one a place, and one behind each absence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cep.pattern.automaton import DEAD, Absence, Automaton, Move, State
from cep.pattern.build.any_order import fills, is_complete
from cep.pattern.build.awaited import awaited
from cep.pattern.build.fragment import Fragment, Guard, gap_of, is_fork, is_strict
from cep.pattern.build.places import Place, Places, Way

if TYPE_CHECKING:
    from cep.plan.nodes import Pattern


@dataclass(slots=True)
class _Exit:
    """How a place can be left, from one point on: moves, guards, an absence to wait for, or the end."""

    ways: list[Way] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    absence: Guard | None = None
    behind: list[Way] = field(default_factory=list)
    ends: bool = False


class _Builder:
    """Collects states, from those a run can start in."""

    def __init__(self, whole: Fragment, pattern: Pattern) -> None:
        self.whole = whole
        self.pattern = pattern
        self.places = Places(whole)
        self.states: list[State] = []
        self.names: set[str] = set()
        self.at: dict[Place, int] = {}
        self.quiet: dict[tuple[str, int, tuple[Way, ...]], int] = {}
        self.todo: list[Place] = []
        self.absences: list[Absence] = []

    def build(self) -> Automaton:
        """Return the automaton of the whole fragment."""
        starts = tuple(
            replace(move, strict=False)
            for place, crossed in self.places.starts()
            if not any(isinstance(item, Guard) and item.for_us is not None for item in crossed)
            for move in self._moves(Way("step", crossed, place))
        )
        while self.todo:
            place = self.todo.pop(0)
            if place.inside:
                self._gather(place)
            else:
                self._leave(self.at[place], _exit(self.places.ways(place)))
        steps = [
            (name, self._can_miss(number))
            for number, step in enumerate(self.whole.steps)
            for name in ([v for v, _ in step.group.operands] if step.group else [step.variable])
        ]
        names = tuple(name for name, _ in steps)
        optional = tuple(missing for _, missing in steps)
        return Automaton(tuple(self.states), starts, tuple(self.absences), names, optional)

    def _gather(self, place: Place) -> None:
        """Fill the state of an any-order group that is not complete: the operands, left to right."""
        group = self.whole.steps[place.step].group
        if group is None:
            return
        complete = self._state(replace(place, inside=False))
        here = self.at[place]
        moves = tuple(
            Move("step", name, here, group.strict, at_limit=complete, fill=fill)
            for name, fill in fills(group, entering=False)
        )
        skipped = DEAD if group.strict else here
        self.states[here] = replace(
            self.states[here], moves=moves, guards=group.guards, skipped=skipped
        )

    def _can_miss(self, number: int) -> bool:
        """Return whether some way through the pattern does not bind the step."""
        todo = [step for step, _ in self.whole.firsts if step != number]
        seen = set(todo)
        ends = {step for step, _ in self.whole.lasts}
        while todo:
            here = todo.pop()
            if here in ends:
                return True
            for step, then, _ in self.whole.follow:
                if step == here and then != number and then not in seen:
                    seen.add(then)
                    todo.append(then)
        return False

    # ------------------------------------------------------------------ states

    def _new(self, name: str, variable: str, awaits: str) -> int:
        unique, n = name, 1
        while unique in self.names:
            n += 1
            unique = f"{name}_{n}"
        self.names.add(unique)
        self.states.append(State(unique, variable, awaits=awaits))
        return len(self.states) - 1

    def _variable(self, place: Place) -> str:
        return self.whole.steps[place.step].variable

    def _state(self, place: Place) -> int:
        """Return the state of a place; a new one is filled later."""
        if place not in self.at:
            name, missing = self._name(place), awaited(self.pattern, place)
            self.at[place] = self._new(name, self._variable(place), missing)
            self.todo.append(place)
        return self.at[place]

    def _name(self, place: Place) -> str:
        """Return a name that says which phases the counted loops around a place are in."""
        name = self._variable(place)
        for number, phase in zip(self.places.around[place.step], place.phases, strict=True):
            loop = self.whole.loops[number]
            if loop.end - loop.begin == 1:
                name += "" if phase == "full" else f"_{phase}"
            elif loop.counted:
                name += f"_rounds_{phase}"
        name = name.replace(" & ", "_")
        return f"{name}_missing" if place.inside else name

    def _leave(self, number: int, exit_: _Exit) -> None:
        """Fill a state: its moves, guards, the absence it waits for, what an event does that it does not take."""
        offered = [(move, way.needed) for way in exit_.ways for move in self._moves(way)]
        moves = tuple(move for move, _ in offered)
        state = replace(
            self.states[number],
            moves=moves,
            guards=tuple(dict.fromkeys(exit_.guards)),
            accepting=exit_.ends,
        )
        if exit_.absence is not None:
            state = replace(
                state,
                absence=self._absence(exit_.absence),
                satisfied=self._behind(number, exit_),
                guards=tuple(dict.fromkeys(state.guards + exit_.absence.variables)),
            )
        self.states[number] = state
        needed = [move for move, is_needed in offered if is_needed]
        self.states[number] = replace(state, skipped=self._skipped(number, needed))

    def _moves(self, way: Way) -> list[Move]:
        """Return the moves of a way: one, or one for each operand of the group it leads into."""
        if way.kind == "until":
            target = DEAD if way.place is None else self._state(way.place)
            return [Move("until", way.variable, target)]
        if way.place is None:
            msg = "the end of a pattern is no move"
            raise AssertionError(msg)
        group = self.whole.steps[way.place.step].group
        if group is None:
            return [self._move(way, way.place)]
        moves = []
        for name, fill in fills(group, entering=True):
            inside = not is_complete(fill)
            limit = None if way.at_limit is None else replace(way.at_limit, inside=inside)
            entered = replace(way.place, inside=inside)
            move = self._move(replace(way, at_limit=limit), entered)
            moves.append(replace(move, variable=name, fill=fill))
        return moves

    def _move(self, way: Way, place: Place) -> Move:
        return Move(
            "step" if way.kind == "end" else way.kind,
            self._variable(place),
            self._state(place),
            is_strict(way.crossed),
            way.limit,
            DEAD if way.at_limit is None else self._state(way.at_limit),
            way.least,
            way.counter,
            way.resets,
            None,
            *gap_of(way.crossed),
            fork=is_fork(way.crossed),
        )

    def _absence(self, guard: Guard) -> int:
        absence = Absence(guard.variables, guard.for_us or 0)
        if absence not in self.absences:
            self.absences.append(absence)
        return self.absences.index(absence)

    def _behind(self, number: int, exit_: _Exit) -> int:
        """Return the state behind the absence of a state; places with the same ways on share it."""
        variable = self.states[number].variable
        quiet_us = exit_.absence.for_us or 0 if exit_.absence is not None else 0
        key = (variable, quiet_us, tuple(exit_.behind))
        if key not in self.quiet:
            awaits = self.states[number].awaits
            found = self._new(f"{variable}_quiet", variable, awaits)
            self.states[found] = replace(self.states[found], quiet_us=quiet_us)
            self.quiet[key] = found
            self._leave(found, _exit(exit_.behind))
        return self.quiet[key]

    def _skipped(self, number: int, needed: list[Move]) -> int:
        """Return the state after an event that was not taken.

        If all edges the run needs are strict it dies. Strict edges to optional steps before a relaxed
        one, and a STRICT loop that has enough, only lapse.
        """
        state = self.states[number]
        if needed and all(move.strict for move in needed) and state.absence is None:
            return DEAD
        kept = tuple(move for move in state.moves if not move.strict)
        if kept == state.moves:
            return number
        lapsed = self._new(f"{state.name}_lapsed", state.variable, state.awaits)
        self.states[lapsed] = replace(
            state, name=self.states[lapsed].name, moves=kept, skipped=lapsed
        )
        return lapsed


def _exit(ways: list[Way]) -> _Exit:
    """Sort the ways on from a place into what is open at once and what stands behind an absence."""
    result = _Exit()
    for way in ways:
        behind: Way | None = None
        for at, item in enumerate(way.crossed):
            if not isinstance(item, Guard):
                continue
            if item.for_us is not None:
                result.absence = item
                behind = replace(way, crossed=way.crossed[at + 1 :])
                break
            result.guards += item.variables
        if behind is not None:
            result.behind.append(behind)
        elif way.kind == "end":
            result.ends = True
        else:
            result.ways.append(way)
    return result


def automaton_of(whole: Fragment, pattern: Pattern) -> Automaton:
    """Return the automaton of a whole pattern, of which `whole` is the fragment, not yet simplified.

    Raises:
        ValueError: the pattern can be empty; the binder refuses that before.
    """
    if whole.empty is not None:
        msg = "the pattern can be empty"
        raise ValueError(msg)
    return _Builder(whole, pattern).build()
