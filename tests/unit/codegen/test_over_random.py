"""OVER kernels against brute force: random frames, partitions, aggregates and ugly rows, in both tiers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.codegen.over.kernel import over_kernel
from cep.plan.expressions import Call, Column, Literal
from cep.plan.nodes import Frame, Over, Scan
from cep.schema import ColumnSpec, Schema
from cep.types import Type
from tests.unit.codegen import frame_naive
from tests.unit.codegen.kernel_host import Host
from tests.unit.codegen.test_window_random import (
    AGGREGATES,
    SCHEMA,
    TYPES,
    call,
    column,
    rows_of,
    samples_of,
)


@dataclass(frozen=True)
class Case:
    node: Over
    rows: list[dict[str, Any]]


FRAMES = st.builds(
    Frame,
    st.sampled_from([(), ("k",), ("g",), ("d",), ("k", "g")]).map(
        lambda names: tuple(column(n) for n in names)
    ),
    st.sampled_from(["range", "rows"]),
    st.sampled_from([None, 0, 1, 2, 5]),
)


@st.composite
def cases(draw: Any) -> Case:
    frames = tuple(_scaled(f) for f in draw(st.lists(FRAMES, min_size=1, max_size=2)))
    chosen = draw(st.lists(st.sampled_from(AGGREGATES), min_size=1, max_size=4, unique=True))
    columns = tuple(
        (f"a{n}", a, draw(st.integers(0, len(frames) - 1))) for n, a in enumerate(chosen)
    )
    columns = (*columns, ("rows", call("count"), 0))
    schema = Schema((*SCHEMA.columns, *(ColumnSpec(name, a.type) for name, a, _ in columns)))
    where = Call("ge", (column("i"), Literal(-3, Type.INT)), Type.BOOLEAN)
    qualify = Call("gt", (Column(0, "rows", Type.INT), Literal(1, Type.INT)), Type.BOOLEAN)
    node = Over(
        Scan("s", SCHEMA),
        frames,
        columns,
        schema,
        where=where if draw(st.booleans()) else None,
        qualify=qualify if draw(st.booleans()) else None,
    )
    return Case(node, draw(rows_of()))


def _scaled(frame: Frame) -> Frame:
    if frame.kind == "rows" or frame.amount is None:
        return frame
    return replace(frame, amount=frame.amount * 500_000)


def _in_frame(frame: Frame, rows: list[dict[str, Any]]) -> int:
    """Return where the frame of the last of a key's rows begins."""
    if frame.amount is None:
        return 0
    if frame.kind == "rows":
        return max(0, len(rows) - 1 - frame.amount)
    oldest = rows[-1]["T"] - frame.amount
    return next(n for n, row in enumerate(rows) if row["T"] >= oldest)


def expected(case: Case) -> list[tuple[dict[str, Any], dict[str, list[tuple[int, Any]]]]]:
    """Return the rows OVER must give, and the samples behind each aggregate."""
    node = case.node
    out = []
    seen: list[dict[str, Any]] = []
    for row in case.rows:
        if node.where is not None and (row["i"] is None or row["i"] < -3):
            continue
        seen.append(row)
        got: dict[str, Any] = {"T": row["T"]} | {name: row[name] for name in TYPES}
        behind = {}
        for name, a, number in node.aggregates:
            frame = node.frames[number]
            names = [c.name for c in frame.partition]
            mine = [r for r in seen if all(r[n] == row[n] for n in names)]
            start = _in_frame(frame, mine)
            samples = samples_of(a, mine[start:])
            known = [p for p in samples_of(a, mine[:start]) if a.args and p[1] is not None]
            kind = a.args[0].type if a.args else None
            got[name] = frame_naive.aggregate(
                a.function, kind, samples, known[-1] if known else None, distinct=a.distinct
            )
            behind[name] = samples + known[-1:]
        if node.qualify is None or got["rows"] > 1:
            out.append((got, behind))
    return out


def engine(case: Case, tier: str, batch: int) -> list[dict[str, Any]]:
    host = Host(SCHEMA, over_kernel(case.node, "o"), tier)
    out = []
    for at in range(0, len(case.rows), batch):
        part = host.feed(case.rows[at : at + batch])
        for row in part:
            row["cause"] += at
        out += part
    return out


def check(case: Case, got: list[dict[str, Any]]) -> None:
    wanted = expected(case)
    aggregates = {name: a for name, a, _ in case.node.aggregates}
    assert len(got) == len(wanted)
    for row, (want, behind) in zip(got, wanted, strict=True):
        for name, value in want.items():
            a = aggregates.get(name)
            if a is None:
                assert row[name] == value, name
                continue
            samples = [s for s in behind[name] if s[1] is not None]
            assert frame_naive.close(a.function, row[name], value, samples), (name, a, row, want)


@settings(max_examples=150)
@given(cases())
def test_python_tier_is_brute_force(case: Case) -> None:
    got = engine(case, "python", 1000)
    check(case, got)
    for batch in (1, 3):
        assert repr(engine(case, "python", batch)) == repr(got)


@settings(max_examples=6)
@given(cases())
def test_llvm_tier_gives_the_same_rows(case: Case) -> None:
    assert repr(engine(case, "llvm", 2)) == repr(engine(case, "python", 1000))


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_memory_follows_the_rows_in_the_frame(tier: str) -> None:
    frame = Frame((column("g"),), "range", 1000)
    aggregates = (("a0", call("count", "x", distinct=True), 0), ("a1", call("slope", "x"), 0))
    schema = Schema((*SCHEMA.columns, *(ColumnSpec(n, a.type) for n, a, _ in aggregates)))
    host = Host(
        SCHEMA, over_kernel(Over(Scan("s", SCHEMA), (frame,), aggregates, schema), "o"), tier
    )
    empty: dict[str, Any] = dict.fromkeys(TYPES)
    for n in range(300):
        host.feed([{**empty, "T": n * 600, "g": n, "x": float(n)}])
    assert host.register("keys_live") == 2
    assert host.register("next_row") - host.register("oldest_row") == 2
    assert host.register("values_live") == 2
    assert host.register("keys_used") <= 3
