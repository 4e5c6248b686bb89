"""The routines for slots, the hash index, deadline queues and timers, as plain Python against models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import cep.kernellib
from cep.kernel.intrinsics import CONSTANTS, INTRINSICS


def routines(name: str) -> dict[str, Any]:
    """Return the functions of a kernellib module, run by CPython."""
    path = Path(cep.kernellib.__path__[0]) / f"{name}.py"
    room: dict[str, Any] = {n: i.python for n, i in INTRINSICS.items()} | CONSTANTS
    exec(compile(path.read_text(), str(path), "exec", dont_inherit=True), room)
    return room


SLOTS, INDEX = routines("slots"), routines("hash_index")
DEADLINES, TIMERS, RUNS = routines("deadlines"), routines("timers"), routines("runs")
WIDTH, ROOM = 2, 64


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=200))
def test_index_of_slots_is_a_dictionary(steps: list[tuple[int, bool]]) -> None:
    reg, chain, keys = [-1, 0, 0], [-1] * ROOM, [0] * (ROOM * WIDTH)
    capacity = 8
    index = [-1] * capacity
    model: dict[int, int] = {}
    for value, adds in steps:
        words = [value << 40, -value]
        probe = SLOTS["next_slot"](reg, 0)
        keys[probe * WIDTH : probe * WIDTH + WIDTH] = words
        slot = INDEX["find_key"](index, capacity, keys, WIDTH, probe)
        assert slot == model.get(value, -1)
        if adds and slot < 0:
            if 2 * (reg[2] + 1) > capacity:
                capacity *= 2
                index = [-1] * capacity
                INDEX["rebuild_index"](index, capacity, keys, WIDTH, chain, reg[1])
            slot = SLOTS["take_slot"](reg, 0, chain)
            keys[slot * WIDTH : slot * WIDTH + WIDTH] = words
            INDEX["add_key"](index, capacity, keys, WIDTH, slot)
            model[value] = slot
        elif not adds and slot >= 0:
            INDEX["remove_key"](index, capacity, keys, WIDTH, slot)
            SLOTS["free_slot"](reg, 0, chain, slot)
            del model[value]
        assert reg[2] == len(model) == len(set(model.values()))
        assert sum(s >= 0 for s in index) == len(model)


def test_hash_spreads_an_arithmetic_progression() -> None:
    places = {INDEX["key_hash"]([k << 20], 0, 1) & 4095 for k in range(1024)}
    assert len(places) > 850  # 1024 balls in 4096 bins hit about 906


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=60))
def test_queue_keeps_deadlines_in_order(steps: list[tuple[int, int]]) -> None:
    reg, links, due = [-1, -1], [-1] * 20, [0] * 10
    order = [(7 * s) % 10 for s in range(10)]
    armed: dict[int, int] = {}
    now = 0
    for slot, passed in steps:
        now += passed
        if slot in armed:
            RUNS["remove_run"](reg, 0, links, slot)
            del armed[slot]
        if passed < 3:
            DEADLINES["arm"](reg, 0, links, due, order, slot, DEADLINES["deadline_after"](now, 5))
            armed[slot] = now + 5
        wanted = sorted(armed, key=lambda s: (armed[s], order[s]))
        found, at = [], reg[0]
        while at >= 0:
            found.append(at)
            at = links[2 * at + 1]
        assert found == wanted
        first = DEADLINES["first_deadline"](reg, 0, due)
        assert first == min(armed.values(), default=2**63 - 1)


def test_deadlines_saturate() -> None:
    assert DEADLINES["deadline_after"](2**63 - 10, 100) == 2**63 - 2


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 20), st.booleans()), max_size=80))
def test_timers_fire_by_deadline_and_order(steps: list[tuple[int, int, bool]]) -> None:
    reg, heap, place, due = [0], [0] * 16, [-1] * 16, [0] * 16
    order = [(5 * s) % 16 for s in range(16)]
    model: dict[int, int] = {}
    for slot, deadline, clears in steps:
        if clears:
            TIMERS["clear_timer"](reg, 0, heap, place, due, order, slot)
            model.pop(slot, None)
        else:
            TIMERS["set_timer"](reg, 0, heap, place, due, order, slot, deadline)
            model[slot] = deadline
        assert TIMERS["first_timer"](reg, 0, heap, due) == min(model.values(), default=2**63 - 1)
        assert reg[0] == len(model)
        assert all(heap[place[s]] == s for s in model)
    fired = []
    while reg[0]:
        fired.append(heap[0])
        TIMERS["clear_timer"](reg, 0, heap, place, due, order, heap[0])
    assert fired == sorted(model, key=lambda s: (model[s], order[s]))
