"""The layout of a kernel: collects its arrays, pools, registers and imports, and assembles its spec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from cep.codegen.writer import Writer
from cep.graph.kernel import (
    CONSECUTIVE,
    Array,
    ByCode,
    Codes,
    Column,
    Computed,
    Dtype,
    KernelSpec,
    Merge,
    OutputColumn,
    Pool,
    Rank,
    Role,
    Seq,
    StringMap,
)
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

# Columns of a match that travel along: number of the input and seq of its first bound event.
ORIGIN: tuple[tuple[str, Type], ...] = (("$origin_stream", Type.INT), ("$origin_seq", Type.INT))

MERGE_DTYPES: dict[str, Dtype] = {"source": "i8", "row": "i32", "ts": "i64", "phase": "i8"}


def identifier(name: str) -> str:
    """Return a column or variable name as part of a kernel identifier (no two underscores in a row)."""
    return re.sub(r"[\W_]+", "_", name, flags=re.ASCII).strip("_") or "column"


def kernel_dtype(kind: Type) -> Dtype:
    """Return the kernel dtype of a column of a type."""
    dtype: Dtype = kind.kernel_dtype  # type: ignore[assignment]
    return dtype


class Layout:
    """Arrays, pools, registers and imports of one kernel, in the order they were asked for.

    Every method that names an array adds it on first use and returns its name, so generators ask for
    what they read when they read it. Names: inputs `in_<column>` (`in1_<column>` with several inputs),
    outputs `out_<column>`, merged sequence `merge_<what>`, tables `map1 map2 ..`, `constants`, `ranks`;
    state arrays have the name given. `ctl`, `reg`, `out_ts`, `out_cause` and the pool "out" always exist.
    """

    def __init__(self, entry: str, *, n_inputs: int = 1, out_rows: int = 1024) -> None:
        self.entry = identifier(entry)
        self.n_inputs = n_inputs
        self._arrays: dict[str, Array] = {}
        self._pools: dict[str, Pool] = {}
        self._registers: dict[str, int] = {}
        self._uses: dict[tuple[str, str], None] = {}
        self._outputs: list[OutputColumn] = []
        self._texts: dict[str, int] = {}
        self._by_source: dict[object, str] = {}
        self.add(Array("ctl", "i64", Role.CONTROL))
        self.add(Array("reg", "i64", Role.REGISTER))
        self.pool("out", out_rows)
        self.add(Array("out_ts", "i64", Role.OUTPUT, "out"))
        self.add(Array("out_cause", "i64", Role.OUTPUT, "out"))

    def add(self, array: Array) -> str:
        """Add an array, or find it again; the same name for two different arrays is our mistake."""
        known = self._arrays.setdefault(array.name, array)
        if known != array:
            msg = f"two kernel arrays are called {array.name}"
            raise AssertionError(msg)
        return array.name

    def arrays(self) -> tuple[Array, ...]:
        """Return the arrays so far, in the order of the kernel's arguments."""
        return tuple(self._arrays.values())

    def column(self, number: int, name: str, kind: Type) -> str:
        """Return the array of column `name` of input `number`."""
        prefix = "in_" if self.n_inputs == 1 else f"in{number}_"
        return self._input(prefix + identifier(name), kernel_dtype(kind), Column(number, name))

    def computed(self, source: Computed, hint: str = "computed") -> str:
        """Return the array of a column that the host computes from other columns of its input."""
        dtype = kernel_dtype(Type(source.type_name))
        return self._input(f"{hint}{len(self._by_source) + 1}", dtype, source)

    def merge(self, what: Literal["source", "row", "ts", "phase"]) -> str:
        """Return an array of the merged row sequence."""
        return self._input(f"merge_{what}", MERGE_DTYPES[what], Merge(what))

    def seq(self, number: int, row: str) -> str:
        """Return the kernel text of the `seq` of a row of an input."""
        name = "in_seq" if self.n_inputs == 1 else f"in{number}_seq"
        array = self._input(name, "i64", Seq(number))
        consecutive = f"ctl[{CONSECUTIVE}] & {1 << number} != 0"
        return f"({array}[0] + {row} if {consecutive} else {array}[{row}])"

    def string_map(self, table: StringMap) -> str:
        """Return the table of a function of one string, indexed by code."""
        name = self._by_source.get(table)
        if name is None:
            name = f"map{1 + sum(isinstance(s, StringMap) for s in self._by_source)}"
            dtype = kernel_dtype(Type(table.type_name))
            self.add(Array(name, dtype, Role.TABLE, source=table))
            self._by_source[table] = name
        return name

    def ranks(self) -> str:
        """Return the table of the rank of every string in code point order."""
        return self.add(Array("ranks", "i32", Role.TABLE, source=Rank()))

    def constant(self, text: str) -> str:
        """Return the kernel text of a string constant's code: a cell of `constants`."""
        number = self._texts.setdefault(text, len(self._texts))
        if number == 0:
            self.add(Array("constants", "i32", Role.TABLE, source=Codes((text,))))
        return f"constants[{number}]"

    def state(
        self, name: str, dtype: Dtype, pool: str, *, width: int = 1, fill: int | float = 0
    ) -> str:
        """Return a state array of `capacity(pool) * width` cells, new cells hold `fill`."""
        return self.add(Array(name, dtype, Role.STATE, pool, width, fill))

    def by_code(self, name: str, *, fill: int = -1) -> str:
        """Return a state map i32 indexed by string code (key slots), new cells hold `fill`."""
        return self.add(Array(name, "i32", Role.STATE, fill=fill, source=ByCode()))

    def output(self, name: str, kind: Type) -> str:
        """Add an output column (pool "out") and return its array; call it once a column, in order."""
        array = f"out_{len(self._outputs)}_{identifier(name)}"
        self.add(Array(array, kernel_dtype(kind), Role.OUTPUT, "out"))
        self._outputs.append(OutputColumn(name, kind.value, array))
        return array

    def _input(self, name: str, dtype: Dtype, source: Column | Computed | Merge | Seq) -> str:
        known = self._by_source.get(source)
        if known is None:
            while name in self._arrays:
                name += "x"
            known = self._by_source[source] = name
            self.add(Array(name, dtype, Role.INPUT, source=source))
        return known

    def pool(self, name: str, initial: int, *, rehash: bool = False, slots: str = "") -> str:
        """Add a pool and return the kernel text of its capacity, `ctl[CAPACITY + p]`; `slots`: see `Pool`."""
        self._pools.setdefault(name, Pool(name, initial, rehash, slots))
        return self.capacity(name)

    def capacity(self, pool: str) -> str:
        """Return the kernel text of a pool's capacity."""
        return f"ctl[{8 + list(self._pools).index(pool)}]"

    def full(self, pool: str) -> int:
        """Return what the kernel returns when the pool has no room: 1 + its number."""
        return 1 + list(self._pools).index(pool)

    def register(self, name: str, initial: int = 0) -> str:
        """Add a register and return its kernel text, `reg[number]`."""
        self._registers.setdefault(name, initial)
        return f"reg[{list(self._registers).index(name)}]"

    def register_number(self, name: str, initial: int = 0) -> int:
        """Add a register and return its number, for kernellib functions that take `reg` and a place."""
        self.register(name, initial)
        return list(self._registers).index(name)

    def use(self, module: str, function: str) -> str:
        """Import a kernellib function (`use("deadlines", "push")`) and return its name."""
        self._uses[module, function] = None
        return function

    def spec(self, body: Writer, *, doc: Iterable[str] = ()) -> KernelSpec:
        """Return the kernel spec: imports, signature with annotations, docstring lines, then `body`.

        `body` is written at depth 0, without the function's header; it must return on every path.
        """
        if self._texts:
            self._arrays["constants"] = Array(
                "constants", "i32", Role.TABLE, source=Codes(tuple(self._texts))
            )
        out = Writer()
        modules: dict[str, list[str]] = {}
        for module, function in sorted(self._uses):
            modules.setdefault(module, []).append(function)
        for module, functions in modules.items():
            out.line(f"from cep.kernellib.{module} import {', '.join(functions)}")
        if self._uses:
            out.lines("", "")
        out.line(f"def {self.entry}(")
        for array in self._arrays.values():
            out.line(f'    {array.name}: "{array.dtype}[{self._shape(array)}]",')
        with out.block(") -> int:"):
            lines = [line for text in doc for line in text.splitlines()]
            for line in lines:
                out.comment(line)
            if self._registers:
                out.comment("reg: " + ", ".join(f"{i} {n}" for i, n in enumerate(self._registers)))
            out.append(body)
        initial = tuple((name, value) for name, value in self._registers.items() if value)
        return KernelSpec(
            entry=self.entry,
            source=out.text(),
            arrays=self.arrays(),
            pools=tuple(self._pools.values()),
            registers=tuple(self._registers),
            register_init=initial,
            outputs=tuple(self._outputs),
        )

    def _shape(self, array: Array) -> str:
        """Return the shape text of an array for the signature (documentation for readers)."""
        match array.role:
            case Role.CONTROL:
                return str(8 + len(self._pools))
            case Role.REGISTER:
                return str(max(1, len(self._registers)))
            case Role.INPUT:
                return "n"
            case Role.TABLE:
                return "codes"
            case Role.STATE | Role.OUTPUT:
                if not array.pool:
                    return "codes"
                return array.pool if array.width == 1 else f"{array.pool}*{array.width}"
