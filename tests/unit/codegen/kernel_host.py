"""A small host of one kernel with one input: rows in, rows out, growth from small pools, string codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cep.graph import kernel as k
from cep.kernel import load
from cep.types import Type

if TYPE_CHECKING:
    from cep.schema import Schema

DTYPES = {"i64": np.int64, "i32": np.int32, "i8": np.int8, "u8": np.uint8, "f64": np.float64}


class Host:
    """Runs one kernel over batches of rows (dicts with T, optional `phase`, and the columns)."""

    def __init__(
        self,
        schema: Schema,
        spec: k.KernelSpec,
        tier: str = "python",
        *,
        small: bool = True,
        checked: bool = True,
    ) -> None:
        self.schema, self.spec = schema, spec
        self.codes: dict[str, int] = {}
        self.loaded = load(spec, tier=tier, checked=checked)  # type: ignore[arg-type]
        self.capacity = [self._initial(p, small=small) for p in spec.pools]
        self.arrays: dict[str, np.ndarray] = {}
        self.growths = 0
        names = [p.name for p in spec.pools]
        for array in spec.arrays:
            if array.role in {k.Role.STATE, k.Role.OUTPUT}:
                cells = self.capacity[names.index(array.pool)] * array.width if array.pool else 0
                self.arrays[array.name] = np.full(cells, array.fill, DTYPES[array.dtype])
        self.arrays["ctl"] = np.zeros(8 + len(spec.pools), np.int64)
        self.arrays["reg"] = np.zeros(max(1, len(spec.registers)), np.int64)
        for name, value in spec.register_init:
            self.arrays["reg"][spec.registers.index(name)] = value

    def _initial(self, pool: k.Pool, *, small: bool) -> int:
        if not small or pool.rehash:
            return pool.initial
        return 1 if pool.name.endswith("panes") else min(pool.initial, 2)

    def register(self, name: str) -> int:
        return int(self.arrays["reg"][self.spec.registers.index(name)])

    def feed(self, rows: list[dict[str, Any]], clock: int | None = None) -> list[dict[str, Any]]:
        """Process a batch; clock: event time to advance to afterwards."""
        self._load_inputs(rows)
        return self._rows(self.run(len(rows), clock if clock is not None else rows[-1]["T"]))

    def run(self, n: int, clock: int) -> int:
        """Process the n rows of the input arrays; return the number of output rows."""
        ctl = self.arrays["ctl"]
        ctl[:5] = 0
        ctl[k.N_ROWS], ctl[k.CLOCK] = n, clock
        ctl[k.CAPACITY :] = self.capacity
        while (reason := self._call()) != k.DONE:
            self._grow(reason - 1)
            ctl[k.CAPACITY :] = self.capacity
        assert ctl[k.ROW] == n
        return int(ctl[k.OUT])

    def _call(self) -> int:
        bound = self.loaded.bind([self.arrays[a.name] for a in self.spec.arrays])
        return bound.call_large()

    def _grow(self, pool: int) -> None:
        self.growths += 1
        spec = self.spec.pools[pool]
        self.capacity[pool] *= 2
        for array in self.spec.arrays:
            if array.pool != spec.name:
                continue
            new = np.full(self.capacity[pool] * array.width, array.fill, DTYPES[array.dtype])
            if not spec.rehash:
                old = self.arrays[array.name]
                new[: len(old)] = old
            self.arrays[array.name] = new

    def _load_inputs(self, rows: list[dict[str, Any]]) -> None:
        for array in self.spec.arrays:
            match array.source:
                case k.Column(name=name):
                    column = self.schema.find(name)
                    assert column is not None
                    self._set(array, [self._stored(column.type, row[name]) for row in rows])
                case k.Merge(what="ts"):
                    self._set(array, [row["T"] for row in rows])
                case k.Merge(what="phase"):
                    self._set(array, [row.get("phase", 1) for row in rows])
                case _:
                    pass
        self.load_tables()

    def load_tables(self) -> None:
        """Fill the string tables and lengthen the maps by code."""
        for array in self.spec.arrays:
            if isinstance(array.source, k.Codes):
                self._set(array, [self._stored(Type.STRING, t) for t in array.source.texts])
        for array in self.spec.arrays:
            if isinstance(array.source, k.Rank):
                order = sorted(self.codes)
                self._set(array, [order.index(t) for t in self.codes] or [0])
            elif isinstance(array.source, k.ByCode):
                old = self.arrays[array.name]
                new = np.full(max(1, len(self.codes)), array.fill, DTYPES[array.dtype])
                new[: len(old)] = old
                self.arrays[array.name] = new

    def _set(self, array: k.Array, values: Any) -> None:
        self.arrays[array.name] = np.array(values, DTYPES[array.dtype])

    def _stored(self, kind: Type, value: Any) -> Any:
        if value is None:
            return kind.null
        return self.codes.setdefault(value, len(self.codes)) if kind is Type.STRING else value

    def _rows(self, n: int) -> list[dict[str, Any]]:
        texts = list(self.codes)
        rows = []
        for o in range(n):
            row = {"T": int(self.arrays["out_ts"][o]), "cause": int(self.arrays["out_cause"][o])}
            for column in self.spec.outputs:
                value = self.arrays[column.array][o].item()
                kind = Type(column.type_name)
                if kind is Type.STRING:
                    row[column.name] = texts[value] if value >= 0 else None
                else:
                    row[column.name] = None if value != value or value == kind.null else value
            rows.append(row)
        return rows
