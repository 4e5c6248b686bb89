"""Slots as plain Python: laws of merging, and every formula against exact arithmetic."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cep.kernellib
from cep.aggregates import AGGREGATES
from cep.aggregates.slots import SLOT_KINDS, SlotKind
from cep.kernel.intrinsics import CONSTANTS, INTRINSICS
from cep.types import NULL_I64, Type
from tests.unit.codegen import frame_naive

RANKS = {0: 2, 1: 0, 2: 1}


def _room() -> dict[str, Any]:
    room: dict[str, Any] = {n: i.python for n, i in INTRINSICS.items()} | CONSTANTS
    for name in ("whole", "counters", "regression", "trends"):
        path = Path(cep.kernellib.__path__[0]) / f"{name}.py"
        exec(compile(path.read_text(), str(path), "exec", dont_inherit=True), room)
    room["ranks"] = RANKS
    return room


ROOM = _room()
Slot = dict[str, Any]


def empty(kind: SlotKind) -> Slot:
    return {field.name: field.empty for field in kind.fields}


def _run(lines: list[str], **slots: Slot) -> None:
    names = {f"{p}_{f}": v for p, slot in slots.items() for f, v in slot.items()}
    space = {**ROOM, **names}
    exec("\n".join(lines), space)
    for prefix, slot in slots.items():
        slot.update({f: space[f"{prefix}_{f}"] for f in slot})


def add(kind: SlotKind, slot: Slot, xs: tuple[Any, ...], t: int) -> None:
    _run(kind.add_text({f: f"a_{f}" for f in slot}, tuple(map(repr, xs)), repr(t)), a=slot)


def merge(kind: SlotKind, left: Slot, right: Slot) -> Slot:
    into, later = dict(left), dict(right)
    names = [{f: f"{p}_{f}" for f in left} for p in "ab"]
    _run(kind.merge_text(*names), a=into, b=later)
    return into


def folded(kind: SlotKind, samples: list[tuple[int, Any]]) -> Slot:
    slot = empty(kind)
    for t, x in samples:
        add(kind, slot, x if isinstance(x, tuple) else (x,), t)
    return slot


def same(left: Slot, right: Slot) -> bool:
    return all(
        a == b or (a != a and b != b) or abs(a - b) <= 1e-9 * (1 + abs(a) + abs(b))
        for a, b in zip(left.values(), right.values(), strict=True)
    )


def values(kind: SlotKind) -> Any:
    """Return values a slot takes; pairs for those with two arguments."""
    if kind.name == "pair_moments":
        return st.tuples(of_dtype({"f64"}), of_dtype({"f64"}))
    if kind.name.startswith("arg_"):
        dtypes = {f.name: f.dtype for f in kind.fields}
        return st.tuples(of_dtype({dtypes["value"]}), of_dtype({dtypes["best"]}))
    if kind.name.startswith("decay"):
        weight = 0.25 if kind.name == "decay_step" else 2_000_000
        return st.tuples(of_dtype({"f64"}), st.just(weight))
    dtypes = {f.dtype for f in kind.fields if f.name in {"value", "first", "last", "mean"}}
    return st.integers(0, 1) if kind.name.endswith("flag") else of_dtype(dtypes)


def of_dtype(dtypes: set[str]) -> Any:
    if "i32" in dtypes:
        return st.integers(0, 2)
    if "f64" in dtypes:
        return st.integers(-8, 8).map(lambda n: n * 0.25)
    return st.integers(-9, 9)


MERGED = [k for k in SLOT_KINDS.values() if not k.collects]


@pytest.mark.parametrize("kind", MERGED, ids=lambda k: k.name)
@settings(max_examples=60)
@given(data=st.data())
def test_merging_is_adding_in_order(kind: SlotKind, data: Any) -> None:
    times = sorted(data.draw(st.lists(st.integers(0, 6), max_size=9)))
    samples = [(t * 1_000_000, data.draw(values(kind))) for t in times]
    one = data.draw(st.integers(0, len(samples)))
    two = data.draw(st.integers(one, len(samples)))
    a, b, c = (folded(kind, part) for part in (samples[:one], samples[one:two], samples[two:]))
    whole = folded(kind, samples)
    left = merge(kind, merge(kind, a, b), c)
    right = merge(kind, a, merge(kind, b, c))
    assert seen(kind, left) == pytest.approx(seen(kind, whole), rel=1e-9, abs=1e-12, nan_ok=True)
    assert seen(kind, right) == pytest.approx(seen(kind, whole), rel=1e-9, abs=1e-12, nan_ok=True)


def seen(kind: SlotKind, slot: Slot) -> list[float]:
    """Return the fields that mean something: those before two samples are not compared."""
    unused = {"before"} if slot.get("first_ts") == slot.get("last_ts") else set()
    if kind.name.startswith("regression") and slot["n"] == 0:
        unused = {"mean_t", "mean"}
    if kind.name == "others":
        unused = {"first_ts"}
    if kind.name.startswith("recent"):
        unused = {n for n in ("third", "second", "last") if slot[f"{n}_ts"] == NULL_I64}
    if kind.name.startswith("decay"):
        unused |= {"weight"} | ({"before_ts"} if slot["first_ts"] == slot["last_ts"] else set())
    return [float(v) for f, v in slot.items() if f not in unused]


SAMPLES = st.lists(
    st.tuples(
        st.integers(0, 5).map(lambda t: t * 500_000),
        st.one_of(st.floats(-100, 100, width=32), st.sampled_from([0.0, 1e300])),
    ),
    max_size=8,
).map(lambda samples: sorted(samples, key=lambda s: s[0]))


@pytest.mark.parametrize("name", frame_naive.NAMES)
@settings(max_examples=60)
@given(samples=SAMPLES, before=st.one_of(st.none(), st.floats(0, 50)))
def test_formulas_are_exact_arithmetic(
    name: str, samples: list[tuple[int, float]], before: float | None
) -> None:
    function = AGGREGATES[name]
    formula = function.formula((Type.DOUBLE,))
    slots: dict[str, SimpleNamespace] = {}
    baseline = None if before is None else (-1_000_000, before)
    for use in formula.uses:
        kind = SLOT_KINDS[use.kind]
        source = ([baseline] if baseline else []) if kind.carried else samples
        slots[use.name] = SimpleNamespace(**{f: repr(v) for f, v in folded(kind, source).items()})
    space = {**ROOM, "inf": CONSTANTS["INF"], "nan": CONSTANTS["NAN"]}
    defined = eval(formula.defined.format(**slots), space) if formula.defined else True
    got = eval(formula.value.format(**slots), space) if defined else None
    if got is not None and (got != got or got in {CONSTANTS["INF"], -CONSTANTS["INF"]}):
        got = None
    wanted = frame_naive.aggregate(name, Type.DOUBLE, samples, baseline)
    assert frame_naive.close(name, got, wanted, samples + ([baseline] if baseline else []))


def test_every_aggregate_is_found_and_says_what_it_is() -> None:
    assert set(AGGREGATES) >= {"count", "sum", "avg", "min", "max", "stddev", "first", "last"}
    assert set(AGGREGATES) >= set(frame_naive.NAMES)
    for name, function in AGGREGATES.items():
        assert function.name == name
        assert function.summary


def test_places_and_types() -> None:
    assert AGGREGATES["count"].resolve((), "match") is Type.INT
    assert AGGREGATES["sum"].resolve((), "window") is None
    assert AGGREGATES["sum"].resolve((Type.STRING,), "window") is None
    assert AGGREGATES["sum"].resolve((Type.INT,), "over") is Type.INT
    assert AGGREGATES["avg"].resolve((Type.INT,), "over") is Type.DOUBLE
    assert AGGREGATES["first"].resolve((Type.STRING,), "match") is None
    assert AGGREGATES["rate"].resolve((Type.DOUBLE,), "match") is Type.DOUBLE
    assert AGGREGATES["max"].resolve((Type.TIMESTAMP,), "over") is Type.TIMESTAMP
    assert AGGREGATES["max"].resolve((Type.BOOLEAN,), "over") is None


def test_deriv_per() -> None:
    formula = AGGREGATES["deriv"].formula((Type.DOUBLE,), {"per": 60_000_000})
    assert "60000000.0" in formula.value
