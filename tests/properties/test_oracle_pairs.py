"""Engine against the reference model on random rules and streams; a failure prints seed, rules and rows."""

from __future__ import annotations

import os
import sys
from collections import Counter

import pytest
from hypothesis import given, settings

from tests.oracle.comparison import differences, smallest
from tests.oracle.strategies import Pair, pairs, seeded
from tests.oracle.world import evaluate

EVERYDAY = 100
SLOW = {"ci": 500, "full": 2_000}[os.environ.get("CEP_TEST_SIZE", "full")]
BLOCK = 25
SAMPLE = 200  # pairs whose contents are looked at
BATCHES = (1, 2, 7, 10_000)
# The share of everyday pairs that must contain each construct.
RAREST = 0.02


def mode_of(seed: int) -> dict[str, object]:
    """Return how a pair runs: rows a batch, a restart in the middle for every fifth."""
    batch = BATCHES[seed % len(BATCHES)]
    return {"batch_rows": batch, "restart_after": 3 if seed % 5 == 0 else None}


def check(pair: Pair, seed: int, tier: str) -> None:
    """Fail with the smallest input on which engine and model differ."""
    mode = {"tier": tier, **mode_of(seed)}
    if not differences(pair, **mode):
        return
    pair = smallest(pair, lambda p: bool(differences(p, **mode)))
    found = "\n".join(differences(pair, **mode))
    pytest.fail(f"seed {seed}, {mode}\n{pair}\n{found}")


@pytest.mark.parametrize("start", range(0, EVERYDAY, BLOCK))
def test_pairs_in_the_python_tier(start: int) -> None:
    for seed in range(start, start + BLOCK):
        check(seeded(seed), seed, "python")


@pytest.mark.parametrize("start", range(0, EVERYDAY, BLOCK))
def test_every_third_pair_compiled(start: int) -> None:
    for seed in range(start, start + BLOCK, 3):
        check(seeded(seed), seed, "llvm")


@pytest.mark.slow
@pytest.mark.parametrize("start", range(EVERYDAY, EVERYDAY + SLOW, BLOCK))
def test_many_pairs(start: int) -> None:
    for seed in range(start, start + BLOCK):
        check(seeded(seed), seed, "llvm" if seed % 3 == 0 else "python")


@pytest.mark.slow
@settings(max_examples=SLOW // 4)
@given(pairs())
def test_pairs_that_shrink(pair: Pair) -> None:
    """The same with hypothesis, which looks for the smallest rules too."""
    found = differences(pair, tier="python")
    assert not found, "\n".join([str(pair), *found])


def test_what_the_pairs_contain(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 40 % give output, 10 % more than five rows, each construct is in 2 %."""
    constructs: Counter[str] = Counter()
    rows: list[int] = []
    for seed in range(SAMPLE):
        pair = seeded(seed)
        constructs.update(pair.tags)
        rows.append(sum(map(len, evaluate(pair.rules, pair.arrivals).values())))
    with_output = sum(n > 0 for n in rows) / SAMPLE
    with_many = sum(n > 5 for n in rows) / SAMPLE
    shown = [f"{100 * n / SAMPLE:5.1f} % {name}" for name, n in constructs.most_common()]
    report = f"{with_output:.0%} with output, {with_many:.0%} with more than five rows\n"
    with capsys.disabled():
        sys.stdout.write("\n".join(["", report, *shown, ""]))
    assert with_output >= 0.4, report
    assert with_many >= 0.1, report
    rare = [line for line in shown if float(line.split(" %")[0]) < 100 * RAREST]
    assert not rare
