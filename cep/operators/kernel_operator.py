"""The host of a kernel: allocates its arrays, binds its inputs, calls it, grows what is full.

Every stateful operator is a kernel in one of these; `select.py` adds the numpy form to it.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import EventBatch, empty_batch
from cep.errors import error
from cep.graph.kernel import (
    CAPACITY,
    CLOCK,
    CONSECUTIVE,
    DONE,
    ERRORS,
    FLUSH,
    MAX_I64,
    N_ROWS,
    NEXT,
    OUT,
    ROW,
    RUN_ENDS,
    ByCode,
    Codes,
    Column,
    Computed,
    Merge,
    Numbers,
    Rank,
    Role,
    Seq,
    StringMap,
)
from cep.kernel import load
from cep.operators.base import Merged, filled, row_numbers
from cep.operators.tables import ComputedColumn, StringMapTable
from cep.state.arrays import grown
from cep.types import NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.graph.graph import OperatorSpec
    from cep.graph.kernel import Array
    from cep.kernel import BackgroundCompiler, CompileBox, LoadedKernel
    from cep.strings import StringTable

DTYPES = {"i64": np.int64, "i32": np.int32, "i8": np.int8, "u8": np.uint8, "f64": np.float64}
LOGGER = logging.getLogger("cep")
SMALL_BATCH = 64  # up to so many rows a call keeps the GIL: freeing it costs more than it gives
MOST_CELLS = 1 << 34
SLICE_ROWS = 8192  # a slice of output has so many rows


class KernelOperator:
    """One kernel with its state.

    Invariants: arrays of a pool have `capacity * width` cells; for a matcher
    `runs_started` is the sum of the registers of `RUN_ENDS` and `runs_live`.
    Memory: state arrays grow by doubling with the live state; those of a MATCH or MATCH_RECOGNIZE are small again when
    no run and no key is left, others never shrink.
    """

    def __init__(
        self,
        spec: OperatorSpec,
        strings: StringTable,
        *,
        tier: str,
        compiler: BackgroundCompiler | None = None,
    ) -> None:
        self.spec = spec
        kernel = spec.kernel
        self._strings = strings
        self._registers = {name: i for i, name in enumerate(kernel.registers)}
        self._pools = [pool.initial for pool in kernel.pools]
        # Pools that may become small again: the first of the three registers of their slots; those that have grown.
        self._slots = {n: self._registers[p.slots] for n, p in enumerate(kernel.pools) if p.slots}
        self._grown: dict[int, int] = {}
        self._number = {pool.name: i for i, pool in enumerate(kernel.pools)}
        self._places = {array.name: i for i, array in enumerate(kernel.arrays)}
        self._maps: dict[str, StringMapTable] = {}
        self._computed: dict[str, ComputedColumn] = {}
        self._arrays = [self._made(array) for array in kernel.arrays]
        self._ctl = self._arrays[self._places["ctl"]].data
        self._inputs = [
            (place, array.name, self._reader(array))
            for place, array in enumerate(kernel.arrays)
            if array.role is Role.INPUT
        ]
        self._tables = [
            (i, a)
            for i, a in enumerate(kernel.arrays)
            if a.role is Role.TABLE or isinstance(a.source, ByCode)
        ]
        self._ctl[NEXT] = MAX_I64
        self._out = self._number["out"] + 1 if "out" in self._number else -1
        self.slices = False  # a call may stop when it has filled a slice; then there is `more`
        self.more = False
        self.bound_to: object = None  # whose arrays of one row the inputs are bound to
        self.kernel_seconds = 0.0
        self.compile_seconds = 0.0
        self.compile_failure: Exception | None = None
        self.errors = 0
        self._restored = False
        self._stop = self._registers.get(
            "stopped", -1
        )  # the kernel stops itself at a step or space budget
        self._stop_told = False
        self._box: CompileBox | None = None
        self._load("python" if tier == "auto" else tier)
        if tier == "auto" and compiler is not None:
            self._box = compiler.submit(kernel)

    # ------------------------------------------------------------ tiers

    def _load(self, tier: str) -> None:
        self._use(load(self.spec.kernel, tier=tier))  # type: ignore[arg-type]

    def _use(self, loaded: LoadedKernel) -> None:
        self.tier = loaded.tier
        self.compile_seconds += loaded.compile_seconds
        self._bound = loaded.bind(self._arrays)

    def swap_tier(self) -> None:
        """Take over the compiled kernel if it is finished; called between batches only."""
        box = self._box
        if box is None or not box.done:
            return
        self._box = None
        if box.loaded is not None:
            self._use(box.loaded)
        else:
            self.compile_failure = box.failure

    def wait_compiled(self) -> None:
        """Wait for the background compile and take it over."""
        if self._box is not None:
            self._box.wait()
            self.swap_tier()

    # ------------------------------------------------------------ arrays

    def _made(self, array: Array) -> np.ndarray:
        kernel = self.spec.kernel
        dtype = DTYPES[array.dtype]
        match array.role:
            case Role.CONTROL:
                ctl = np.zeros(CAPACITY + len(kernel.pools), np.int64)
                ctl[CAPACITY:] = self._pools
                return ctl
            case Role.REGISTER:
                reg = np.zeros(max(1, len(kernel.registers)), np.int64)
                for name, value in kernel.register_init:
                    reg[self._registers[name]] = value
                return reg
            case Role.INPUT:
                if isinstance(array.source, Computed):
                    self._computed[array.name] = ComputedColumn(array.source, self._strings)
                return np.zeros(1, dtype)
            case Role.TABLE:
                return self._table(array)
            case _:
                pool = self._number.get(array.pool)
                cells = 1 if pool is None else self._pools[pool] * array.width
                return np.full(cells, array.fill, dtype)

    def _table(self, array: Array) -> np.ndarray:
        match array.source:
            case Codes(texts):
                return self._strings.encode(texts)
            case Numbers(values):
                return np.array(values, DTYPES[array.dtype])
            case StringMap():
                table = self._maps[array.name] = StringMapTable(array.source, self._strings)
                return table.cells
            case _:
                return np.zeros(1, DTYPES[array.dtype])

    def _set(self, place: int, array: np.ndarray) -> None:
        self._arrays[place] = array
        self._bound.update(place, array)

    def _grow(self, pool: int) -> None:
        """Double the capacity of a pool."""
        kernel = self.spec.kernel
        old = self._pools[pool]
        if 2 * old > MOST_CELLS:
            msg = f"pool {kernel.pools[pool].name} of {kernel.entry} cannot grow beyond {old}"
            raise error("CEP903", msg)
        self._resize(pool, 2 * old)

    def _give_back(self, *, at_once: bool) -> None:
        """Make the pools small again that have grown and hold nothing any more.

        at_once: also those that something was in since the last look; a pool that every batch fills and empties
        had better keep its size.
        """
        reg = self._arrays[self._places["reg"]]
        for pool, free in tuple(self._grown.items()):
            used, live = free + 1, free + 2
            if reg[live]:
                continue
            if at_once or not reg[used]:
                self._resize(pool, self.spec.kernel.pools[pool].initial, keep=False)
                del self._grown[pool]
        for free in {*self._slots.values()}:
            if not reg[free + 2]:
                reg[free], reg[free + 1] = -1, 0

    def _resize(self, pool: int, capacity: int, *, keep: bool = True) -> None:
        shape = self.spec.kernel.pools[pool]
        self._pools[pool] = capacity
        if capacity > shape.initial and pool in self._slots:
            self._grown[pool] = self._slots[pool]
        self._ctl[CAPACITY + pool] = capacity
        for place, array in enumerate(self.spec.kernel.arrays):
            if array.pool != shape.name or array.role not in (Role.STATE, Role.OUTPUT):
                continue
            cells, dtype = capacity * array.width, DTYPES[array.dtype]
            # What a kernel puts out it writes first: filling the cells would only touch their memory once more.
            made = array.role is Role.OUTPUT
            fresh = np.empty(cells, dtype) if made else np.full(cells, array.fill, dtype)
            if keep and not (shape.rehash and array.role is Role.STATE):
                known = self._arrays[place]
                fresh[: len(known)] = known
            self._set(place, fresh)

    # ------------------------------------------------------------ inputs

    def _bind_inputs(self, merged: Merged) -> None:
        self.bound_to = None
        arrays, update = self._arrays, self._bound.update
        for place, _, read in self._inputs:
            column = read(merged)
            if column is arrays[place]:
                continue
            if not column.flags.c_contiguous:
                column = np.ascontiguousarray(column)
            arrays[place] = column
            update(place, column)

    def _reader(self, array: Array) -> Callable[[Merged], np.ndarray]:
        """Return the function that takes an input array out of the merged input."""
        match array.source:
            case Column(number, name):
                return partial(_column, number, name)
            case Seq(number):
                return partial(self._numbers, number)
            case Merge("ts"):
                return attrgetter("ts")
            case Merge(what):
                return partial(_merge_column, what)
            case Computed(number):
                return partial(self._compute, number, self._computed[array.name])
            case _:
                msg = f"input array {array.name} without a source"
                raise AssertionError(msg)

    def _numbers(self, number: int, merged: Merged) -> np.ndarray:
        """Return the `seq` of an input's rows, or that of the first one with its bit of CONSECUTIVE set."""
        seq = merged.batches[number].seq
        if isinstance(seq, int):
            self._ctl[CONSECUTIVE] |= 1 << number
            return np.array([seq], np.int64)
        self._ctl[CONSECUTIVE] &= ~(1 << number)
        return seq

    @staticmethod
    def _compute(number: int, computed: ComputedColumn, merged: Merged) -> np.ndarray:
        batch = merged.batches[number]
        kinds = {c.name: c.type for c in batch.schema.columns}
        kinds |= dict.fromkeys(batch.extra, Type.INT)
        return computed.compute({**batch.columns, **batch.extra}, kinds)

    def _extend_tables(self, merged: Merged) -> None:
        """Fill tables for the codes of these rows and extend what is indexed by code."""
        for name, table in self._maps.items():
            if not table.columns or self._restored:
                table.fill_all()
            for number, column in table.columns if len(merged) else ():
                table.fill(_column(number, column, merged))
            if self._arrays[self._places[name]] is not table.cells:
                self._set(self._places[name], table.cells)
        count = len(self._strings)
        for place, array in self._tables:
            if isinstance(array.source, ByCode) and len(self._arrays[place]) < count:
                self._set(place, grown(self._arrays[place], count, array.fill))
            elif isinstance(array.source, Rank):
                ranks = self._strings.ranks()
                if self._arrays[place] is not ranks and len(ranks):
                    self._set(place, ranks)
        self._restored = False

    # ------------------------------------------------------------ calls

    def process(self, merged: Merged, clock: int, *, flush: bool = False) -> EventBatch | None:
        """Handle rows, then fire what is due up to `clock`; return the rows made, None for none."""
        return self._output() if self.run(merged, clock, flush=flush) else None

    def run(self, merged: Merged, clock: int, *, flush: bool = False) -> bool:
        """Handle rows and fire as `process` does; return whether rows were made, which `made` gives."""
        if self._box is not None:
            self.swap_tier()
        if len(merged):
            self._bind_inputs(merged)
        if self._tables and (len(merged) or self._restored):
            self._extend_tables(merged)
        self._run(len(merged), clock, flush=flush)
        return bool(self._ctl[OUT])

    def made(self) -> EventBatch | None:
        """Return the rows that the last call made, None for none."""
        return self._output() if self._ctl[OUT] else None

    def bind_row(self, arrays: dict[str, np.ndarray], owner: object) -> None:
        """Bind the inputs to arrays of one row, by name, for `run_row`; `bound_to` tells that they are."""
        for place, name, _ in self._inputs:
            self._set(place, arrays[name])
        self._ctl[FLUSH] = 0
        self.bound_to = owner

    def run_row(self, clock: int) -> bool:
        """Handle the row that the inputs are bound to; return whether rows were made."""
        ctl = self._ctl
        ctl[ROW] = 0
        ctl[N_ROWS] = 1
        ctl[CLOCK] = clock
        ctl[OUT] = 0
        start = time.perf_counter()
        self._call(self._bound.call_small)
        self.kernel_seconds += time.perf_counter() - start
        if ctl[ERRORS]:
            self._take_errors()
        if self._stop >= 0:
            self._tell_stop()
        if self._grown:
            self._give_back(at_once=False)
        return bool(ctl[OUT])

    @property
    def decides_at_end(self) -> bool:
        """Whether the end of input decides something that no deadline decides (ruling 8)."""
        return "flushing" in self._registers

    @property
    def last_instant(self) -> int:
        """The last instant in which a deadline was due, us; NULL_I64 when the kernel tells none."""
        place = self._registers.get("last_instant")
        value = 0 if place is None else int(self._arrays[self._places["reg"]][place])
        return value or NULL_I64

    @property
    def settled(self) -> bool:
        """Whether no other tier waits to be swapped in."""
        return self._box is None

    def _run(self, rows: int, clock: int, *, flush: bool) -> None:
        ctl = self._ctl
        ctl[ROW] = 0
        ctl[N_ROWS] = rows
        ctl[CLOCK] = clock
        ctl[OUT] = 0
        ctl[ERRORS] = 0
        ctl[FLUSH] = flush
        start = time.perf_counter()
        self._call(self._bound.call_small if rows <= SMALL_BATCH else self._bound.call_large)
        self.kernel_seconds += time.perf_counter() - start
        if ctl[ERRORS]:
            self._take_errors()
        if self._stop >= 0:
            self._tell_stop()
        if self._grown:
            self._give_back(at_once=not rows)

    def _call(self, call: Callable[[], int]) -> None:
        """Call the kernel until it is done, or has filled a slice of output."""
        ctl = self._ctl
        while (code := call()) != DONE:
            full = code == self._out and ctl[OUT] >= max(SLICE_ROWS, ctl[N_ROWS])
            if full and self.slices and not ctl[FLUSH]:
                self.more = True
                return
            self._grow(code - 1)

    def next_slice(self) -> EventBatch | None:
        """Go on where the output was full (`more`); return the rows made, None for none."""
        ctl = self._ctl
        self.more = False
        ctl[OUT] = ctl[ERRORS] = 0
        start = time.perf_counter()
        self._call(self._bound.call_large)
        self.kernel_seconds += time.perf_counter() - start
        if ctl[ERRORS]:
            self._take_errors()
        return self.made()

    def _tell_stop(self) -> None:
        """Log that the kernel has stopped at a budget (ruling 10); the other rules go on."""
        if not self._stop_told and self._arrays[self._places["reg"]][self._stop]:
            self._stop_told = True
            text = "%s: stopped, one match of a key costs more than the budget of steps or space"
            LOGGER.error(text, self.spec.kernel.entry)

    def _take_errors(self) -> None:
        self.errors += self._ctl[ERRORS]
        self._ctl[ERRORS] = 0

    def _output(self) -> EventBatch:
        rows = self._ctl[OUT]
        arrays, places = self._arrays, self._places
        columns: dict[str, np.ndarray] = {}
        extra: dict[str, np.ndarray] = {}
        for column in self.spec.kernel.outputs:
            taken = arrays[places[column.array]][:rows].copy()
            (extra if column.name in self.spec.hidden else columns)[column.name] = taken
        return EventBatch(
            self.spec.output,
            columns,
            arrays[places["out_ts"]][:rows].copy(),
            np.empty(0, np.int64),
            None,
            arrays[places["out_cause"]][:rows].copy(),
            extra,
        )

    def due(self, clock: int) -> bool:
        """Whether something fires at `clock` although no rows came."""
        return self._ctl[NEXT] <= clock

    # ------------------------------------------------------------ state

    def registers(self) -> dict[str, int]:
        """Return the registers by name (run counts and the like)."""
        reg = self._arrays[self._places["reg"]]
        return {name: int(reg[i]) for name, i in self._registers.items()}

    @property
    def state_bytes(self) -> int:
        """Size of the state arrays in bytes."""
        return sum(a.nbytes for a in self.arrays().values())

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all state by name (borrowed): pools, registers, next timer, state arrays."""
        kept = {
            array.name: self._arrays[place]
            for place, array in enumerate(self.spec.kernel.arrays)
            if array.role in (Role.STATE, Role.REGISTER)
        }
        kept["$pools"] = np.array(self._pools, np.int64)
        kept["$next"] = np.array([self._ctl[NEXT], self.errors], np.int64)
        return kept

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over state that `arrays` of an equal operator returned (copies it)."""
        for pool, capacity in enumerate(arrays["$pools"].tolist()):
            self._resize(pool, capacity)
        for place, array in enumerate(self.spec.kernel.arrays):
            if array.role in (Role.STATE, Role.REGISTER):
                self._set(place, arrays[array.name].copy())
        self._restored = (
            True  # what is captured was read before: its cells of tables are made again
        )
        self._ctl[NEXT], self.errors = (int(v) for v in arrays["$next"])

    def layout(self) -> tuple[object, ...]:
        """Return what must be equal for two operators to take over each other's state."""
        kernel = self.spec.kernel
        kept = [a for a in kernel.arrays if a.role in (Role.STATE, Role.REGISTER)]
        described = tuple((a.name, a.dtype, a.pool, a.width, a.fill) for a in kept)
        return self.spec.kind, described, kernel.pools, kernel.registers

    def adopt(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over the state of an operator of equal layout whose constants were others: deadlines may be nearer."""
        self.restore(arrays)
        self._ctl[NEXT] = NULL_I64
        if "due" in self._registers:
            self._arrays[self._places["reg"]][self._registers["due"]] = NULL_I64

    def check(self) -> None:
        """Assert that arrays have the sizes of their pools and that no run is unaccounted for."""
        for place, array in enumerate(self.spec.kernel.arrays):
            pool = self._number.get(array.pool)
            if pool is not None and array.role in (Role.STATE, Role.OUTPUT):
                cells = self._pools[pool] * array.width
                assert len(self._arrays[place]) == cells, array.name
        counts = self.registers()
        if "runs_started" in counts:
            ended = sum(counts.get(name, 0) for name in RUN_ENDS)
            assert counts["runs_started"] == ended + counts["runs_live"], counts
            assert min(counts.get(name, 0) for name in RUN_ENDS) >= 0, counts


def _column(number: int, name: str, merged: Merged) -> np.ndarray:
    batch = merged.batches[number]
    found = batch.columns.get(name)
    return batch.extra[name] if found is None else found


def _merge_column(what: str, merged: Merged) -> np.ndarray:
    found: Any = getattr(merged, what)
    if found is not None:
        return found  # type: ignore[no-any-return]
    n = len(merged)
    if what == "row":
        return row_numbers(n)
    if what == "phase" and merged.batches[0].positions is not None:
        return merged.batches[0].positions.phase
    return filled(n, 1 if what == "phase" else 0)


def no_rows(batches: tuple[EventBatch, ...]) -> Merged:
    """Return a merged input of no rows over the same streams."""
    return Merged(tuple(empty_batch(b.schema) for b in batches), np.empty(0, np.int64))
