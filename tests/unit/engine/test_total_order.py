"""Several streams, chained rules and timers: the total order of events, whatever the batches and restarts."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.types import MAX_I64
from tests.unit.engine.graphs import Arrivals, Player, copy, count, graph, log, quiet, rule, stream

DELAY, QUIET, SIZE, LIMIT = 3, 4, 10, 2


def several_streams():
    """Stream a may be out of order and has partitions, b breaks ties by v; both meet in `log`."""
    sources = [
        stream("a", 1, watermark_delay_us=DELAY, late_into="late"),
        stream("b", 2, tiebreak=("v",), late_into="late"),
    ]
    rules = [
        rule("gone", ("a",), quiet(QUIET), copy(-1), number=1),
        rule("big", ("b",), copy(LIMIT), number=2, into="o"),
        rule("twice", ("a",), copy(-1), number=3, into="o"),
        rule("log", ("a", "b", "gone", "o"), log(4), number=4),
        rule("n", ("log",), count(SIZE), number=5),
    ]
    return graph(sources, rules, (("a", "b"),), late=("late",))


def expected(arrivals: Arrivals) -> dict[str, list[tuple[Any, ...]]]:
    """The same by hand: rows that are not late in their order, each with what follows from it, and timers."""
    marks: dict[tuple[str, int], int] = {}
    seen: dict[str, int] = {}
    rows = []
    late = []
    for offset, (name, partition, ts, v) in enumerate(arrivals):
        seq = seen[name] = seen.get(name, -1) + 1
        mark = marks.get((name, partition), -MAX_I64)
        marks[name, partition] = max(mark, ts - (DELAY if name == "a" else 0))
        if ts < mark:
            late.append((ts, v))
        else:
            tie = v if name == "b" else 0
            rows.append(((ts, name, tie, partition, offset), (name, ts, v, seq)))
    rows.sort()
    causes: list[tuple[Any, ...]] = [(row[1], 1, n, row) for n, (_, row) in enumerate(rows)]
    times = [row[1] for _, row in rows if row[0] == "a"]
    start = 0
    for n, ts in enumerate(times):
        if n + 1 == len(times) or times[n + 1] > ts + QUIET:
            causes.append((ts + QUIET, 3, 0, ("gone", ts + QUIET, n + 1 - start, None)))
            start = n + 1
    causes.sort(key=lambda c: c[:3])
    made: dict[str, list[tuple[Any, ...]]] = {"log": [], "o": [], "gone": []}
    for _, _, _, (name, ts, v, seq) in causes:
        if name == "gone":
            made["log"].append((ts, v, 2, len(made["gone"])))
            made["gone"].append((ts, v))
            continue
        made["log"].append((ts, v, int(name == "b"), seq))
        if name == "a" or v > LIMIT:
            made["log"].append((ts, v, 3, len(made["o"])))
            made["o"].append((ts, v))
    windows = groupby(made["log"], key=lambda row: row[0] // SIZE)
    made["n"] = [(k * SIZE + SIZE - 1, len(list(group))) for k, group in windows]
    made["late"] = late
    return {name: found for name, found in made.items() if found}


def arrivals_of(draw) -> Arrivals:
    """Two streams that go on side by side, `a` with disorder beyond its delay now and then."""
    clock = {"a": 0, "b": 0}
    made: Arrivals = []
    for _ in range(draw(st.integers(1, 40))):
        name = draw(st.sampled_from("ab"))
        clock[name] += draw(st.sampled_from((0, 0, 1, 1, 2, 7)))
        back = draw(st.sampled_from((0, 0, 0, 1, 3, 6))) if name == "a" else 0
        partition = draw(st.integers(0, 1)) if name == "a" else 0
        made.append((name, partition, clock[name] - back, draw(st.integers(0, 5))))
    return made


def played(
    arrivals: Arrivals, cuts: set[int], restarts: set[int], tier: str
) -> dict[str, list[tuple[Any, ...]]]:
    """Send the arrivals; batches end where stream or partition change, and at the cuts."""
    player = Player(several_streams(), {"tier": tier})
    for partition in (0, 1):
        player.core.open_partition("a", partition)
    batch: list[tuple[int, int]] = []
    for n, (name, partition, ts, v) in enumerate(arrivals):
        batch.append((ts, v))
        last = n + 1 == len(arrivals)
        if last or n in cuts or arrivals[n + 1][:2] != (name, partition):
            player.send(name, batch, partition)
            batch = []
            if n in restarts:
                player.restart()
    return player.end()


@settings(max_examples=150)
@given(st.data())
def test_any_batches_and_restarts_give_the_order_of_the_rulings(data):
    arrivals = arrivals_of(data.draw)
    numbers = st.sets(st.integers(0, len(arrivals)))
    cuts, restarts = data.draw(numbers), data.draw(numbers)
    assert played(arrivals, cuts, restarts, "python") == expected(arrivals)


@settings(max_examples=15)
@given(st.data())
def test_machine_code_gives_the_same(data):
    arrivals = arrivals_of(data.draw)
    cuts = data.draw(st.sets(st.integers(0, len(arrivals))))
    assert played(arrivals, cuts, cuts, "llvm") == expected(arrivals)


def test_a_row_comes_directly_after_its_cause():
    rows = played([("a", 0, 5, 1), ("b", 0, 5, 9), ("a", 0, 20, 1)], set(), set(), "python")
    assert rows["log"][:4] == [(5, 1, 0, 0), (5, 1, 3, 0), (5, 9, 1, 0), (5, 9, 3, 1)]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_timers_of_two_rules_fire_in_time_order_at_the_end_of_input(size):
    """A window over the rows of a deadline: at the end each rule's timers stand between the other's."""
    sources = [stream("a", 1)]
    rules = [
        rule("gone", ("a",), quiet(4), number=1),
        rule("again", ("gone",), quiet(1), number=2),
        rule("log", ("a", "gone", "again"), log(3), number=3),
    ]
    player = Player(graph(sources, rules, (("a",),)))
    times = [(t, 0) for t in (0, 1, 20, 21, 40)]
    for start in range(0, len(times), size):
        player.send("a", times[start : start + size])
    log_rows = [(ts, source) for ts, _, source, _ in player.end()["log"]]
    assert log_rows == sorted(log_rows)
    assert [row for row in log_rows if row[1]] == [
        *((5, 1), (6, 2), (25, 1), (26, 2)),
        *((44, 1), (45, 2)),
    ]
