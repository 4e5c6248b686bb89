"""What the tests of operators share: the operators of a rule given as text, batches of Python values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import EventBatch
from cep.compile import compile_rules
from cep.errors import SourceText
from cep.graph.graph import OperatorKind
from cep.operators.base import Merged
from cep.operators.kernel_operator import KernelOperator
from cep.operators.select import SelectOperator
from cep.operators.tables import stored, values_of
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.graph.graph import OperatorSpec
    from cep.kernel import BackgroundCompiler
    from cep.schema import Schema
    from cep.strings import StringTable

STREAM = """
CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, d DOUBLE, WATERMARK FOR ts AS ts);
"""
Row = tuple[Any, ...]


def spec_of(rule: str) -> tuple[Schema, OperatorSpec]:
    """Return the schema of stream s and the first operator with state of a rule over it, else the first one.

    A SELECT before that operator must leave the columns as they are.
    """
    graph = compile_rules([SourceText("rules", STREAM + rule)]).graph
    schema = next(s.schema for s in graph.streams if s.name == "s")
    operators = graph.rules[-1].operators
    with_state = (o for o in operators if o.kind is not OperatorKind.SELECT)
    return schema, next(with_state, operators[0])


def tight(spec: OperatorSpec) -> OperatorSpec:
    """Return an operator whose pools have room for next to nothing, so that all of them grow."""
    small = tuple(
        replace(p, initial=min(p.initial, 8 if p.rehash else 2)) for p in spec.kernel.pools
    )
    return replace(spec, kernel=replace(spec.kernel, pools=small))


def operator_of(
    spec: OperatorSpec,
    strings: StringTable,
    tier: str = "python",
    compiler: BackgroundCompiler | None = None,
) -> KernelOperator:
    """Return a fresh operator."""
    made = SelectOperator if spec.kind is OperatorKind.SELECT else KernelOperator
    return made(spec, strings, tier=tier, compiler=compiler)


def merged_of(schema: Schema, rows: Sequence[Row], strings: StringTable, first: int = 0) -> Merged:
    """Return rows (ts, k, v, d) as the merged input of a rule over s; `first` is the number of the first."""
    columns = {
        c.name: np.array([stored(row[i], c.type, strings) for row in rows], dtype=c.type.dtype)
        for i, c in enumerate(schema.columns)
    }
    batch = EventBatch(schema, columns, columns["ts"].copy(), first)
    return Merged((batch,), batch.ts)


def rows_of(batch: EventBatch | None, strings: StringTable) -> list[Row]:
    """Return what an operator made as (T, cause, values ..) of Python values; none for None."""
    if batch is None:
        return []
    assert batch.cause is not None
    values = [values_of(batch.columns[c.name], c.type, strings) for c in batch.schema.columns]
    hidden = [values_of(column, Type.INT, strings) for column in batch.extra.values()]
    times = batch.ts.tolist()
    return list(zip(times, batch.cause.tolist(), *values, *hidden, strict=True))
