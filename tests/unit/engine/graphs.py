"""Graphs written by hand: streams of an INT column `v`, kernels of a few lines, and a player of arrivals.

copy(limit)     passes rows with v > limit                                   cause: the row
quiet(length)   a row when no row came for `length`, v = rows before it      cause: a deadline
count(size)     a row for each tumbling window that has rows, v = rows       cause: a window
log             a row for each input row: number of the input, v, seq        cause: the row
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded, Reject
from cep.engine.core import EngineCore
from cep.graph.graph import Graph, OperatorKind, OperatorSpec, RuleSpec, StreamSpec
from cep.graph.kernel import Array, Column, KernelSpec, Merge, OutputColumn, Pool, Role, Seq
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.batch import EventBatch

V = Schema((ColumnSpec("v", Type.INT),))
SOURCE = Schema((ColumnSpec("ts", Type.TIMESTAMP), ColumnSpec("v", Type.INT)))
LOGGED = Schema(tuple(ColumnSpec(name, Type.INT) for name in ("v", "source", "seq")))

HEAD = (
    Array("ctl", "i64", Role.CONTROL),
    Array("reg", "i64", Role.REGISTER),
    Array("ts", "i64", Role.INPUT, source=Merge("ts")),
)
OUT = (
    Array("out_v", "i64", Role.OUTPUT, "out"),
    Array("out_ts", "i64", Role.OUTPUT, "out"),
    Array("out_cause", "i64", Role.OUTPUT, "out"),
)
PARAMETERS = 'ctl: "i64[9]", reg: "i64[2]", ts: "i64[n]"'
OUTPUTS = 'out_v: "i64[o]", out_ts: "i64[o]", out_cause: "i64[o]"'
EMIT = """
def emit(ctl: "i64[9]", out_v: "i64[o]", out_ts: "i64[o]", out_cause: "i64[o]", v: int, t: int, cause: int) -> None:
    out_v[ctl[3]] = v
    out_ts[ctl[3]] = t
    out_cause[ctl[3]] = cause
    ctl[3] += 1

"""

COPY = """
def copy({parameters}, v_0: "i64[n]", {outputs}) -> int:
    while ctl[0] < ctl[1]:
        i = ctl[0]
        if v_0[i] > {limit}:
            if ctl[3] >= ctl[8]:
                return 1
            emit(ctl, out_v, out_ts, out_cause, v_0[i], ts[i], i)
        ctl[0] = i + 1
    return 0
"""

# reg: rows since the last output, deadline. Inclusive: fires when time has passed the deadline.
QUIET = """
def quiet({parameters}, {outputs}) -> int:
    while True:
        now = ctl[2]
        if ctl[0] < ctl[1]:
            now = ts[ctl[0]]
        if reg[0] > 0 and reg[1] < now:
            if ctl[3] >= ctl[8]:
                return 1
            emit(ctl, out_v, out_ts, out_cause, reg[0], reg[1], -2)
            reg[0] = 0
            continue
        if ctl[0] == ctl[1]:
            break
        reg[0] += 1
        reg[1] = now + {length}
        ctl[0] += 1
    ctl[4] = MAX_I64
    if reg[0] > 0:
        ctl[4] = reg[1] + 1
    return 0
"""

# reg: rows of the open window, its end.
COUNT = """
def count({parameters}, {outputs}) -> int:
    while True:
        now = ctl[2]
        if ctl[0] < ctl[1]:
            now = ts[ctl[0]]
        if reg[0] > 0 and reg[1] <= now:
            if ctl[3] >= ctl[8]:
                return 1
            emit(ctl, out_v, out_ts, out_cause, reg[0], reg[1] - 1, -1)
            reg[0] = 0
            continue
        if ctl[0] == ctl[1]:
            break
        reg[0] += 1
        reg[1] = now - now % {size} + {size}
        ctl[0] += 1
    ctl[4] = MAX_I64
    if reg[0] > 0:
        ctl[4] = reg[1]
    return 0
"""


def copy(limit: int, *, vector: bool = True) -> OperatorSpec:
    kernel = _kernel("copy", COPY, (_column(0),), limit=limit)
    text = (
        "def select(columns, tables, np):\n"
        f"    rows = np.flatnonzero(columns['v_0'] > {limit})\n"
        "    return rows, {'v': columns['v_0'][rows]}\n"
    )
    return OperatorSpec(OperatorKind.SELECT, kernel, V, text if vector else None)


def quiet(length: int) -> OperatorSpec:
    return OperatorSpec(OperatorKind.MATCH, _kernel("quiet", QUIET, (), length=length), V)


def count(size: int) -> OperatorSpec:
    return OperatorSpec(OperatorKind.WINDOW, _kernel("count", COUNT, (), size=size), V)


def log(inputs: int) -> OperatorSpec:
    columns = [_column(k) for k in range(inputs)]
    seqs = [Array(f"seq_{k}", "i64", Role.INPUT, source=Seq(k)) for k in range(inputs)]
    merged = [
        Array("source", "i8", Role.INPUT, source=Merge("source")),
        Array("row", "i32", Role.INPUT, source=Merge("row")),
    ]
    made = [Array(f"out_{n}", "i64", Role.OUTPUT, "out") for n in ("source", "seq")]
    arrays = (*HEAD, *merged, *columns, *seqs, *made, *OUT)
    lines = [f"def logged({', '.join(_parameter(a) for a in arrays)}) -> int:"]
    lines += ["    while ctl[0] < ctl[1]:", "        if ctl[3] >= ctl[8]:", "            return 1"]
    lines += ["        r = row[ctl[0]]", "        v = 0", "        seq = 0"]
    for k in range(inputs):
        lines += [f"        if source[ctl[0]] == {k}:", f"            v = v_{k}[r]"]
        lines.append(f"            seq = seq_{k}[0] + r if ctl[7] & {1 << k} != 0 else seq_{k}[r]")
    lines += ["        out_source[ctl[3]] = source[ctl[0]]", "        out_seq[ctl[3]] = seq"]
    lines.append("        emit(ctl, out_v, out_ts, out_cause, v, ts[ctl[0]], ctl[0])")
    lines += ["        ctl[0] += 1", "    return 0"]
    outputs = tuple(OutputColumn(n, "INT", f"out_{n}") for n in ("v", "source", "seq"))
    kernel = KernelSpec(
        "logged", EMIT + "\n".join(lines), arrays, (Pool("out", 2),), ("a",), (), outputs
    )
    return OperatorSpec(OperatorKind.MATCH, kernel, LOGGED)


def _column(k: int) -> Array:
    return Array(f"v_{k}", "i64", Role.INPUT, source=Column(k, "v"))


def _parameter(array: Array) -> str:
    return f'{array.name}: "{array.dtype}[n]"'


def _kernel(entry: str, text: str, inputs: tuple[Array, ...], **values: int) -> KernelSpec:
    source = text.format(parameters=PARAMETERS, outputs=OUTPUTS, **values)
    outputs = (OutputColumn("v", "INT", "out_v"),)
    arrays = (*HEAD, *inputs, *OUT)
    return KernelSpec(
        entry, EMIT + source, arrays, (Pool("out", 2),), ("first", "second"), (), outputs
    )


def rule(
    name: str,
    inputs: tuple[str, ...],
    *operators: OperatorSpec,
    number: int,
    into: str = "",
) -> RuleSpec:
    """A rule; `number` is its place in declaration order and in topological order."""
    return RuleSpec(name, inputs, operators, into or name, number, number)


def graph(
    sources: list[StreamSpec],
    rules: list[RuleSpec],
    components: tuple[tuple[str, ...], ...],
    late: tuple[str, ...] = (),
) -> Graph:
    """A graph of these sources (declared 1, 2, ..) and rules; outputs have the schema of their first writer."""
    derived = {r.output: r.operators[-1].output for r in reversed(rules)}
    made = [
        StreamSpec(name, schema, 100 + k, derived=True)
        for k, (name, schema) in enumerate(derived.items())
    ]
    made += [StreamSpec(name, SOURCE, 200, derived=True) for name in late]
    return Graph((*sources, *made), tuple(rules), components)


def stream(name: str, declaration: int, **options: Any) -> StreamSpec:
    options.setdefault("time_column", "ts")
    return StreamSpec(name, SOURCE, declaration, **options)


Arrivals = list[tuple[str, int, int, int]]  # stream, partition, ts, v


@dataclass
class Player:
    """An engine over a graph and what it emitted: rows as (ts, v, ...) tuples by stream."""

    graph: Graph
    options: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    seqs: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.core = self._fresh()

    def _fresh(self) -> EngineCore:
        options = {"tier": "python", "bounded": True, **self.options}
        return EngineCore(self.graph, emit=self._take, **options)

    def _take(self, name: str, batch: EventBatch) -> None:
        columns = [batch.columns[n].tolist() for n in batch.schema.names() if n != "ts"]
        self.rows.setdefault(name, []).extend(zip(batch.ts.tolist(), *columns, strict=True))
        self.seqs.setdefault(name, []).extend(batch.numbers().tolist())

    def send(self, name: str, rows: list[tuple[int, int]], partition: int = 0) -> None:
        """Take rows (ts, v) of a partition; a v of None is a row that could not be read."""
        good = [n for n, (_, v) in enumerate(rows) if v is not None]
        columns = {
            "ts": np.array([rows[n][0] for n in good], np.int64),
            "v": np.array([rows[n][1] for n in good], np.int64),
        }
        rejects = tuple(
            Reject(n, repr(row), "no INT") for n, row in enumerate(rows) if row[1] is None
        )
        numbers = np.array(good, np.int64) if rejects else None
        self.core.ingest(name, Decoded(columns, len(rows), numbers, rejects), partition=partition)
        self.core.check()

    def restart(self) -> None:
        """Go on in a new engine from a snapshot."""
        arrays = self.core.snapshot()
        self.core.close()
        self.core = self._fresh()
        self.core.restore(arrays)
        again = self.core.snapshot()
        assert arrays.keys() == again.keys()
        assert all(np.array_equal(arrays[n], again[n]) for n in arrays)

    def end(self) -> dict[str, list[tuple[Any, ...]]]:
        """End the input and return all rows."""
        self.core.flush()
        self.core.check()
        self.core.close()
        for name, seqs in self.seqs.items():
            if self.core.specs[name].derived and name not in self._late():
                assert seqs == list(range(len(seqs))), name
        return self.rows

    def _late(self) -> set[str | None]:
        return {s.late_into for s in self.graph.streams}
