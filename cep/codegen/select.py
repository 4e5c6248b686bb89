"""The kernel of a SELECT: rows whose conditions are TRUE, and one value an output column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.codegen import loop
from cep.codegen.conditions import is_true
from cep.codegen.layout import Layout
from cep.codegen.scope import Hosted, RowScope, Value
from cep.codegen.texts import all_of
from cep.codegen.vector import select_vector
from cep.codegen.writer import Writer
from cep.plan.explain_expressions import expression_text
from cep.plan.expressions import Column, Expr, Meta
from cep.plan.tree import walk
from cep.types import Type

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.plan.nodes import Item


@dataclass(frozen=True, slots=True)
class Identity:
    """What `MATCH_ID()` and `incident_id` are made of, besides the hidden origin columns.

    name, version: of the rule or incident. streams: names of its inputs by number. keys: key columns of the
    operator below.
    """

    name: str
    version: str
    streams: tuple[str, ...]
    keys: tuple[Column, ...]

    def host(self) -> Hosted:
        """Return the host form."""
        columns = (
            Column(0, "$origin_stream", Type.INT),
            Column(0, "$origin_seq", Type.INT),
            *self.keys,
        )
        keys = "".join(f", v[{2 + number}]" for number in range(len(self.keys)))
        text = f"f['match_id'](c[0], c[1], c[2][v[0]], v[1]{keys})"
        return Hosted(text, columns, (self.name, self.version, self.streams), Type.STRING)


@dataclass(frozen=True, slots=True)
class Selection:
    """A chain of filters and projections as one: conditions in order, then the output columns."""

    conditions: tuple[Expr, ...]
    items: tuple[Item, ...]
    hidden: tuple[tuple[str, Type], ...] = ()
    identity: Identity | None = None


class SelectScope(RowScope):
    """Columns of the row, its time, and the id of its match."""

    def __init__(self, layout: Layout, writer: Writer, identity: Identity | None) -> None:
        super().__init__(layout, writer, row="row")
        self.identity = identity

    def meta(self, meta: Meta) -> Value:
        """Return T of the row, or the id of its match or incident."""
        if meta.what == "time":
            return Value(f"{self.layout.merge('ts')}[row]", Type.TIMESTAMP, nullable=False)
        if meta.what in ("match_id", "incident_id") and self.identity is not None:
            return self.computed(self.identity.host())
        return super().meta(meta)


def columns_of(exprs: tuple[Expr, ...]) -> tuple[Column, ...]:
    """Return the distinct columns of expressions in order."""
    found = (part for expr in exprs for part in walk(expr))
    return tuple(dict.fromkeys(c for c in found if isinstance(c, Column)))


def select_kernel(selection: Selection, entry: str) -> tuple[KernelSpec, str | None]:
    """Return the kernel of a selection and its numpy form if it has one; all columns are of input 0."""
    layout = Layout(entry)
    body = Writer()
    scope = SelectScope(layout, body, selection.identity)
    time = layout.merge("ts")
    loop.begin(body)
    with loop.rows(body, layout):
        _row(selection, layout, body, scope, time)
    loop.end(body)
    doc = [f"WHERE {expression_text(c)}" for c in selection.conditions]
    vector = select_vector(selection, scope)
    return layout.spec(body, doc=doc), vector


def _row(selection: Selection, layout: Layout, body: Writer, scope: SelectScope, time: str) -> None:
    """Write what is done with one row."""
    condition = all_of([is_true(c, scope) for c in selection.conditions])
    with body.block(f"if {condition}:"):
        for item in selection.items:
            loop.store(layout.output(item.name, item.value.type), item.value, scope)
        for name, kind in selection.hidden:
            loop.store(layout.output(name, kind), Column(0, name, kind), scope)
        body.lines(f"out_ts[n_out] = {time}[row]", "out_cause[n_out] = row", "n_out += 1")
