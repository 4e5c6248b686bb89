"""Part of the kernel of a MATCH whose runs share their events: the columns of events that are bound long after they came.

An event keeps the cells of its row that binding it reads: for every such input array `in_x` there is `kept_in_x` (pool "runs").
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cep.codegen.match.scope import MatchScope
from cep.codegen.scope import Value
from cep.plan.expressions import EVENT, Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Hosted
    from cep.codegen.writer import Writer
    from cep.plan.nodes import Match


class PastScope(MatchScope):
    """Leaves of conditions and measures; within `binding` the candidate is the kept event `r`.

    kept: the input arrays of which events keep a cell, each with the number of its input.
    """

    def __init__(self, node: Match, layout: Layout, writer: Writer, row: str) -> None:
        super().__init__(node, layout, writer, row)
        self.kept: dict[str, int] = {}
        self._binds = False

    @contextmanager
    def binding(self) -> Iterator[None]:
        """Read the columns of the candidate from what event `r` keeps."""
        self.forget()
        self._binds = True
        try:
            yield
        finally:
            self._binds = False

    def computed(self, hosted: Hosted) -> Value:
        """Return the cell of a computed input column."""
        value = super().computed(hosted)
        if not self._binds:
            return value
        number = hosted.columns[0].input if hosted.columns else 0
        return Value(self._kept(value.text, self._input_of(number)), hosted.type)

    def _cell(self, column: Column) -> str:
        text = super()._cell(column)
        return self._kept(text, self._input_of(column.input)) if self._binds else text

    def _input_of(self, number: int) -> int:
        if number != EVENT:
            return number
        return self.inputs[self.variable] if self.variable is not None else 0

    def _kept(self, text: str, number: int) -> str:
        """Return where event `r` keeps a cell `array[row]`."""
        array = text.partition("[")[0]
        self.kept[array] = number
        dtype = next(a.dtype for a in self.layout.arrays() if a.name == array)
        return f"{self.layout.state(f'kept_{array}', dtype, 'runs')}[r]"
