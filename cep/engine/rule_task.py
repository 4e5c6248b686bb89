"""One rule at run time: its operators in a chain over the rule's merged input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from cep.batch import PHASE_EVENT
from cep.engine.histogram import Histogram
from cep.engine.merge import PHASE_OF_CAUSE, derived_positions, merge
from cep.graph.kernel import PORT, Merge
from cep.operators.base import Merged
from cep.operators.kernel_operator import no_rows
from cep.state.arrays import put_under, take_from
from cep.types import MAX_I64

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.batch import EventBatch, Positions
    from cep.graph.graph import RuleSpec
    from cep.operators.kernel_operator import KernelOperator

ORIGIN = ("$origin_stream", "$origin_seq")
DELAY_BOUNDS = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0)
Rows = tuple[tuple[str, "EventBatch"], ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """Where rows go that leave the first operator by a port: the operators above it, and a stream.

    writer: the number of this way among all that write a stream.
    """

    port: int
    operators: list[KernelOperator]
    output: str
    writer: int


class RuleTask:
    """Runs a rule's operators and gives their rows places in the total order.

    operators: those of the main query, the first of which reads the inputs, then those of the branches. signs:
    something else writes the same output: each row says in the hidden column `$rule` what made it
    (`RuleSpec.writer`), and has the origin of a match, -1 where there is none.

    Invariants: rows come out in the total order. Memory: that of the operators.
    """

    def __init__(
        self, spec: RuleSpec, operators: list[KernelOperator], *, signs: bool = False
    ) -> None:
        self.spec = spec
        self.operators = operators
        self._signs = signs
        self._ways = _ways(spec, operators)
        self._passes_phases = _reads_phases(operators[1:])
        self.reads_phases = self._passes_phases or _reads_phases(operators[:1])
        self.matches = 0
        self.delays = Histogram(DELAY_BOUNDS)  # wall clock less T of the rows made
        self._own_causes = 0

    def go_on(self, earlier: RuleTask) -> None:
        """Count on where the task of the same rule has come to."""
        self.matches, self._own_causes = earlier.matches, earlier._own_causes
        self.delays = earlier.delays

    def due(self, clock: int) -> bool:
        """Whether some operator fires at `clock` although no rows came."""
        return any(operator.due(clock) for operator in self.operators)

    def process(
        self,
        batches: tuple[EventBatch, ...],
        clock: int,
        depth: int | None,
        now_us: int,
        *,
        ran: bool = False,
    ) -> Rows:
        """Handle the rows of the inputs and fire timers up to `clock`; return the rule's rows by stream.

        depth: number of path columns of positions; None when no one needs positions. now_us: wall clock.
        ran: the first operator has run these rows, what it made is still to be taken.
        """
        merged, parents = merge(batches) if any(map(len, batches)) else (no_rows(batches), None)
        first = self.operators[0]
        if ran:
            made = first.made()
        else:
            made = first.process(merged, clock) if len(merged) or first.due(clock) else None
        return self._sent(made, merged, parents, clock, depth, now_us)

    def slice_output(self, *, alone: bool) -> None:
        """Let the rule give its rows in slices if nobody else reads or writes its stream and one operator makes them."""
        self.operators[0].slices = alone and len(self.operators) == 1

    def rest(self, now_us: int) -> Iterator[tuple[str, EventBatch]]:
        """Yield the slices behind the one that `process` gave."""
        operator = self.operators[0]
        while operator.more:
            made = operator.next_slice()
            if made is not None:
                yield self._finished(self._ways[0], made, now_us)

    def flush(
        self, batches: tuple[EventBatch, ...], last: int, depth: int | None, now_us: int
    ) -> Rows:
        """Decide what only the end of input decides; T of the rows is `last`, us. The inputs have no rows."""
        first = self.operators[0]
        if not first.decides_at_end:
            return ()
        merged = no_rows(batches)
        made = first.process(merged, last, flush=True)
        return () if made is None else self._sent(made, merged, None, MAX_I64, depth, now_us)

    def _sent(
        self,
        made: EventBatch | None,
        merged: Merged,
        parents: Positions | None,
        clock: int,
        depth: int | None,
        now_us: int,
    ) -> Rows:
        """Run the operators above the first one on what that made of `merged`, and finish the rows."""
        if len(self._ways) > 1:
            return self._by_port(made, merged, parents, clock, depth, now_us)
        way = self._ways[0]
        rows = self._above(way, made, merged, clock)
        if rows is None:
            return ()
        if depth is not None:
            assert rows.cause is not None
            cause = rows.cause.astype(np.int64)
            numbers = self._own_causes + np.cumsum(cause < 0)
            emissions = np.arange(len(rows), dtype=np.int64)
            rows.positions = self._positions(parents, cause, numbers, emissions, depth)
            self._own_causes += int(np.count_nonzero(cause < 0))
        return (self._finished(way, rows, now_us),)

    def _by_port(
        self,
        made: EventBatch | None,
        merged: Merged,
        parents: Positions | None,
        clock: int,
        depth: int | None,
        now_us: int,
    ) -> Rows:
        """Send each row of the first operator the ways of its port.

        A row stands where the row of the first operator stands that it comes from; of those from one row, that of
        the way in front comes first.
        """
        if made is None:
            return ()
        assert made.cause is not None
        causes = made.cause.astype(np.int64)
        numbers = self._own_causes + np.cumsum(causes < 0)
        ports = made.extra.pop(PORT)
        made.seq = 0  # rows have none before they stand in a stream
        sent: list[tuple[_Way, EventBatch, np.ndarray]] = []
        for way in self._ways:
            places = np.flatnonzero(ports == way.port)
            if len(places):
                part = made.take(places)
                part.cause = places
                rows = self._above(way, part, merged, clock)
                if rows is not None and rows.cause is not None:
                    sent.append((way, rows, rows.cause.astype(np.int64)))
        finished = []
        for number, (way, rows, places) in enumerate(sent):
            if depth is not None:
                emissions = places * len(sent) + number
                rows.positions = self._positions(
                    parents, causes[places], numbers[places], emissions, depth
                )
            finished.append(self._finished(way, rows, now_us))
        self._own_causes += int(np.count_nonzero(causes < 0))
        return tuple(finished)

    def _finished(self, way: _Way, rows: EventBatch, now_us: int) -> tuple[str, EventBatch]:
        """Count rows of the rule's output and say who made them."""
        self.matches += len(rows) if way.port == 0 else 0
        self.delays.add_since(now_us, rows.ts)
        rows.cause = None
        if self._signs:
            rows.extra = {n: rows.extra.get(n, np.full(len(rows), -1, np.int64)) for n in ORIGIN}
            rows.extra["$rule"] = np.full(len(rows), way.writer, np.int64)
        return way.output, rows

    def _positions(
        self,
        parents: Positions | None,
        cause: np.ndarray,
        numbers: np.ndarray,
        emissions: np.ndarray,
        depth: int,
    ) -> Positions:
        spec = self.spec
        return derived_positions(
            parents, cause, depth, spec.topological, spec.declaration, numbers, emissions
        )

    def _above(
        self, way: _Way, made: EventBatch | None, merged: Merged, clock: int
    ) -> EventBatch | None:
        """Run the operators of a way on what the first one made of `merged`."""
        for operator in way.operators:
            if made is None and not operator.due(clock):
                continue
            below = no_rows((first_rows(merged),)) if made is None else self._below(made, merged)
            cause = None if made is None else made.cause
            made = operator.process(below, clock)
            if made is not None and cause is not None and made.cause is not None:
                own = made.cause < 0
                made.cause = np.where(own, made.cause, cause[np.where(own, 0, made.cause)])
        return made

    def _below(self, made: EventBatch, merged: Merged) -> Merged:
        """Return the rows of one operator as the input of the next."""
        below = Merged((made,), made.ts)
        if self._passes_phases and made.cause is not None:
            below.phase = phases_of(made.cause.astype(np.int64), merged)
        return below

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the state of all operators and the rule's counters."""
        named: dict[str, np.ndarray] = {}
        for number, operator in enumerate(self.operators):
            named |= put_under(str(number), operator.arrays())
        named["kernels"] = self.kernels
        named["form"] = self.form
        named["counters"] = np.array([self.matches, self._own_causes], np.int64)
        return named

    @cached_property
    def kernels(self) -> np.ndarray:
        """Return a hash of what the rule does, u8[16]: equal if it is equal in every constant."""
        spec = self.spec
        ways = (spec.inputs, spec.outputs, spec.version)
        return _hash((ways, [operator.spec.kernel for operator in self.operators]))

    @cached_property
    def form(self) -> np.ndarray:
        """Return a hash of what the rule's state means and of its arrays, u8[16]: KEEP STATE wants it equal."""
        return _hash((self.spec.shape, [operator.layout() for operator in self.operators]))

    def restore(self, arrays: dict[str, np.ndarray], *, changed: bool = False) -> None:
        """Take over what `arrays` returned; changed: the constants of the rule were others (KEEP STATE)."""
        self.matches, self._own_causes = (int(v) for v in arrays["counters"])
        for number, operator in enumerate(self.operators):
            take = operator.adopt if changed else operator.restore
            take(take_from(str(number), arrays))


def _hash(value: object) -> np.ndarray:
    return np.frombuffer(blake2b(repr(value).encode(), digest_size=16).digest(), np.uint8)


def _ways(spec: RuleSpec, operators: list[KernelOperator]) -> tuple[_Way, ...]:
    """Return the ways of a rule: its main query, then its branches."""
    main = len(spec.operators)
    ways = [_Way(0, operators[1:main], spec.output, spec.writer(0))]
    for number, branch in enumerate(spec.branches, 1):
        mine = operators[main : main + len(branch.operators)]
        main += len(mine)
        ways.append(_Way(branch.port, mine, branch.output, spec.writer(number)))
    return tuple(ways)


def _reads_phases(operators: list[KernelOperator]) -> bool:
    return any(a.source == Merge("phase") for o in operators for a in o.spec.kernel.arrays)


def first_rows(merged: Merged) -> EventBatch:
    """Return some batch of a merged input, for its schema."""
    return merged.batches[0]


def phases_of(cause: np.ndarray, merged: Merged) -> np.ndarray:
    """Return the phase of rows made from a merged input, given what caused each (int8[n])."""
    positions = merged.batches[0].positions
    parents = merged.phase
    if parents is None and positions is not None:
        parents = positions.phase
    phases = np.full(len(cause), PHASE_EVENT, np.int8)
    if parents is not None and len(parents):
        phases = parents[np.where(cause < 0, 0, cause)]
    for constant, phase in PHASE_OF_CAUSE.items():
        phases = np.where(cause == constant, phase, phases).astype(np.int8)
    return phases
