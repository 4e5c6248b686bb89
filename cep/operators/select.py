"""SELECT: stateless filter and projection; large batches run in numpy, small ones in the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import EventBatch
from cep.functions import vector
from cep.operators.kernel_operator import KernelOperator

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.graph.graph import OperatorSpec
    from cep.kernel import BackgroundCompiler
    from cep.operators.base import Merged
    from cep.strings import StringTable

VECTOR_ROWS = 128  # below this a kernel call beats the fixed cost of numpy calls


class SelectOperator(KernelOperator):
    """A kernel without state, with an equivalent numpy form for large batches where there is one."""

    def __init__(
        self,
        spec: OperatorSpec,
        strings: StringTable,
        *,
        tier: str,
        compiler: BackgroundCompiler | None = None,
    ) -> None:
        super().__init__(spec, strings, tier=tier, compiler=compiler)
        self._vector: Callable[..., Any] | None = None
        if spec.numpy_source is not None:
            room: dict[str, Any] = {n: getattr(vector, n) for n in vector.__all__}
            exec(spec.numpy_source, room)
            self._vector = room["select"]

    def process(self, merged: Merged, clock: int, *, flush: bool = False) -> EventBatch | None:
        """Return the rows that pass, projected; None for none."""
        if not len(merged):
            return None
        if self._vector is None or len(merged) < VECTOR_ROWS:
            return super().process(merged, clock, flush=flush)
        arrays = {name: read(merged) for _, name, read in self._inputs}
        if self._tables:
            self._extend_tables(merged)
        tables = {a.name: self._arrays[place] for place, a in self._tables}
        with np.errstate(all="ignore"):
            errors, rows, output = self._vector(arrays, tables, np)
        self.errors += int(errors)
        if rows is not None and not len(rows):
            return None
        if rows is None:
            # Columns that are passed on belong to whoever sent them and may be written to again.
            output = {name: column.copy() for name, column in output.items()}
        extra = {n: output.pop(n) for n in self.spec.hidden}
        return EventBatch(
            self.spec.output,
            output,
            merged.ts.copy() if rows is None else merged.ts[rows],
            np.empty(0, np.int64),
            None,
            np.arange(len(merged)) if rows is None else rows,
            extra,
        )

    def due(self, clock: int) -> bool:
        """Nothing ever fires by itself."""
        del clock
        return False
