"""Random patterns with all operators of MATCH together, in both tiers, against the reference model."""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from cep.compile import plan_rules
from cep.errors import CepError
from tests.harness.sources import source_of
from tests.oracle.comparison import differences, smallest
from tests.oracle.draw_pattern import draw_pattern
from tests.oracle.values import UnsupportedError
from tests.oracle.world import evaluate

if TYPE_CHECKING:
    from tests.oracle.comparison import Row
    from tests.oracle.strategies import Pair

EVERYDAY = 300
SLOW = {"ci": 3_000, "full": 20_000}[os.environ.get("CEP_TEST_SIZE", "full")]
BLOCK = 25
BLOCKS = 20
SAMPLE = 150  # seeds whose contents are looked at
REFUSED = ("CEP2", "CEP307", "CEP312")
# What the sample must contain.
OPERATORS = {
    "->", "->>", "adjacency", "gap", "|", "&", "& NOT", "ANY", "PERMUTE", "quantified group",
    "gap on ->>", "UNTIL of a group", "loop", "loop possessive", "STRICT", "RELAXED", "COMBINE", "UNTIL", "NOT", "NOT FOR first",
    "NOT FOR in the middle", "NOT FOR last", "WITHIN", "WITHIN n EVENTS", "GAP", "STARTS EACH",
    "STARTS FIRST", "STARTS LAST", "SKIP PAST LAST", "SKIP NONE", "SKIP TO NEXT", "SKIP TO FIRST",
    "SKIP TO LAST", "DEFINE", "DEFINE AS STREAM", "SUBSET", "ON TIMEOUT", "EMIT ON CLOSE",
    "EMIT CHANGES", "PARTITION BY", "PARTITION BY a = b", "several streams", "PREV", "CLASSIFIER",
    "condition reads captures", "condition reads its loop",
}  # fmt: skip


@cache
def pair_of(seed: int) -> Pair:
    """Return the first pattern of a seed that the binder does not refuse, with its rows."""
    rng = random.Random(seed)
    while True:
        pair = draw_pattern(rng)
        codes = refusals(pair.rules)
        if not codes:
            return pair
        assert all(code.startswith(REFUSED) for code in codes), f"{pair.rules}\n{codes}"


@cache
def model_of(seed: int) -> dict[str, list[Row]]:
    """Return the rows of the model for the pair of a seed.

    Raises:
        UnsupportedError: the model does not know a construct of the pair.
    """
    pair = pair_of(seed)
    return evaluate(pair.rules, pair.arrivals)


def refusals(rules: str) -> set[str]:
    """Return the codes for which the binder refuses rules, warnings left out."""
    try:
        plan_rules([source_of(rules)])
    except CepError as refused:
        return {problem.code for problem in refused.problems if not problem.code.startswith("CEP6")}
    return set()


def check(seed: int, tier: str) -> None:
    """Fail with the fewest rows on which engine and model differ."""
    pair = pair_of(seed)
    mode = {"batch_rows": (1, 3, 10_000)[seed % 3], "restart_after": 11 if seed % 4 == 0 else None}
    try:
        if not differences(pair, expected=model_of(seed), tier=tier, **mode):
            return
    except UnsupportedError:
        # Another edge than `->` into a group that begins with an optional part before NOT .. FOR: the model does
        # not know what it is the edge of.
        assert {"gap", "->>", "adjacency"} & pair.tags, pair.rules
        return
    pair = smallest(pair, lambda p: bool(differences(p, tier=tier, **mode)))
    found = "\n".join(differences(pair, tier=tier, **mode))
    pytest.fail(f"seed {seed}, {tier}, {mode}\n{pair}\n{found}")


@pytest.mark.parametrize("start", range(0, EVERYDAY, BLOCK))
def test_patterns_are_what_the_model_says(start: int) -> None:
    for seed in range(start, start + BLOCK):
        check(seed, "python")


@pytest.mark.parametrize("start", range(0, EVERYDAY, 2 * BLOCK))
def test_every_third_pattern_compiled(start: int) -> None:
    for seed in range(start, start + 2 * BLOCK, 3):
        check(seed, "llvm")


def test_what_the_patterns_contain() -> None:
    """A third of them match something; each operator is in one of them."""
    tags: Counter[str] = Counter()
    matched = 0
    for seed in range(SAMPLE):
        pair = pair_of(seed)
        tags.update(pair.tags)
        matched += any(model_of(seed).values())
    assert matched >= SAMPLE // 3, matched
    assert not OPERATORS - tags.keys()


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_many_patterns_are_what_the_model_says(block: int) -> None:
    for seed in range(1_000 + block, 1_000 + SLOW, BLOCKS):
        check(seed, "llvm" if seed % 3 == 0 else "python")
