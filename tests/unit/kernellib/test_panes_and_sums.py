"""The routines for panes, sorting, exact sums and different values, as plain Python against models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import cep.kernellib
from cep.kernel.intrinsics import CONSTANTS, INTRINSICS


def routines(*names: str) -> dict[str, Any]:
    """Return the functions of kernellib modules, run by CPython."""
    room: dict[str, Any] = {n: i.python for n, i in INTRINSICS.items()} | CONSTANTS
    for name in names:
        path = Path(cep.kernellib.__path__[0]) / f"{name}.py"
        lines = path.read_text().splitlines()
        text = "\n".join(line for line in lines if not line.startswith("from cep.kernellib"))
        exec(compile(text, str(path), "exec", dont_inherit=True), room)
    return room


ROOM = routines("panes", "ordering", "whole", "slots", "hash_index", "distinct")
INT64 = st.one_of(st.integers(-9, 9), st.integers(-(2**63) + 1, 2**63 - 1))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 4))
def test_rows_of_panes_move_apart(panes: int, old: int, more: int) -> None:
    new = old + more
    cells = [float(n) for n in range(panes * old)] + [7.0] * (panes * new - panes * old)
    ROOM["widen_f64"](cells, panes, old, new, -1.0)
    for pane in range(panes):
        row = cells[pane * new : (pane + 1) * new]
        assert row == [float(pane * old + n) for n in range(old)] + [-1.0] * more


@given(st.lists(st.integers(0, 5), max_size=40))
def test_slots_are_sorted_and_equal_ranks_keep_their_order(ranks: list[int]) -> None:
    slots = list(range(len(ranks)))
    ROOM["sort_slots"](slots, [0] * len(ranks), ranks, len(ranks))
    assert slots == sorted(range(len(ranks)), key=lambda s: ranks[s])


@given(st.lists(INT64, min_size=1, max_size=8))
def test_whole_sums_are_exact(values: list[int]) -> None:
    high = sum(v >> 32 for v in values)
    low = sum(v & 0xFFFFFFFF for v in values)
    total = sum(values)
    fits = -(2**63) < total < 2**63
    got = ROOM["whole_value"](high, low)
    assert got == (total if fits else CONSTANTS["NULL_I64"]) or total == -(2**63)
    n = len(values)
    mean = abs(total) // n * (1 if total >= 0 else -1)
    assert ROOM["whole_mean"](high, low, n) == mean
    assert abs(ROOM["whole_double"](high, low) - total) <= 1e-15 * max(abs(v) for v in values) * n


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 1)), max_size=60))
def test_different_values_of_panes(steps: list[tuple[int, int, int]]) -> None:
    room, panes = 64, 3
    reg, chain, words = [-1, 0, 0], [-1] * room, [0] * (2 * room)
    index, seen_in, links = [-1] * 256, [0] * room, [-1] * (2 * room)
    heads, live = [-1] * panes, [0] * 3
    model: dict[tuple[int, int], int] = {}
    pane = 0
    for group, value, next_pane in steps:
        if next_pane:
            pane += 1
            ROOM["forget_values"](
                reg, 0, chain, words, index, 256, links, heads, live, pane % panes
            )
            model = {k: p for k, p in model.items() if p > pane - panes}
        ROOM["note_value"](
            reg,
            0,
            chain,
            words,
            index,
            256,
            seen_in,
            links,
            heads,
            live,
            group,
            value,
            pane % panes,
        )
        model[group, value] = pane
        assert live == [sum(g == number for g, _ in model) for number in range(3)]
        assert reg[2] == len(model)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=60))
def test_different_values_of_rows(rows: list[tuple[int, int]]) -> None:
    room = 64
    reg, chain, words = [-1, 0, 0], [-1] * room, [0] * (2 * room)
    index, counts, live = [-1] * 256, [0] * room, [0] * 3
    held: list[tuple[int, int, int]] = []
    for group, value in rows:
        entry = ROOM["add_value"](reg, 0, chain, words, index, 256, counts, live, group, value)
        held.append((group, value, entry))
        if len(held) > 4:
            ROOM["drop_value"](reg, 0, chain, words, index, 256, counts, live, held.pop(0)[2])
        different = {(g, v) for g, v, _ in held}
        assert live == [sum(g == number for g, _ in different) for number in range(3)]
        assert reg[2] == len(different)
