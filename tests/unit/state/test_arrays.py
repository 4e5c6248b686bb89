"""Growth of arrays by doubling, names of parts in a snapshot, and snapshots that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cep
from cep.errors import CepError
from cep.state.arrays import grown, put_under, take_from

STREAM = (
    "CREATE STREAM s (ts TIMESTAMP, k STRING, v INT, WATERMARK FOR ts AS ts) WITH (ts_unit = 's');"
)
PAIR = "CREATE RULE r AS SELECT k FROM s MATCH (a[v > {low}] -> b[v < 0] PARTITION BY k WITHIN 9s);"


@given(st.lists(st.integers(-9, 9), max_size=20), st.integers(0, 100))
def test_what_has_room_is_the_same_array_and_what_grows_keeps_its_cells(
    values: list[int], wanted: int
) -> None:
    cells = np.array(values, np.int32)
    found = grown(cells, wanted, -1)
    if wanted <= len(cells) and len(cells):
        assert found is cells
        return
    assert found.dtype == np.int32
    assert found[: len(values)].tolist() == values
    assert set(found[len(values) :].tolist()) <= {-1}
    assert wanted <= len(found) < 2 * max(wanted, len(cells), 1)
    assert len(found) % max(1, len(cells)) == 0


def test_cells_are_filled_with_nan_where_that_is_null() -> None:
    found = grown(np.array([1.5]), 3, np.nan)
    assert found[0] == 1.5
    assert np.isnan(found[1:]).all()
    assert len(found) == 4


def test_parts_take_back_only_what_is_theirs() -> None:
    one, two, three = (np.array([n]) for n in (1, 2, 3))
    named = {
        **put_under("rule/a", {"x": one, "column/y": two}),
        **put_under("rule/ab", {"x": three}),
    }
    assert sorted(named) == ["rule/a/column/y", "rule/a/x", "rule/ab/x"]
    assert take_from("rule/a", named) == {"x": one, "column/y": two}
    assert take_from("rule/ab", named) == {"x": three}
    assert take_from("rule/a/column", named) == {"y": two}
    assert take_from("rule", named).keys() == {"a/x", "a/column/y", "ab/x"}
    assert not take_from("rule/b", named)


def snapshot_of(rules: str) -> dict[str, np.ndarray]:
    with cep.Engine(rules, tier="python", bounded=True) as engine:
        engine.send("s", {"ts": 1, "k": "p", "v": 5})
        return engine.snapshot()


def test_a_snapshot_is_flat_arrays_under_the_names_of_streams_and_rules() -> None:
    arrays = snapshot_of(STREAM + PAIR.format(low=3))
    assert all(a.ndim == 1 and a.dtype != object for a in arrays.values())
    owners = {"/".join(name.split("/")[:2]) for name in arrays}
    counted = {"clock/s", "written/s", "written/r"}
    assert owners == {"strings/bytes", "strings/ends", "stream/s", "rule/r", *counted}
    assert arrays["strings/bytes"].tobytes() == b"p"


def test_a_snapshot_holds_copies() -> None:
    rules = STREAM + PAIR.format(low=3)
    with cep.Engine(rules, tier="python", bounded=True) as engine:
        engine.send("s", {"ts": 1, "k": "p", "v": 5})
        arrays = engine.snapshot()
        kept = {name: array.copy() for name, array in arrays.items()}
        for ts in range(2, 9):
            engine.send("s", {"ts": ts, "k": f"k{ts}", "v": 5})
        assert all(np.array_equal(kept[name], array) for name, array in arrays.items())
        found = []
        with cep.Engine(rules, tier="python", bounded=True) as other:
            other.on("r")(lambda event: found.append(event["k"]))
            other.load_snapshot(arrays)
            for array in arrays.values():
                array[:] = 0
            other.send("s", {"ts": 9, "k": "p", "v": -1})
        assert found == ["p"]


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (STREAM + PAIR.format(low=4), "r"),
        (STREAM + PAIR.format(low=3).replace("RULE r", "RULE q"), "q, r"),
        (STREAM + PAIR.format(low=3) + "CREATE RULE t AS SELECT v FROM s;", "t"),
        (
            STREAM.replace("STREAM s", "STREAM z") + PAIR.format(low=3).replace("FROM s", "FROM z"),
            "s",
        ),
    ],
    ids=["constant", "name", "rule more", "stream"],
)
def test_a_snapshot_of_other_rules_is_refused_by_name(rules: str, named: str) -> None:
    arrays = snapshot_of(STREAM + PAIR.format(low=3))
    with cep.Engine(rules, tier="python", bounded=True) as engine:
        with pytest.raises(CepError, match="CEP506") as caught:
            engine.load_snapshot(arrays)
        assert named in str(caught.value)
