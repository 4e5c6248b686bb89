"""SUPPRESS and LIMIT against a few lines of Python, over random batch splits, keys and tiers."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from expressions import batch_of
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.codegen.throttle import throttle_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.operators.base import Merged
from cep.operators.kernel_operator import KernelOperator
from cep.operators.tables import values_of
from cep.plan.expressions import Column
from cep.plan.nodes import Limit, Scan, Suppress
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import MAX_I64, Type

SCHEMA = Schema((
    ColumnSpec("ts", Type.TIMESTAMP, not_null=True),
    ColumnSpec("room", Type.STRING),
    ColumnSpec("level", Type.DOUBLE),
))
COUNTED = Schema((*SCHEMA.columns, ColumnSpec("suppressed", Type.INT)))
KEYS = {
    "one string": ("room",),
    "double": ("level",),
    "two columns": ("room", "level"),
    "none": (),
}
Row = tuple[int, Any, Any]


def naive_suppress(rows: list[Row], keys: tuple[str, ...], length: int) -> list[Any]:
    entries: dict[Any, list[int]] = {}
    out = []
    for row in rows:
        values = dict(zip(SCHEMA.names(), row, strict=True))
        key, now = tuple(values[k] for k in keys), row[0]
        entry = entries.get(key)
        if entry is not None and now > entry[0] + 2 * length:
            entry = None
        if entry is not None and now - entry[0] < length:
            entry[1] += 1
            continue
        out.append((*row, entry[1] if entry is not None else 0))
        entries[key] = [now, 0]
    return out


def naive_limit(rows: list[Row], keys: tuple[str, ...], length: int, most: int) -> list[Any]:
    entries: dict[Any, list[int]] = {}
    out = []
    for row in rows:
        values = dict(zip(SCHEMA.names(), row, strict=True))
        key, now = tuple(values[k] for k in keys), row[0]
        entry = entries.get(key)
        if entry is None or now >= entry[0] + length:
            entry = entries[key] = [now, 0]
        if entry[1] < most:
            entry[1] += 1
            out.append(row)
    return out


def run(node: Suppress | Limit, rows: list[Row], cuts: list[int], tier: str) -> list[Any]:
    kernel = throttle_kernel(node, "rule", ())
    kind = OperatorKind.SUPPRESS if isinstance(node, Suppress) else OperatorKind.LIMIT
    strings = StringTable()
    operator = KernelOperator(OperatorSpec(kind, kernel, node.schema), strings, tier=tier)
    out: list[Any] = []
    edges = sorted({0, len(rows), *(c % (len(rows) + 1) for c in cuts)})
    for low, high in itertools.pairwise(edges):
        part = rows[low:high]
        batch = batch_of(SCHEMA, part, strings)
        batch.ts = batch.columns["ts"]
        done = operator.process(Merged((batch,), batch.ts), part[-1][0])
        operator.check()
        if done is not None:
            lists = [values_of(done.columns[c.name], c.type, strings) for c in node.schema.columns]
            out += zip(*lists, strict=True)
    operator.process(Merged((batch_of(SCHEMA, [], strings),), batch.ts[:0]), MAX_I64)
    assert operator.registers()["keys_live"] == 0
    return out


ROWS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from([None, "a", "b", "c"]),
        st.sampled_from([None, 0.0, -0.0, 1.5]),
    ),
    min_size=1,
    max_size=60,
).map(lambda rows: [(sum(r[0] for r in rows[: i + 1]), *r[1:]) for i, r in enumerate(rows)])


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("tier", ["python", "llvm"])
@settings(max_examples=30)
@given(ROWS, st.lists(st.integers(0, 60), max_size=5), st.integers(1, 12))
def test_against_model(
    tier: str, keys: tuple[str, ...], rows: list[Row], cuts: list[int], length: int
) -> None:
    length = length % 3 * 4 + 3  # few lengths: each is a kernel of its own
    kinds = {c.name: c.type for c in SCHEMA.columns}
    exprs = tuple(Column(0, k, kinds[k]) for k in keys)
    scan = Scan("s", SCHEMA)
    suppress = Suppress(scan, exprs, length, COUNTED)
    assert run(suppress, rows, cuts, tier) == naive_suppress(rows, keys, length)
    limit = Limit(scan, exprs, 2, length, SCHEMA)
    assert run(limit, rows, cuts, tier) == naive_limit(rows, keys, length, 2)


def test_many_keys_grow_the_index() -> None:
    node = Suppress(Scan("s", SCHEMA), (Column(0, "level", Type.DOUBLE),), 1_000_000, COUNTED)
    rows = [(i, "x", float(i % 1500)) for i in range(4000)]
    out = run(node, rows, [700, 701, 2900], "python")
    assert [r[2] for r in out] == [float(i) for i in range(1500)]
