"""Windows of many groups close in slices: no batch is longer than a slice, and no row is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import cep
from cep.operators.kernel_operator import SLICE_ROWS

if TYPE_CHECKING:
    from cep.tables import Table

STREAM = "CREATE STREAM s (ts TIMESTAMP, k INT, v DOUBLE, WATERMARK FOR ts AS ts);\n"
WINDOW = "CREATE RULE m AS SELECT k, SUM(v) AS total FROM s GROUP BY k, TUMBLE(10s);\n"
READER = "CREATE RULE n AS SELECT COUNT(*) AS n FROM m GROUP BY TUMBLE(10s);\n"
KEYS = 3 * SLICE_ROWS + 17


def run(rules: str, tier: str, *, single: bool) -> tuple[list[int], list[int]]:
    """Lengths of the output batches of m, and the keys in order."""
    sizes: list[int] = []
    keys: list[int] = []

    def take(table: Table) -> None:
        sizes.append(len(table))
        keys.extend(table["k"])

    with cep.Engine(rules, tier=tier) as engine:  # type: ignore[arg-type]
        engine.on_batch("m")(take)
        numbers = np.arange(KEYS)
        engine.send_batch("s", {"ts": np.full(KEYS, 5), "k": numbers, "v": numbers * 0.5})
        late = {"ts": 10_000_001, "k": 1, "v": 1.0}
        if single:
            engine.send("s", late)
        else:
            engine.send_many("s", [late, {**late, "k": 2}])
        before = len(keys)
        assert before == KEYS
        assert engine.stats()["rules"]["m"]["matches"] == KEYS
        engine.flush()
    return sizes, keys[:before]


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("tier", ["llvm", "auto"])
def test_a_window_of_many_groups_closes_in_slices(tier: str, *, single: bool) -> None:
    sizes, keys = run(STREAM + WINDOW, tier, single=single)
    assert max(sizes) == SLICE_ROWS
    assert keys == list(range(KEYS))


def test_rows_that_a_rule_reads_come_in_one_piece() -> None:
    sizes, keys = run(STREAM + WINDOW + READER, "llvm", single=False)
    assert max(sizes) == KEYS
    assert keys == list(range(KEYS))
