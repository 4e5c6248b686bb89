"""Part of the kernel of a group window: DISTINCT, ORDER BY and LIMIT over the groups picked at one end.

The slots in `picked` are sorted by one key after the other, the last one first; the sort is stable, so that groups with equal
keys stay in the order of their first rows. For DISTINCT every key splits the classes of equal groups (`window_class`) further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.codegen import forms
from cep.codegen.texts import null_test
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.codegen.layout import Layout
    from cep.codegen.scope import Value
    from cep.codegen.window.scope import OutputScope
    from cep.codegen.writer import Writer
    from cep.plan.expressions import Expr
    from cep.plan.nodes import GroupWindow


class Ordering:
    """Writes what the three clauses do to `picked` and `n_picked`.

    scope: makes the scope of the output row of the group in a slot. first: the array of the places of their first rows.
    """

    def __init__(
        self,
        node: GroupWindow,
        layout: Layout,
        pool: str,
        scope: Callable[[str], OutputScope],
        *,
        first: str = "window_first",
    ) -> None:
        self.node = node
        self.scope = scope
        self.first = first
        self.pool = pool
        self.layout = layout

    def write(self, writer: Writer) -> None:
        """Write all three; the groups stand in the order of their first rows before."""
        if self.node.distinct:
            self._distinct(writer)
        for key in reversed(self.node.order):
            self._sort_by(writer, key.value, descending=key.descending)
            self._nulls(writer, key.value, first=key.nulls_first)
        if self.node.limit is not None:
            writer.line(f"n_picked = min_i64(n_picked, {self.node.limit})")

    # ------------------------------------------------------------------ ORDER BY

    def _sort_by(self, writer: Writer, value: Expr, *, descending: bool) -> None:
        def text(found: Value) -> str:
            rank = _rank_text(found, self.layout)
            return f"-1 - ({rank})" if descending else rank

        self._rank(writer, text, value)
        self._sort(writer, self._ranks())

    def _nulls(self, writer: Writer, value: Expr, *, first: bool) -> None:
        """Write the sorting of NULLs behind (or before) all others, which keep their order."""
        null, other = (0, 1) if first else (1, 0)
        self._rank(writer, lambda v: f"({null} if {null_test(v)} else {other})", value)
        self._sort(writer, self._ranks())

    def _rank(self, writer: Writer, text: Callable[[Value], str], value: Expr) -> None:
        """Write `window_rank` of every picked group: the text of its value."""
        with writer.block("for place in range(n_picked):"):
            writer.line("g = picked[place]")
            scope = self.scope("g")
            found = forms.atom(forms.settled(value, scope), scope)
            writer.line(f"{self._ranks()}[g] = {text(found)}")

    def _ranks(self) -> str:
        return self.layout.state("window_rank", "i64", self.pool)

    def _sort(self, writer: Writer, ranks: str) -> None:
        sort = self.layout.use("ordering", "sort_slots")
        writer.line(f"{sort}(picked, spare, {ranks}, n_picked)")

    # ------------------------------------------------------------------ DISTINCT

    def _distinct(self, writer: Writer) -> None:
        """Write the keeping of the first of all groups whose selected values are equal."""
        classes = self.layout.state("window_class", "i64", self.pool)
        with writer.block("for place in range(n_picked):"):
            writer.line(f"{classes}[picked[place]] = 0")
        for value in self.node.distinct:
            self._sort_by(writer, value, descending=False)
            self._split(writer, classes)
            self._nulls(writer, value, first=False)
            self._split(writer, classes)
        writer.lines("kept = 0", "before = -1")
        with writer.block("for place in range(n_picked):"):
            writer.line("g = picked[place]")
            with writer.block(f"if {classes}[g] != before:"):
                writer.lines(f"before = {classes}[g]", "picked[kept] = g", "kept += 1")
        writer.line("n_picked = kept")
        self._sort(writer, self.first)

    def _split(self, writer: Writer, classes: str) -> None:
        """Write the splitting of classes by the ranks, by which the groups are sorted."""
        self._sort(writer, classes)
        writer.lines("kind = -1", "old_class = -1", "old_rank = 0")
        with writer.block("for place in range(n_picked):"):
            writer.line("g = picked[place]")
            with writer.block(f"if {classes}[g] != old_class or {self._ranks()}[g] != old_rank:"):
                writer.line("kind += 1")
            writer.lines(f"old_class = {classes}[g]", f"old_rank = {self._ranks()}[g]")
            writer.line(f"{classes}[g] = kind")


def _rank_text(value: Value, layout: Layout) -> str:
    """Return an int in the order of the values; what it is for NULL does not matter, if it is one and the same."""
    match value.type:
        case Type.STRING:
            return f"({layout.ranks()}[{value.text}] if {value.text} >= 0 else -1)"
        case Type.DOUBLE:
            # The bits of a double, taken as an int, rise with it from 0.0 on and fall below.
            bits = f"bits_of_f64({value.text} + 0.0)"
            return f"(0 if isnan({value.text}) else ({bits} if {bits} >= 0 else {bits} ^ MAX_I64))"
        case _:
            return f"int({value.text})" if value.type is Type.BOOLEAN else value.text
