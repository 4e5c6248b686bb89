"""One pass over the columns of a batch in machine code: order, ranges, NULLs, units and codes at once.

The kernel is made for the schema of a stream. It settles the plain case; for anything else (a dtype that is
not the column's own, a NULL where a value is required, an infinity, a time that does not fit) there is no
result, and the batch goes the general way of `columnar`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded
from cep.graph.kernel import Array, KernelSpec, Role
from cep.kernel import load
from cep.tables import Coded
from cep.times import TS_UNITS
from cep.types import MAX_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cep.connectors.columnar import Dictionary
    from cep.graph.graph import StreamSpec
    from cep.graph.kernel import Dtype
    from cep.kernel import BackgroundCompiler, CompileBox, LoadedKernel
    from cep.kernel.binding import Bound
    from cep.schema import ColumnSpec

N_ROWS, ODD, FALLS, SIZES = (
    0,
    1,
    2,
    3,
)  # cells of `ctl`; from SIZES on two a dictionary: size, first code
_DTYPES: dict[Type, np.dtype[Any]] = {
    Type.TIMESTAMP: np.dtype(np.int64),
    Type.INT: np.dtype(np.int64),
    Type.DURATION: np.dtype(np.int64),
    Type.DOUBLE: np.dtype(np.float64),
    Type.STRING: np.dtype(np.int32),
}


@dataclass(slots=True)
class _Step:
    """One column: where its arrays stand; `made` and `codes` are -1 where it has none.

    spare: an array for the next rows that nobody reads any more, None for none.
    """

    name: str
    dtype: np.dtype[Any]
    given: int
    made: int = -1
    codes: int = -1
    sizes: int = -1
    dictionary: Dictionary | None = None
    spare: np.ndarray | None = None


class Intake:
    """The kernel of one stream and the buffers of its calls.

    Memory: the arrays of the last batch. `recycle` lets the next batch have them.

    Args:
        spec: the stream.
        targets: the columns to read.
        tier: "llvm" compiles at once, "auto" in the background; in "python" nothing is ever read here.
        compiler: for "auto".
    """

    def __init__(
        self,
        spec: StreamSpec,
        targets: Sequence[ColumnSpec],
        tier: str,
        compiler: BackgroundCompiler | None,
    ) -> None:
        self._spec = spec
        self._targets = targets
        self._arrays = [Array("ctl", "i64", Role.CONTROL)]
        self._uses: set[str] = set()
        self._lines: list[str] = []
        self._steps: list[_Step] = []
        self._bound: Bound | None = None
        self._box: CompileBox | None = None
        self._last: Decoded | None = None
        fits = TS_UNITS[spec.ts_unit][1] == 1 and {t.type for t in targets} <= _DTYPES.keys()
        if not fits or tier == "python":
            return
        for target in targets:
            self._steps.append(self._column(target))
        kernel = self._kernel()
        self._box = None if compiler is None else compiler.submit(kernel)
        if tier == "llvm":
            self._use(load(kernel, tier="llvm"))

    # ------------------------------------------------------------ the kernel

    def _array(self, name: str, dtype: Dtype) -> int:
        self._arrays.append(Array(name, dtype, Role.INPUT))
        return len(self._arrays) - 1

    def _column(self, target: ColumnSpec) -> _Step:
        """Write the lines of a column and return what a call needs for it."""
        k = len(self._steps)
        time = target.name == self._spec.time_column
        not_null = target.not_null or time
        wide: Dtype = target.type.kernel_dtype  # type: ignore[assignment]
        step = _Step(target.name, _DTYPES[target.type], self._array(f"given_{k}", wide))
        self._lines.append(f"# {target.name}")
        match target.type:
            case Type.TIMESTAMP:
                step.made = self._array(f"made_{k}", wide)
                scale = TS_UNITS[self._spec.ts_unit][0]
                call = f"scale_times(given_{k}, made_{k}, n, {scale}, {MAX_I64 // scale})"
                self._lines += [f"found = {call}", "odd = odd | (found & 1)"]
                if time:
                    self._lines.append(f"ctl[{FALLS}] = found & 2")
            case Type.STRING:
                step.made = self._array(f"made_{k}", wide)
                step.codes = self._array(f"codes_{k}", wide)
                step.sizes = SIZES + 2 * k
                size, first = f"ctl[{step.sizes}]", f"ctl[{step.sizes + 1}]"
                call = f"map_codes(given_{k}, made_{k}, n, {size}, {first}, codes_{k})"
                self._lines.append(f"odd = odd | ({call} & {3 if not_null else 1})")
            case Type.DOUBLE:
                call = f"has_infinity{'_or_null' if not_null else ''}(given_{k}, n)"
                self._lines.append(f"odd = odd | {call}")
            case _ if not_null:
                call = f"has_null_i64(given_{k}, n)"
                self._lines.append(f"odd = odd | {call}")
            case _:
                return step
        self._uses.add(call.partition("(")[0])
        return step

    def _kernel(self) -> KernelSpec:
        uses = f"from cep.kernellib.intake import {', '.join(sorted(self._uses))}\n\n\n"
        parameters = "".join(f'    {a.name}: "{a.dtype}[n]",\n' for a in self._arrays)
        lines = ["n = ctl[0]", "odd = 0", *self._lines, f"ctl[{ODD}] = odd", "return 0"]
        body = "".join(f"    {line}\n" for line in lines)
        head = uses if self._uses else ""
        source = f"{head}def intake(\n{parameters}) -> int:\n{body}"
        return KernelSpec("intake", source, tuple(self._arrays))

    def _use(self, loaded: LoadedKernel) -> None:
        self._ctl = np.zeros(SIZES + 2 * len(self._steps), np.int64)
        dtypes = {"i64": np.int64, "i32": np.int32, "f64": np.float64}
        empty = [np.zeros(1, dtypes[a.dtype]) for a in self._arrays[1:]]
        self._bound = loaded.bind([self._ctl, *empty])
        for step in self._steps:
            step.dictionary = None

    def _ready(self) -> Bound | None:
        """Return the kernel if it is there by now."""
        box = self._box
        if box is not None and box.done:
            self._box = None
            if box.loaded is not None:
                self._use(box.loaded)
        return self._bound

    # ------------------------------------------------------------ a call

    def read(
        self, table: Mapping[str, Any], dictionary_of: Callable[[str, Sequence[str]], Dictionary]
    ) -> Decoded | None:
        """Return the rows of a table whose columns are plain, None if the general way must be gone.

        dictionary_of: the mapping into the string table of a named column's list of values.
        """
        bound = self._bound or self._ready()
        if bound is None:
            return None
        ctl = self._ctl
        shape: tuple[int, ...] | None = None
        columns: dict[str, np.ndarray] = {}
        for step in self._steps:
            given = table.get(step.name)
            if step.codes >= 0:
                if type(given) is not Coded:
                    return None
                given = self._codes(step, given, dictionary_of, bound)
            if type(given) is not np.ndarray:
                return None
            if given.shape != shape:
                if shape is not None or not given.size:
                    return None
                shape = given.shape
            try:
                bound.update(step.given, given)
            except (TypeError, ValueError):  # of another dtype, not contiguous, of two dimensions
                return None
            if step.made >= 0:
                given = self._room(step, shape, bound)
            columns[step.name] = given
        if shape is None:
            return None
        ctl[N_ROWS] = shape[0]
        bound.call_small()
        if ctl[ODD]:
            return None
        in_order = self._spec.time_column is not None and not ctl[FALLS]
        decoded = self._last = Decoded(columns, shape[0], in_order=in_order)
        return decoded

    @staticmethod
    def _room(step: _Step, shape: tuple[int, ...] | None, bound: Bound) -> np.ndarray:
        """Return the array for what is made of a column."""
        made = step.spare
        if made is None or made.shape != shape:
            made = np.empty(shape or 0, step.dtype)
            bound.update(step.made, made)
        step.spare = None
        return made

    def recycle(self, decoded: Decoded) -> None:
        """Take back the columns of the last result: the next one may be written over them."""
        if decoded is self._last:
            for step in self._steps:
                if step.made >= 0:
                    step.spare = decoded.columns[step.name]

    def _codes(
        self,
        step: _Step,
        given: Coded,
        dictionary_of: Callable[[str, Sequence[str]], Dictionary],
        bound: Bound,
    ) -> Any:
        """Return the codes of a column, whose dictionary the kernel then has."""
        known = step.dictionary
        if known is None or not known.holds(given.values):
            known = step.dictionary = dictionary_of(step.name, given.values)
            bound.update(step.codes, known.codes)
            self._ctl[step.sizes] = known.size
            self._ctl[step.sizes + 1] = known.first
        return given.codes
