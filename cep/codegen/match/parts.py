"""Part of the kernel of a MATCH: the values its writers share.

*Names of the kernel.* `row` is the merged input row, `ts` its instant, `j` its row in its own stream;
`fits_<v>` is 1 if the event fits what the condition of v says about the event alone; `slot` is the key, `r` the
run at hand, `state` its state; `due` is an instant before which no deadline passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cep.codegen.layout import identifier
from cep.pattern.automaton import DEAD, bound_on_entry
from cep.pattern.gates import Gate, gate_of, leaves, own_columns, split
from cep.plan.expressions import Aggregate, Bound, Meta
from cep.plan.tree import conjuncts
from cep.types import Type

if TYPE_CHECKING:
    from cep.codegen.layout import Layout
    from cep.codegen.match.cells import Cell
    from cep.codegen.match.cohort import CohortWriter
    from cep.codegen.match.keys import PartitionKeys
    from cep.codegen.match.scope import MatchScope
    from cep.codegen.writer import Writer
    from cep.pattern.automaton import Automaton, Move, State
    from cep.plan.expressions import Expr
    from cep.plan.nodes import Match, Variable

CLASSIFIER = Meta("classifier", Type.STRING)


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a variable: parts about the event alone, parts that read bindings.

    flag: the local that is 1 if an event fits the parts about the event alone.
    """

    variable: str
    input: int
    alone: tuple[Expr, ...]
    bound: tuple[Expr, ...]
    flag: str


@dataclass(frozen=True, slots=True)
class StateGate:
    """The gate of one part of the condition of a move, with the array of its kept values (pool "keys")."""

    state: int
    move: Move
    gate: Gate
    array: str

    @property
    def empty(self) -> str:
        """Kernel text of the kept value of no runs."""
        infinite = self.gate.leaf.type is Type.DOUBLE
        if self.gate.keep == "min":
            return "INF" if infinite else "MAX_I64"
        return "(-INF)" if infinite else "(-MAX_I64)"

    def joined(self, kept: str, value: str) -> str:
        """Return the kept value after one more run; a NULL changes nothing."""
        sign = "<" if self.gate.keep == "min" else ">"
        known = (
            "" if sign == ">" or self.gate.leaf.type is Type.DOUBLE else f" and {value} != NULL_I64"
        )
        return f"({value} if {value} {sign} {kept}{known} else {kept})"


@dataclass(slots=True)
class Parts:
    """Everything the writers of one MATCH kernel share; decisive: the cells of runs that conditions read."""

    node: Match
    automaton: Automaton
    layout: Layout
    writer: Writer
    scope: MatchScope
    keys: PartitionKeys
    conditions: dict[str, Condition] = field(default_factory=dict)
    gates: list[StateGate] = field(default_factory=list)
    sure: frozenset[str] = frozenset()
    cohort: CohortWriter | None = None
    decisive: tuple[str, ...] = ()

    # ------------------------------------------------------------------ states

    def waiting(self) -> list[tuple[int, State]]:
        """Return the states in which runs wait, by number."""
        return [(n, s) for n, s in enumerate(self.automaton.states) if not s.accepting]

    @property
    def n_states(self) -> int:
        """Number of counters a key: one a state."""
        return len(self.automaton.states)

    def in_state(self, state: int | str) -> str:
        """Return the kernel text of the number of runs of the key in a state."""
        if self.n_states == 1:
            return "key_in_state[slot]"
        return f"key_in_state[slot * {self.n_states} + {state}]"

    @property
    def has_absence(self) -> bool:
        """Whether some run waits for a deadline."""
        return bool(self.automaton.absences)

    @property
    def limits(self) -> tuple[int, ...]:
        """The different times after which runs end in states that cannot go on, us."""
        return self.automaton.limits

    @property
    def has_clocks(self) -> bool:
        """Whether some run waits for a deadline of its own: of an absence, or of a gap."""
        return self.has_absence or bool(self.limits)

    @property
    def keeps_anchor(self) -> bool:
        """Whether runs keep the instant that gaps are counted from."""
        return self.automaton.timed or bool(self.limits)

    def clock_of(self, state: int) -> int | None:
        """Return the number of the queue in which runs of a state wait, None for none."""
        found = self.automaton.states[state]
        if found.absence is not None:
            return found.absence
        if found.limit_us is None or found.accepting:
            return None
        return len(self.automaton.absences) + self.limits.index(found.limit_us)

    @property
    def keeps_last_time(self) -> bool:
        """Whether runs keep the instant of their last bound event, because rows are made without one."""
        return self.node.timeouts or self.node.grows

    @property
    def keeps_class(self) -> bool:
        """Whether runs keep the variable of their last bound event."""
        return CLASSIFIER in {item.value for item in self.node.measures}

    @property
    def keeps_ages(self) -> bool:
        """Whether all runs stand in a list by age."""
        return self.node.within_us is not None or self.node.grows

    @property
    def keeps_order(self) -> bool:
        """Whether runs are numbered as they start, because several of them may be due at one instant.

        Runs that have forked from one run keep its number.
        """
        return self.has_clocks or self.node.grows or self.automaton.forks

    def is_open(self, state: int) -> bool:
        """Return whether the runs of a state are complete and grow."""
        return state != DEAD and self.automaton.states[state].open

    @property
    def past_last(self) -> bool:
        """Whether a match removes the runs that overlap it."""
        return self.node.skip == "past_last"

    @property
    def numbers_events(self) -> bool:
        """Whether events are numbered, because a skip asks when a run started."""
        return bool(self.node.skip_to) or (self.has_absence and self.past_last)

    # ------------------------------------------------------------------ registers

    def register(self, name: str) -> str:
        """Return the kernel text of a register."""
        return self.layout.register(name)

    def add_one(self, name: str) -> None:
        """Write the counting of one in a register."""
        cell = self.layout.register(name)
        self.writer.line(f"{cell} = {cell} + 1")

    def call(self, module: str, function: str, *args: str | int) -> str:
        """Return the text of a call of a kernellib function."""
        return f"{self.layout.use(module, function)}({', '.join(str(a) for a in args)})"


def condition_of(variable: Variable, number: int) -> Condition:
    """Return the condition of a variable, split; `number` tells apart names that look alike."""
    whole, name = variable.condition, variable.of or variable.name
    if whole is not None:
        whole = own_columns(whole, name, variable.input)
    alone, bound = split(whole)
    flag = f"fits{number}_{identifier(variable.name)}"
    return Condition(name, variable.input, alone, bound, flag)


def needed_leaves(condition: Condition) -> tuple[Expr, ...]:
    """Return the leaves of a condition that runs must keep something for."""
    found = (leaf for part in condition.bound for leaf in leaves(part))
    return tuple(leaf for leaf in found if isinstance(leaf, Bound | Aggregate))


def gates_of(
    automaton: Automaton, conditions: dict[str, Condition], layout: Layout
) -> list[StateGate]:
    """Return the gates of every move of every state, and give each an array."""
    found: list[StateGate] = []
    for number, state in enumerate(automaton.states):
        for move in state.moves:
            parts = (p for whole in conditions[move.variable].bound for p in conjuncts(whole))
            found_gates = (gate_of(part, loop=move.kind == "loop") for part in parts)
            for gate in (g for g in found_gates if g is not None):
                dtype = gate.leaf.type.kernel_dtype
                name = layout.state(f"key_gate{len(found)}", dtype, "keys")  # type: ignore[arg-type]
                found.append(StateGate(number, move, gate, name))
    return found


def sure_variables(
    automaton: Automaton, conditions: dict[str, Condition], *, ended: bool = False
) -> frozenset[str]:
    """Return the variables that are bound whenever something reads them: no empty value is needed.

    Measures read at the end of a match, or (ended) in every state a run can end in by time; conditions in the
    states whose moves and guards test them.
    """
    bound = bound_on_entry(automaton)
    sure = set(automaton.steps)
    for state, known in zip(automaton.states, bound, strict=True):
        if state.accepting or state.open or ended:
            sure &= known
        for name in (*(move.variable for move in state.moves), *state.guards):
            sure -= {read for read in _read_by(conditions[name]) if read not in known}
    return frozenset(sure)


def _read_by(condition: Condition) -> set[str]:
    return {
        leaf.variable
        for leaf in needed_leaves(condition)
        if isinstance(leaf, Bound) and leaf.which != "prev"
    }


def cell_text(cell: Cell, run: str) -> str:
    """Return a cell of a run."""
    return f"{cell.array}[{run}]"
