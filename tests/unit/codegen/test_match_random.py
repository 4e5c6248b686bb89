"""Random rules and event sequences: the kernel against the naive interpreter of `match_naive`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cep.codegen.match.kernel import match_kernel
from tests.unit.codegen.match_host import Host
from tests.unit.codegen.match_naive import Bindings, Event, Naive
from tests.unit.codegen.match_rules import (
    absent,
    aggregate,
    between,
    both,
    call,
    first,
    last,
    match,
    sequence,
    step,
    v,
)

NAMES = "abcd"

SLOW_EXAMPLES = 5000 if os.environ.get("CEP_TEST_SIZE") == "full" else 800


@dataclass
class Rule:
    """One random rule: the node for the compiler, and the same as parts for the naive model."""

    parts: list[tuple[Any, ...]]
    edges: list[str]
    ranges: dict[str, tuple[float, float]]
    extras: dict[str, str]
    streams: dict[str, int]
    n_streams: int
    options: dict[str, Any] = field(default_factory=dict)
    plain: bool = (
        False  # measures that need no cell for every event, so that runs can be counted together
    )

    def steps(self) -> list[str]:
        return list(dict.fromkeys(p[1] for p in self.parts if p[0] == "step"))

    def node(self, keys: tuple[str, ...]):
        conditions = {}
        for name, (low, high) in self.ranges.items():
            stream = self.streams[name]
            parts = [between(low, high, stream)]
            if name in self.extras:
                parts.append(self._extra(name, stream))
            conditions[name] = both(*parts)
        measures = {"n": aggregate("count", *self.steps())}
        for name in self.steps():
            measures[f"n_{name}"] = aggregate("count", name)
            measures[f"last_{name}"] = last(name)
            if self.plain:
                continue
            measures[f"before_{name}"] = last(name, 1)
            measures[f"first_{name}"] = first(name, 1)
            measures[f"sum_{name}"] = aggregate("sum", name)
            measures[f"kinds_{name}"] = aggregate("count_v", name, distinct=True)
            measures[f"max_{name}"] = aggregate("max", name)
        made = [
            step(p[1], p[2], p[3]) if p[0] == "step" else absent(p[1], p[2] if len(p) > 2 else None)
            for p in self.parts
        ]
        return match(
            sequence(*made, edges=tuple(self.edges)),
            conditions,
            streams=self.streams,
            n_streams=self.n_streams,
            keys=keys,
            measures=measures,
            **self.options,
        )

    def _extra(self, name: str, stream: int):
        what, other = self.extras[name].split()
        match what:
            case "above":
                return call("gt", v(stream), last(other))
            case "below":
                return call("le", v(stream), last(other))
            case "count":
                return call("le", aggregate("count", name, candidate=True),
                            _int(2))  # fmt: skip
            case "kinds":
                kinds = aggregate("count_v", name, distinct=True, candidate=True)
                return call("le", kinds, _int(2))
            case "mean":
                return call("ge", v(stream), aggregate("avg", other))
            case "rising":
                return call("ge", v(stream), last(name, 1, candidate=True, default=v(stream)))
            case "first":
                return call("ge", v(stream), first(name, 0, candidate=True))
        raise AssertionError(what)

    def condition(self, name: str):
        low, high = self.ranges[name]
        extra = self.extras.get(name)

        def fits(bindings: Bindings, event: Event) -> bool:
            x = event.value
            if x is None or not low <= x <= high:
                return False
            if extra is None:
                return True
            what, other = extra.split()
            values = [e.value for n, e in bindings if n == other]
            own = [e.value for n, e in bindings if n == name]
            match what:
                case "above":
                    return bool(values) and x > values[-1]
                case "below":
                    return bool(values) and x <= values[-1]
                case "count":
                    return len(own) + 1 <= 2
                case "kinds":
                    return len({*own, x}) <= 2
                case "mean":
                    return bool(values) and x >= sum(values) / len(values)
                case "rising":
                    return not own or x >= own[-1]
                case "first":
                    return not own or x >= own[0]
            raise AssertionError(what)

        return fits


def _int(value: int):
    from cep.plan.expressions import Literal
    from cep.types import Type

    return Literal(value, Type.INT)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    n_steps = draw(st.integers(1, 4))
    parts: list[tuple[Any, ...]] = []
    edges: list[str] = []
    names: list[str] = []
    for place in range(n_steps):
        bounds = draw(
            st.sampled_from(
                [(1, 1)] * 5
                + [(1, None), (0, 1), (0, None), (2, 3), (2, None), (2, 2), (1, 2), (0, 2)]
            )
        )
        name = NAMES[place]
        if place and draw(st.integers(0, 9)) == 0:
            name = draw(st.sampled_from(NAMES[:place]))
        if parts:
            edges.append(draw(st.sampled_from(["relaxed", "relaxed", "strict"])))
        parts.append(("step", name, *bounds))
        names.append(name)
        if place < n_steps - 1 and draw(st.integers(0, 3)) == 0:
            edges.append("relaxed")
            parts.append(
                ("not", "n") if draw(st.booleans()) else ("not_for", "n", draw(st.integers(1, 8)))
            )
            edges.append("relaxed")
            parts.append(("step", NAMES[place + 1], 1, 1))
            names.append(NAMES[place + 1])
            break
    if draw(st.integers(0, 4)) == 0:
        parts[0] = ("step", parts[0][1], *draw(st.sampled_from([(1, None), (2, None), (3, None)])))
    if draw(st.integers(0, 3)) == 0 and not any(p[0] != "step" for p in parts):
        edges.append("relaxed")
        parts.append(("not_for", "n", draw(st.integers(1, 8))))
    if all(p[2] == 0 for p in parts if p[0] == "step"):
        parts[0] = ("step", parts[0][1], 1, 1)
    if any(p[0] == "not_for" for p in parts):
        at = next(n for n, p in enumerate(parts) if p[0] == "not_for")
        if all(p[2] == 0 for p in parts[:at]):
            parts[0] = ("step", parts[0][1], 1, parts[0][3])
    every = {*names, *(["n"] if any(p[0] != "step" for p in parts) else [])}
    n_streams = draw(st.sampled_from([1, 1, 2]))
    ranges, extras, streams = draw(conditions(sorted(every), names, n_streams))
    return Rule(
        parts, edges, ranges, extras, streams, n_streams, draw(options(parts)), draw(st.booleans())
    )


@st.composite
def conditions(draw: st.DrawFn, every: list[str], names: list[str], n_streams: int):
    """Ranges, further conditions and streams of variables."""
    ranges, extras, streams = {}, {}, {}
    for name in every:
        low = draw(st.integers(0, 5))
        ranges[name] = (low, low + draw(st.integers(0, 5)))
        streams[name] = draw(st.integers(0, n_streams - 1))
        if draw(st.integers(0, 2)) == 0:
            own = ["count", "kinds", "rising", "first"] if name != "n" else []
            what = draw(st.sampled_from(["above", "below", "mean", *own]))
            others = [o for o in dict.fromkeys(names) if o != name] or ["a"]
            if what in {"above", "below", "mean"} and others == [name]:
                continue
            extras[name] = f"{what} {draw(st.sampled_from(others))}"
    return ranges, extras, streams


@st.composite
def options(draw: st.DrawFn, parts) -> dict[str, Any]:
    """WITHIN, STARTS, SKIP, @max_runs."""
    starts = draw(st.sampled_from(["each", "each", "first", "last"]))
    if starts == "last" and parts[0][3] != 1:
        starts = "each"
    return {
        "within": draw(st.sampled_from([None, 3, 6, 12])),
        "starts": starts,
        "skip": draw(st.sampled_from(["past_last", "past_last", "to_next", "none"])),
        "max_runs": draw(st.sampled_from([None, None, 2, 3])),
    }


@st.composite
def streams_of(draw: st.DrawFn) -> list[tuple[int, int, str | None, float | None]]:
    """Events (stream, ts, key, value) in order."""
    n = draw(st.integers(1, 40))
    keys = draw(st.sampled_from([["x"], ["x", "y"], ["x", "y", None]]))
    ts = 0
    events = []
    for _ in range(n):
        ts += draw(st.sampled_from([0, 0, 1, 1, 2, 5]))
        value = draw(st.sampled_from([*range(10), None]))
        events.append((draw(st.integers(0, 1)), ts, draw(st.sampled_from(keys)), value))
    return events


def expected_rows(rule: Rule, events) -> list[dict[str, Any]]:
    model = Naive(
        rule.parts,
        rule.edges,
        {name: (rule.streams[name], rule.condition(name)) for name in rule.ranges},
        **rule.options,
    )
    for position, (stream, ts, key, value) in enumerate(events):
        model.event(Event(position, ts, stream if rule.n_streams > 1 else 0, key, value))
    model.advance(float("inf"))
    rows = []
    for instant, key, bindings in model.matches:
        row = {"T": instant, "k": key, "start": bindings[0][1].ts, "end": bindings[-1][1].ts}
        row["n"] = len(bindings)
        for name in rule.steps():
            values = [e.value for n, e in bindings if n == name]
            row[f"n_{name}"] = len(values)
            row[f"last_{name}"] = values[-1] if values else None
            if rule.plain:
                continue
            row[f"before_{name}"] = values[-2] if len(values) > 1 else None
            row[f"first_{name}"] = values[1] if len(values) > 1 else None
            row[f"sum_{name}"] = float(sum(values)) if values else None
            row[f"kinds_{name}"] = len(set(values))
            row[f"max_{name}"] = max(values) if values else None
        rows.append(row)
    return rows


def kernel_rows(rule: Rule, events, tier: str, batch: int, keys=("k",), pool=None):
    node = rule.node(keys)
    host = Host(node, match_kernel(node).spec, tier, pool)
    rows = []
    fed = [
        (stream if rule.n_streams > 1 else 0, ts,
         {"k": key, "k2": None if key is None else ord(key), "v": value})
        for stream, ts, key, value in events
    ]  # fmt: skip
    for start in range(0, len(fed), batch):
        rows += host.feed(fed[start : start + batch])
    rows += host.feed([], clock=2**63 - 1)
    return rows


def compare(rule: Rule, events, rows) -> None:
    wanted = expected_rows(rule, events)
    got = [{name: row[name] for name in wanted[0]} for row in rows] if wanted else rows
    assert got == wanted


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules(), streams_of(), st.sampled_from([1, 3, 100]), st.booleans())
def test_python_tier_against_the_naive_interpreter(rule, events, batch, two_keys):
    keys = ("k", "k2") if two_keys else ("k",)
    compare(rule, events, kernel_rows(rule, events, "python", batch, keys, pool=1))


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules(), streams_of())
def test_llvm_tier_gives_the_same_rows(rule, events):
    rows = kernel_rows(rule, events, "llvm", 7, pool=1)
    assert rows == kernel_rows(rule, events, "python", 7, pool=1)


@pytest.mark.slow
@settings(max_examples=SLOW_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules(), streams_of(), st.sampled_from([1, 3, 100]))
def test_many_random_rules(rule, events, batch):
    compare(rule, events, kernel_rows(rule, events, "python", batch, pool=1))
