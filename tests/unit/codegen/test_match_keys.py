"""Partition keys of MATCH kernels: types, several keys, none, NULLs; captured strings; recycling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cep.codegen.match.kernel import match_kernel
from cep.plan.expressions import EVENT, Aggregate, Bound, Column, Literal
from cep.plan.nodes import Scan
from cep.schema import ColumnSpec, Schema
from cep.types import Type
from tests.unit.codegen.match_host import Host
from tests.unit.codegen.match_rules import aggregate, call, match, number, sequence, step, v

TIERS = pytest.mark.parametrize("tier", ["python", "llvm"])


def rule(kind: Type, keys: tuple[str, ...] = ("k",), **more):
    node = match(
        sequence(step("a"), step("b")),
        {"a": call("eq", v(), number(0)), "b": call("eq", v(), number(1))},
        keys=keys,
    )
    schema = Schema((
        ColumnSpec("k", kind),
        ColumnSpec("k2", Type.INT),
        ColumnSpec("v", Type.DOUBLE),
    ))
    return replace(node, inputs=(Scan("s", schema),), **more)


def feed(node, tier: str, *events):
    host = Host(node, match_kernel(node).spec, tier, pool=1)
    rows = [(0, n, {"k": k, "k2": 7, "v": float(value)}) for n, (k, value) in enumerate(events)]
    return host, host.feed(rows)


VALUES = {
    Type.STRING: ("x", "y"),
    Type.INT: (10**12, -3),
    Type.DOUBLE: (0.5, -0.25),
    Type.BOOLEAN: (True, False),
    Type.TIMESTAMP: (1, 2),
}


@TIERS
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("keys", [("k",), ("k", "k2")])
def test_key_types(kind, keys, tier):
    x, y = VALUES[kind]
    host, out = feed(rule(kind, keys), tier, (x, 0), (y, 1), (y, 0), (x, 1), (None, 0), (y, 1))
    assert [(o["k"], o["start"], o["end"]) for o in out] == [(x, 0, 3), (y, 2, 5)]
    assert host.register("null_keys") == 1
    assert host.register("keys_live") == 0


@TIERS
def test_no_partition(tier):
    _, out = feed(rule(Type.STRING, ()), tier, ("x", 0), (None, 1), ("y", 1))
    assert [(o["start"], o["end"]) for o in out] == [(0, 1)]


@TIERS
@pytest.mark.parametrize("kind", VALUES)
def test_null_is_a_key_where_asked(kind, tier):
    x, _ = VALUES[kind]
    node = rule(kind, group_null_keys=True)
    _, out = feed(node, tier, (None, 0), (x, 1), (None, 1))
    assert [(o["k"], o["end"]) for o in out] == [(None, 2)]


def test_minus_zero_is_zero():
    _, out = feed(rule(Type.DOUBLE), "python", (0.0, 0), (-0.0, 1))
    assert len(out) == 1


def test_slots_and_runs_are_recycled():
    node = rule(Type.INT)
    events = [(n // 2, n % 2) for n in range(2000)]
    host, out = feed(node, "python", *events)
    assert len(out) == 1000
    assert host.capacity == [1024, 1, 4, 1] or max(host.capacity[1:]) <= 4
    assert host.register("runs_used") == 1


@TIERS
def test_captured_strings_are_compared(tier):
    sensor = Column(0, "k", Type.STRING)
    node = match(
        sequence(step("a"), step("b")),
        {
            "a": call("eq", v(), number(0)),
            "b": call("ne", sensor, Bound("a", "k", Type.STRING)),
        },
        keys=("k2",),
        measures={"first": Bound("a", "k", Type.STRING), "other": Bound("b", "k", Type.STRING)},
    )
    _, out = feed(node, tier, ("x", 0), ("x", 1), (None, 1), ("y", 1))
    assert [(o["first"], o["other"]) for o in out] == [("x", "y")]


@TIERS
def test_cap_of_runs_drops_the_oldest(tier):
    host, out = feed(rule(Type.STRING, max_runs=2, skip="none"), tier, *[("x", 0)] * 3, ("x", 1))
    assert [o["start"] for o in out] == [1, 2]
    assert host.register("runs_dropped") == 1


@TIERS
def test_aggregates_of_strings(tier):
    names = Column(EVENT, "k", Type.STRING)
    node = match(
        sequence(step("a", 1, None), step("b")),
        {"a": call("eq", v(), number(0)), "b": call("eq", v(), number(1))},
        keys=("k2",),
        measures={
            "top": Aggregate("max", (names,), Type.STRING, variables=("a", "b")),
            "low": Aggregate("min", (names,), Type.STRING, variables=("a",)),
            "kinds": Aggregate("count", (names,), Type.INT, distinct=True, variables=("a",)),
            "named": Aggregate("count", (names,), Type.INT, variables=("a", "b")),
        },
    )
    _, out = feed(node, tier, ("m", 0), ("z", 0), (None, 0), ("c", 0), ("m", 0), ("x", 1))
    (row,) = out
    assert (row["top"], row["low"], row["kinds"], row["named"]) == ("z", "c", 3, 5)


def test_conditions_read_only_events_of_their_own_stream():
    """A condition with temporaries on stream 1 is not evaluated for a row of stream 0."""
    two = Literal(2, Type.INT)
    kinds = aggregate("count_v", "b", distinct=True, candidate=True)
    node = match(
        sequence(step("a", 0, 1), step("b")),
        {
            "a": call("le", aggregate("count_v", "a", candidate=True), two),
            "b": call("le", kinds, two),
        },
        streams={"a": 1, "b": 0},
        n_streams=2,
    )
    host = Host(node, match_kernel(node).spec)
    assert [o["T"] for o in host.feed([(0, 3, {"k": "x", "v": 0.0})])] == [3]
