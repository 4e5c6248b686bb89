"""A small host of one MATCH kernel for unit tests: columns in, rows out, growth, string codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cep.graph import kernel as k
from cep.kernel import load
from cep.types import Type

DTYPES = {"i64": np.int64, "i32": np.int32, "i8": np.int8, "u8": np.uint8, "f64": np.float64}


class Strings:
    """Codes of strings in order of first appearance."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def code(self, text: str | None) -> int:
        return -1 if text is None else self.codes.setdefault(text, len(self.codes))

    def texts(self) -> list[str]:
        return list(self.codes)


class Host:
    """Runs one kernel over batches of events `(stream, ts, {column: value})` in the total order."""

    def __init__(
        self, node: Any, spec: k.KernelSpec, tier: str = "python", pool: int | None = None
    ):
        self.node = node
        self.spec = spec
        self.strings = Strings()
        self.loaded = load(spec, tier=tier, checked=True)  # type: ignore[arg-type]
        self.capacity = [pool or p.initial for p in spec.pools]
        self.pools = {p.name: n for n, p in enumerate(spec.pools)}
        self.arrays: dict[str, np.ndarray] = {}
        self.seqs = [0] * len(node.inputs)
        self.growths = 0
        for array in spec.arrays:
            if array.role in {k.Role.STATE, k.Role.OUTPUT}:
                cells = self.capacity[self.pools[array.pool]] * array.width if array.pool else 1
                self.arrays[array.name] = np.full(cells, array.fill, DTYPES[array.dtype])
        self.arrays["ctl"] = np.zeros(8 + len(spec.pools), np.int64)
        self.arrays["reg"] = np.zeros(max(1, len(spec.registers)), np.int64)
        for name, value in spec.register_init:
            self.arrays["reg"][spec.registers.index(name)] = value

    def register(self, name: str) -> int:
        return int(self.arrays["reg"][self.spec.registers.index(name)])

    def feed(
        self, events: list[tuple[int, int, dict[str, Any]]], clock: int | None = None
    ) -> list[dict[str, Any]]:
        """Process a batch; clock: event time to advance to afterwards."""
        self._load_inputs(events)
        ctl = self.arrays["ctl"]
        ctl[:8] = 0
        ctl[k.N_ROWS] = len(events)
        ctl[k.CLOCK] = clock if clock is not None else (events[-1][1] if events else 0)
        ctl[k.CAPACITY :] = self.capacity
        while (reason := self._call()) != k.DONE:
            self._grow(reason - 1)
            ctl[k.CAPACITY :] = self.capacity
        self.check()
        return self._rows(int(ctl[k.OUT]))

    def _call(self) -> int:
        return self.loaded.bind([self.arrays[a.name] for a in self.spec.arrays]).call_small()

    def _grow(self, pool: int) -> None:
        self.growths += 1
        spec = self.spec.pools[pool]
        self.capacity[pool] *= 2
        for array in self.spec.arrays:
            if array.pool != spec.name:
                continue
            cells = self.capacity[pool] * array.width
            new = np.full(cells, array.fill, DTYPES[array.dtype])
            if not spec.rehash:
                old = self.arrays[array.name]
                new[: len(old)] = old
            self.arrays[array.name] = new

    def _load_inputs(self, events: list[tuple[int, int, dict[str, Any]]]) -> None:
        by_stream: list[list[dict[str, Any]]] = [[] for _ in self.node.inputs]
        place = []
        for stream, _, row in events:
            place.append(len(by_stream[stream]))
            by_stream[stream].append(row)
        for role in (k.Role.INPUT, k.Role.TABLE):  # tables know the strings of the columns
            for array in (a for a in self.spec.arrays if a.role is role):
                values = self._values(array, events, by_stream, place)
                self.arrays[array.name] = np.array(values, DTYPES[array.dtype])
        for number, rows in enumerate(by_stream):
            self.seqs[number] += len(rows)
        for array in self.spec.arrays:
            if isinstance(array.source, k.ByCode):
                old = self.arrays[array.name]
                size = max(len(self.strings.codes), 1)
                new = np.full(size, array.fill, DTYPES[array.dtype])
                known = len(old) if self.register("keys_used") else 0
                new[:known] = old[:known]
                self.arrays[array.name] = new

    def _values(self, array: k.Array, events: Any, by_stream: Any, place: list[int]) -> list[Any]:
        merged = {
            "source": [stream for stream, _, _ in events],
            "row": place,
            "ts": [ts for _, ts, _ in events],
        }
        match array.source:
            case k.Column(input=number, name=name):
                kind = self.node.inputs[number].schema.find(name).type
                return [self._stored(kind, row.get(name)) for row in by_stream[number]]
            case k.Merge(what=what):
                return merged[what]
            case k.Seq(input=number):
                return [self.seqs[number] + n for n in range(len(by_stream[number]))]
            case k.Codes(texts=texts):
                return [self.strings.code(text) for text in texts]
            case k.Rank():
                order = sorted(self.strings.texts())
                return [order.index(t) for t in self.strings.texts()]
        raise AssertionError(array)

    def _stored(self, kind: Type, value: Any) -> Any:
        if kind is Type.STRING:
            return self.strings.code(value)
        return kind.null if value is None else value

    def _rows(self, n: int) -> list[dict[str, Any]]:
        texts = self.strings.texts()
        rows = []
        for o in range(n):
            row = {"T": int(self.arrays["out_ts"][o]), "cause": int(self.arrays["out_cause"][o])}
            for column in self.spec.outputs:
                value = self.arrays[column.array][o]
                kind = Type(column.type_name)
                if kind is Type.STRING:
                    row[column.name] = texts[value] if value >= 0 else None
                elif value != value or value == kind.null:
                    row[column.name] = None
                else:
                    row[column.name] = value.item()
            rows.append(row)
        return rows

    def check(self) -> None:
        """The equation of runs, and as many live runs in the lists as are counted."""
        ended = sum(self.register(name) for name in k.RUN_ENDS if name in self.spec.registers)
        assert self.register("runs_started") == ended + self.register("runs_live")
        live = 0
        ends, links = self.arrays["key_ends"], self.arrays["run_links"]
        for slot in range(len(ends) // 2):
            run, n = int(ends[2 * slot]), 0
            while run >= 0:
                n += 1
                assert self.arrays["run_key"][run] == slot
                run = int(links[2 * run + 1])
            assert n == self.arrays["key_runs"][slot]
            live += n
        assert live == self.register("runs_live")
