"""Engine against model on one pair: what differs, and the smallest input that still differs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.harness.engine_adapter import run_engine
from tests.oracle.strategies import Pair, without_row
from tests.oracle.values import Identity
from tests.oracle.world import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
REL = 1e-9


def differences(
    pair: Pair, *, expected: dict[str, list[Row]] | None = None, **mode: Any
) -> list[str]:
    """Return what differs between engine and model, one line an output stream; expected: the model's rows."""
    if expected is None:
        expected = evaluate(pair.rules, pair.arrivals)
    got = run_engine(pair.rules, list(pair.arrivals), **mode)
    found = []
    names: dict[Any, Any] = {}
    for stream, rows in expected.items():
        there = got.get(stream, [])
        same = len(rows) == len(there) and all(
            same_row(mine, other, names) for mine, other in zip(rows, there, strict=True)
        )
        if not same:
            lines = "\n    ".join(map(str, rows))
            others = "\n    ".join(map(str, there))
            found.append(f"stream {stream}\n  model:\n    {lines}\n  engine:\n    {others}")
    return found


def same_row(mine: Row, other: Row, names: dict[Any, Any]) -> bool:
    """Whether a row of the model and one of the engine agree; `names` pairs their ids."""
    return mine.keys() == other.keys() and all(same_value(mine[n], other[n], names) for n in mine)


def same_value(mine: Any, other: Any, names: dict[Any, Any]) -> bool:
    """Whether two values agree: ids one to one, DOUBLEs within a relative 1e-9."""
    if mine is None or other is None:
        return mine is other
    if isinstance(mine, Identity):
        new = mine not in names and other not in names.values()
        return bool(names.setdefault(mine, other) == other) if new else names.get(mine) == other
    if isinstance(mine, (bool, str)):
        return mine == other and type(mine) is type(other)
    if isinstance(mine, list | dict | bytes):
        return bool(mine == other)
    if isinstance(mine, int) and isinstance(other, int):
        return mine == other
    return abs(mine - other) <= REL * max(1.0, abs(mine), abs(other))


def smallest(pair: Pair, fails: Callable[[Pair], bool], seconds: float = 20) -> Pair:
    """Return the pair with as many rows left out as the failure (and the time) allows."""
    end = time.monotonic() + seconds
    number = len(pair.arrivals)
    while number and time.monotonic() < end:
        number -= 1
        shorter = without_row(pair, number)
        if fails(shorter):
            pair = shorter
    return pair
