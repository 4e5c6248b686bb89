"""The tree of values in order: against a sorted list, and its depth."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kernellib.test_keys_and_timers import routines

ROOM = routines("ordered")
N = 64


def arrays() -> dict[str, list[int]]:
    return {
        "reg": [-1, 0, 0, 0],
        "chain": [-1] * (N),
        "words": [0] * (4 * N),
        "links": [-1] * (4 * N),
        "roots": [-1] * (3),
        "last": [-1] * (6),
    }


@settings(max_examples=150)
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(-4, 4), st.booleans()), max_size=60))
def test_the_tree_is_a_sorted_list(steps: list[tuple[int, int, bool]]) -> None:
    a = arrays()
    tree = [a[n] for n in ("chain", "words", "links", "roots")]
    held: list[list[tuple[int, int, int]]] = [[], [], []]
    for number, (group, value, leave) in enumerate(steps):
        if leave and held[group]:
            gone = held[group].pop(0)
            ROOM["drop_ordered"](a["reg"], 0, *tree, a["last"], gone[2])
        else:
            entry = ROOM["add_ordered"](a["reg"], 0, *tree, 3, group, value, 0)
            held[group].append((value, number, entry))
        for root, mine in zip(a["roots"], held, strict=True):
            assert ROOM["size_of"](a["links"], int(root)) == len(mine)
            ordered = sorted(mine)
            found = [ROOM["kth"](a["links"], int(root), k) for k in range(len(mine))]
            assert found == [entry for _, _, entry in ordered]
            walked, here = [], found[0] if found else -1
            while here >= 0:
                walked.append(here)
                here = ROOM["following"](a["links"], here)
            assert walked == found


def test_values_in_order_make_no_list() -> None:
    """A thousand rising values: no entry is deeper than a few times the logarithm."""
    n = 1000
    a = arrays()
    a |= {"chain": [-1] * (n), "words": [0] * (4 * n)}
    a["links"] = [-1] * (4 * n)
    for value in range(n):
        ROOM["add_ordered"](
            a["reg"], 0, a["chain"], a["words"], a["links"], a["roots"], 3, 0, value, 0
        )
    depth = [0] * n
    for entry in range(n):
        above = a["links"][4 * entry + 2]
        while above >= 0:
            depth[entry] += 1
            above = a["links"][4 * above + 2]
    assert max(depth) < 4 * math.log2(n)


def test_doubles_keep_their_order() -> None:
    rng = random.Random(5)
    numbers = [rng.uniform(-1, 1) * 10.0 ** rng.randint(-300, 300) for _ in range(200)]
    numbers += [0.0, -0.0, 1.5, -1.5]
    order, back = ROOM["order_of"], ROOM["double_of"]
    assert sorted(numbers) == sorted(numbers, key=order)
    assert [back(order(x)) for x in numbers] == numbers
    assert order(0.0) == order(-0.0)
