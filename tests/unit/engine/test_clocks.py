"""Watermarks, idle streams and partitions, the wall clock, late rows, the end of input (rulings 2, 3 and 6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.engine.clock import ManualClock
from cep.engine.watermark import NEVER, Watermark
from cep.errors import CepError
from cep.types import MAX_I64
from tests.unit.engine.graphs import Player, copy, count, graph, log, quiet, rule, stream

S = 1_000_000


def live(streams, rules, components=None) -> tuple[Player, ManualClock]:
    clock = ManualClock(1_000 * S)
    components = components or (tuple(s.name for s in streams),)
    late = tuple(s.late_into for s in streams if s.late_into)
    return Player(
        graph(streams, rules, components, late), {"bounded": False, "clock": clock}
    ), clock


def two_streams(**options):
    streams = [stream("a", 1, **options), stream("b", 2, **options)]
    rules = [rule("log", ("a", "b"), log(2), number=1), rule("gone", ("a",), quiet(S), number=2)]
    return live(streams, rules)


def seen(player: Player, name: str = "log") -> list[tuple[int, int]]:
    return [row[:2] for row in player.rows.get(name, [])]


def pass_time(player: Player, clock: ManualClock, seconds: float) -> None:
    """Let the wall clock go on, looked at ten times a second."""
    for _ in range(round(seconds * 10)):
        clock.forward(S // 10)
        player.core.tick()
        player.core.check()


def test_a_live_stream_holds_the_others_back_from_its_first_event_on():
    player, _ = two_streams()
    player.send("b", [(10, 1)])
    assert seen(player) == [(10, 1)]
    player.send("a", [(12, 2)])
    player.send("b", [(11, 3), (15, 4)])
    player.send("a", [(13, 5)])
    assert seen(player) == [(10, 1), (11, 3), (12, 2), (13, 5)]


def test_a_silent_stream_is_idle_after_its_timeout():
    player, clock = two_streams(idle_timeout_us=3 * S)
    player.send("a", [(10, 1)])
    pass_time(player, clock, 2)
    player.send("b", [(20, 2)])
    assert seen(player) == [(10, 1)]
    pass_time(player, clock, 0.9)
    assert seen(player) == [(10, 1)]
    pass_time(player, clock, 0.3)
    assert seen(player) == [(10, 1), (20, 2)]


def test_a_stream_that_is_never_idle_holds_for_ever():
    player, clock = two_streams(idle_timeout_us=0)
    player.send("a", [(10, 1)])
    player.send("b", [(20, 2)])
    pass_time(player, clock, 60)
    assert seen(player) == [(10, 1)]


def test_a_stream_that_comes_back_holds_again_and_its_old_rows_are_late():
    player, clock = two_streams(idle_timeout_us=S, late_into="late")
    player.send("a", [(10, 1)])
    player.send("b", [(20, 2)])
    pass_time(player, clock, 0.8)
    player.send("b", [(30, 3)])
    pass_time(player, clock, 0.3)
    assert seen(player) == [(10, 1), (20, 2), (30, 3)]
    player.send("a", [(29, 4), (31, 5)])
    player.send("b", [(40, 6)])
    assert seen(player, "late") == [(29, 4)]
    assert seen(player) == [(10, 1), (20, 2), (30, 3), (31, 5)]


def test_when_all_are_idle_time_goes_on_and_absences_fire():
    player, clock = two_streams(idle_timeout_us=3 * S)
    player.send("a", [(10 * S, 1)])
    pass_time(player, clock, 3)
    assert seen(player, "gone") == []
    pass_time(player, clock, 1.5)
    assert seen(player, "gone") == [(11 * S, 1)]


def test_rows_that_wait_run_before_their_instant_is_over_when_their_stream_falls_idle():
    streams = [stream("a", 1, tiebreak=("v",), idle_timeout_us=S)]
    player, clock = live(streams, [rule("n", ("a",), count(10), number=1)])
    player.send("a", [(1, 0), (9, 0)])
    pass_time(player, clock, 3)
    assert player.core.sources["a"].waiting == 0
    player.send("a", [(60 * S, 0)])
    assert player.end()["n"] == [(9, 2), (60 * S + 9, 1)]


def test_a_silent_partition_does_not_hold_its_stream_back():
    streams = [stream("a", 1, idle_timeout_us=S)]
    player, clock = live(streams, [rule("m", ("a",), copy(-1), number=1)])
    player.send("a", [(10, 0)], partition=0)
    player.send("a", [(11, 1)], partition=1)
    pass_time(player, clock, 0.8)
    player.send("a", [(20, 2), (21, 3)], partition=1)
    assert seen(player, "m") == [(10, 0)]
    pass_time(player, clock, 0.3)
    assert seen(player, "m") == [(10, 0), (11, 1), (20, 2)]
    player.send("a", [(20, 4), (21, 5)], partition=0)
    player.send("a", [(22, 6)], partition=1)
    assert player.end()["m"] == [(10, 0), (11, 1), (20, 2), (21, 5), (21, 3), (22, 6)]
    assert player.core.sources["a"].late == 1


def test_restarts_know_what_was_idle():
    player, clock = two_streams(idle_timeout_us=S)
    player.send("a", [(10, 1)])
    player.send("b", [(20, 2)])
    pass_time(player, clock, 0.8)
    player.restart()
    player.send("b", [(25, 3)])
    pass_time(player, clock, 0.3)
    assert seen(player) == [(10, 1), (20, 2), (25, 3)]
    player.restart()
    player.send("b", [(30, 4)])
    assert seen(player)[-1] == (30, 4)


def test_advance_moves_a_stream_without_an_event():
    player, clock = two_streams()
    player.send("a", [(10, 1)])
    player.send("b", [(20, 2)])
    player.core.advance(20, "a")
    assert seen(player) == [(10, 1)]
    player.core.advance(21, "a")
    assert seen(player) == [(10, 1), (20, 2)]
    player.core.advance(5, "a")
    player.core.advance(2 * S)
    assert seen(player, "gone") == [(S + 10, 1)]
    pass_time(player, clock, 20)
    player.core.check()


def test_nothing_happens_after_the_end():
    player, clock = two_streams(late_into="late")
    player.send("a", [(10, 1)])
    player.core.flush()
    assert seen(player, "gone") == [(S + 10, 1)]
    pass_time(player, clock, 20)
    player.send("a", [(11, 2)])
    player.core.flush()
    assert seen(player) == [(10, 1)]
    assert seen(player, "late") == [(11, 2)]
    player.restart()


def test_one_stream_ends_before_the_other():
    player, _ = two_streams()
    player.send("a", [(10, 1)])
    player.send("b", [(S + 10, 2), (S + 11, 3)])
    player.core.end_stream("a")
    assert seen(player) == [(10, 1), (S + 10, 2), (S + 11, 3)]
    assert seen(player, "gone") == [(S + 10, 1)]


def test_arrival_time_never_goes_back():
    streams = [stream("a", 1, time_column=None)]
    player, clock = live(streams, [rule("m", ("a",), copy(-1), number=1)])
    player.send("a", [(0, 1), (0, 2)])
    clock.forward(-S)
    player.send("a", [(0, 3)])
    clock.forward(3 * S)
    player.send("a", [(0, 4)])
    start = 1_000 * S
    assert seen(player, "m") == [(start, 1), (start, 2), (start, 3), (start + 2 * S, 4)]


def test_only_source_streams_take_rows():
    player, _ = two_streams()
    for name in ("log", "c"):
        with pytest.raises(CepError, match="CEP401"):
            player.core.advance(1, name)
        with pytest.raises(CepError, match="CEP401"):
            player.core.end_stream(name)


# ---------------------------------------------------------------- lateness row by row

TIMES = st.lists(st.integers(0, 20), min_size=1, max_size=30)


@given(TIMES, st.integers(0, 5), st.integers(0, 20), st.sets(st.integers(1, 30)))
def test_lateness_is_decided_row_by_row(times, delay, clock, cuts):
    import numpy as np

    mark = Watermark(stream("a", 1, watermark_delay_us=delay))
    late: list[bool] = []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 99], strict=True):
        part = np.array(times[start:end], np.int64)
        if len(part):
            found = mark.arrive(part, 0, clock, MAX_I64).late
            late += [False] * len(part) if found is None else found.tolist()
    known = NEVER
    for ts, is_late in zip(times, late, strict=True):
        assert is_late == (ts < known or ts < clock)
        known = max(known, ts - delay)
    assert mark.value == known


@given(TIMES, st.sets(st.integers(1, 30)))
def test_adjusted_rows_run_at_the_clock_whatever_the_batches(times, cuts):
    def play(ends: set[int]) -> list[tuple[int, int]]:
        streams = [stream("a", 1, late_adjust=True)]
        player = Player(graph(streams, [rule("m", ("a",), copy(-1), number=1)], (("a",),)))
        rows = [(ts, n) for n, ts in enumerate(times)]
        for start, end in zip([0, *sorted(ends)], [*sorted(ends), 99], strict=True):
            if rows[start:end]:
                player.send("a", rows[start:end])
        assert player.core.sources["a"].adjusted == sum(
            ts < max(times[:n]) for n, ts in enumerate(times) if n
        )
        return player.end()["m"]

    clock = [(max(times[: n + 1]), n) for n in range(len(times))]
    assert play(cuts) == play(set()) == clock


def test_a_partition_that_joins_waits_for_the_others():
    player, _ = live([stream("a", 1)], [rule("m", ("a",), copy(-1), number=1)])
    player.send("a", [(10, 0)], partition=0)
    player.send("a", [(11, 1), (12, 2)], partition=1)
    player.send("a", [(10, 3), (11, 4)], partition=0)
    assert player.end()["m"] == [(10, 0), (10, 3), (11, 4), (11, 1), (12, 2)]
