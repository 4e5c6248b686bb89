"""Window kernels against brute force: random windows, keys, aggregates and ugly rows, in both tiers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.codegen.window.kernel import window_kernel
from cep.plan.expressions import Aggregate, Call, Column, Literal
from cep.plan.nodes import GroupWindow, Item, Scan, WindowSize
from cep.schema import ColumnSpec, Schema
from cep.types import Type
from tests.unit.codegen import frame_naive
from tests.unit.codegen.kernel_host import Host

END = 2**63 - 1
TYPES = {
    "k": Type.STRING,
    "g": Type.INT,
    "d": Type.DOUBLE,
    "x": Type.DOUBLE,
    "i": Type.INT,
    "s": Type.STRING,
    "b": Type.BOOLEAN,
}
SCHEMA = Schema(tuple(ColumnSpec(name, kind) for name, kind in TYPES.items()))
NUMERIC = ("sum", "avg", "min", "max", "stddev", "variance", "delta", "deriv", "slope")
COUNTERS = ("increase", "rate", "resets")


def column(name: str) -> Column:
    return Column(0, name, TYPES[name])


def call(name: str, source: str | None = None, *, distinct: bool = False) -> Aggregate:
    """Return an aggregate with the type the contract gives it."""
    from cep.aggregates import AGGREGATES

    args = (column(source),) if source else ()
    kind = AGGREGATES[name].resolve(tuple(a.type for a in args), "window")
    assert kind is not None
    return Aggregate(name, args, kind, distinct)


def filtered(aggregate: Aggregate) -> Aggregate:
    """Return the aggregate with FILTER (WHERE i > 0)."""
    keep = Call("gt", (column("i"), Literal(0, Type.INT)), Type.BOOLEAN)
    return replace(aggregate, filter=keep)


def samples_of(aggregate: Aggregate, rows: list[dict[str, Any]]) -> list[tuple[int, Any]]:
    """Return (T, value of the argument) of the rows that count for an aggregate."""
    source = aggregate.args[0].name if aggregate.args else None
    kept = [r for r in rows if aggregate.filter is None or (r["i"] is not None and r["i"] > 0)]
    return [(r["T"], r[source] if source else 1) for r in kept]


AGGREGATES = (
    call("count"),
    *(call("count", c, distinct=d) for c in ("x", "s", "i") for d in (False, True)),
    *(call(name, c) for name in (*NUMERIC, *COUNTERS) for c in ("x", "i")),
    *(call(name, "s") for name in ("min", "max")),
    *(call(name, c) for name in ("first", "last") for c in ("x", "i", "s", "b")),
    filtered(call("count")),
    *(filtered(call(name, "x")) for name in ("sum", "increase", "last")),
    filtered(call("count", "s", distinct=True)),
)

DOUBLES = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.25, 7.0, 1e300, -1e300, 1e-300]),
    st.floats(-1000, 1000, width=32),
)
INTS = st.one_of(st.none(), st.integers(-5, 5), st.sampled_from([2**62, -(2**62), 2**63 - 1]))


@dataclass(frozen=True)
class Case:
    node: GroupWindow
    rows: list[dict[str, Any]]


@st.composite
def rows_of(draw: Any) -> list[dict[str, Any]]:
    """Return rows in order; some are made by deadlines (phase 3), at the end of their instants."""
    steps = draw(st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, 7, 25]), max_size=25))
    t = draw(st.integers(-10, 10))
    rows = []
    for step in steps:
        t += step
        rows.append({
            "T": t * 500_000,
            "k": draw(st.sampled_from(["a", "b", "c", None])),
            "g": draw(st.sampled_from([1, -7, None])),
            "d": draw(st.sampled_from([0.0, -0.0, 2.5, None])),
            "x": draw(DOUBLES),
            "i": draw(INTS),
            "s": draw(st.sampled_from(["p", "q", "", None])),
            "b": draw(st.sampled_from([0, 1, None])),
        })
    late = draw(st.sampled_from([0, 0, 1, 3]))
    for row in rows:
        row["phase"] = draw(st.sampled_from([1] * 4 + [3] * late))
        row["T"] -= late > 0  # so that instants are the last ones of windows
    return sorted(rows, key=lambda r: (r["T"], r["phase"]))


@st.composite
def cases(draw: Any) -> Case:
    keys = draw(st.sampled_from([(), ("k",), ("g",), ("d",), ("k", "g"), ("k", "d", "g")]))
    chosen = draw(st.lists(st.sampled_from(AGGREGATES), min_size=1, max_size=4, unique=True))
    window = draw(
        st.sampled_from([
            (2, 2, 0),
            (6, 2, 0),
            (6, 2, 1),
            (5, 2, 0),
            (3, 5, 1),
            (5, 3, 2),
            (1, 1, 0),
            (40, 1, 0),
        ])
    )
    having = draw(st.booleans())
    columns = tuple((f"a{n}", a) for n, a in enumerate(chosen))
    schema = Schema((
        *(ColumnSpec(k, TYPES[k]) for k in keys),
        ColumnSpec("window_start", Type.TIMESTAMP, True),
        ColumnSpec("window_end", Type.TIMESTAMP, True),
        *(ColumnSpec(name, a.type) for name, a in columns),
        ColumnSpec("rows", Type.INT),
    ))
    node = GroupWindow(
        Scan("s", SCHEMA),
        tuple(Item(k, column(k)) for k in keys),
        WindowSize(*(w * 500_000 for w in window)),
        (*columns, ("rows", call("count"))),
        schema,
        where=Call("ge", (column("i"), Literal(-3, Type.INT)), Type.BOOLEAN)
        if draw(st.booleans())
        else None,
        having=Call("gt", (Column(0, "rows", Type.INT), Literal(1, Type.INT)), Type.BOOLEAN)
        if having
        else None,
    )
    return Case(node, draw(rows_of()))


def expected(case: Case) -> list[tuple[dict[str, Any], dict[str, list[tuple[int, Any]]]]]:
    """Return the rows the windows must give, and the samples behind each aggregate."""
    node, w = case.node, case.node.window
    rows = [r for r in case.rows if node.where is None or (r["i"] is not None and r["i"] >= -3)]
    if not rows:
        return []
    first = (rows[0]["T"] - w.offset_us - w.size_us) // w.every_us
    last = (rows[-1]["T"] - w.offset_us) // w.every_us
    out = []
    for number in range(first, last + 1):
        start = number * w.every_us + w.offset_us
        inside = [r for r in rows if start <= r["T"] < start + w.size_us]
        again = [r for r in inside if r["phase"] == 3 and r["T"] == start + w.size_us - 1]
        out += _window(node, start, -1, [r for r in inside if r not in again], rows)
        out += _window(node, start, -2, again, rows)
    return out


def _window(
    node: GroupWindow,
    start: int,
    cause: int,
    inside: list[dict[str, Any]],
    rows: list[dict[str, Any]],
) -> list[tuple[dict[str, Any], dict[str, list[tuple[int, Any]]]]]:
    """Return the rows of one closing of a window."""
    w = node.window
    out = []
    for key in dict.fromkeys(_key(node, r) for r in inside):
        members = [r for r in inside if _key(node, r) == key]
        got: dict[str, Any] = {i.name: members[0][i.name] for i in node.keys}
        got |= {"window_start": start, "window_end": start + w.size_us, "cause": cause}
        got["T"] = start + w.size_us - 1
        before = [r for r in rows if _key(node, r) == key and r["T"] < start]
        if cause == -2:  # the baseline is the last sample the window has let go
            gone = start + (w.size_us % w.every_us or w.every_us)
            everything = [r for r in rows if _key(node, r) == key]
            before = [
                r
                for n, r in enumerate(everything)
                if r["T"] < gone and n < everything.index(members[0])
            ]
        behind = {}
        for name, a in node.aggregates:
            samples = samples_of(a, members)
            known = [p for p in samples_of(a, before) if a.args and p[1] is not None]
            kind = a.args[0].type if a.args else None
            got[name] = frame_naive.aggregate(
                a.function, kind, samples, known[-1] if known else None, distinct=a.distinct
            )
            behind[name] = samples + known[-1:]
        if node.having is None or got["rows"] > 1:
            out.append((got, behind))
    return out


def _key(node: GroupWindow, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[i.name] for i in node.keys)


def engine(case: Case, tier: str, batch: int, *, small: bool = True) -> list[dict[str, Any]]:
    host = Host(SCHEMA, window_kernel(case.node, "w"), tier, small=small)
    out = []
    for at in range(0, len(case.rows), batch):
        out += host.feed(case.rows[at : at + batch])
    return out + host.feed([], END)


def check(case: Case, got: list[dict[str, Any]]) -> None:
    wanted = expected(case)
    assert len(got) == len(wanted)
    for row, (want, behind) in zip(got, wanted, strict=True):
        for name, value in want.items():
            a = dict(case.node.aggregates).get(name)
            if a is None:
                assert row[name] == value, name
                continue
            samples = [s for s in behind[name] if s[1] is not None]
            assert frame_naive.close(a.function, row[name], value, samples), (name, a, row, want)


@settings(max_examples=75)
@given(cases())
def test_python_tier_is_brute_force(case: Case) -> None:
    got = engine(case, "python", 1000)
    check(case, got)
    for batch in (1, 3):
        assert repr(engine(case, "python", batch)) == repr(got)


@settings(max_examples=4)
@given(cases())
def test_llvm_tier_gives_the_same_rows(case: Case) -> None:
    assert repr(engine(case, "llvm", 2)) == repr(engine(case, "python", 1000))


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_a_value_that_left_the_window_leaves_nothing(tier: str) -> None:
    size = WindowSize(3_000_000, 1_000_000)
    schema = Schema((
        ColumnSpec("window_start", Type.TIMESTAMP, True),
        ColumnSpec("window_end", Type.TIMESTAMP, True),
        ColumnSpec("a0", Type.DOUBLE),
        ColumnSpec("a1", Type.DOUBLE),
    ))
    aggregates = (("a0", call("sum", "x")), ("a1", call("stddev", "x")))
    node = GroupWindow(Scan("s", SCHEMA), (), size, aggregates, schema)
    empty: dict[str, Any] = dict.fromkeys(TYPES)
    values = [0.1, 0.2, 1e300, -1e300, 0.3, 0.4, 0.5, 0.7, 0.9]
    rows = [{**empty, "T": n * 1_000_000, "x": x} for n, x in enumerate(values)]
    clean = [replace_x(row) for row in rows]
    full = engine(Case(node, rows), tier, 1)
    without = engine(Case(node, clean), tier, 1)
    assert full[6:] == without[6:]
    assert full[3]["a1"] is None


def replace_x(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "x": None if abs(row["x"]) > 1e10 else row["x"]}


def test_equal_slots_are_shared() -> None:
    case = GroupWindow(
        Scan("s", SCHEMA),
        (),
        WindowSize(10, 10),
        (("a", call("avg", "x")), ("b", call("sum", "x")), ("c", call("count", "x"))),
        Schema((
            ColumnSpec("a", Type.DOUBLE),
            ColumnSpec("b", Type.DOUBLE),
            ColumnSpec("c", Type.INT),
        )),
    )
    names = [a.name for a in window_kernel(case, "w").arrays if a.name.startswith("pane_")]
    assert names == ["pane_first", "pane_sum_1_value", "pane_count_2_n"]
