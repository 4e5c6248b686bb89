"""Random patterns whose runs share their events, in both tiers, against the reference model."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from cep.compile import plan_rules
from cep.errors import CepError
from cep.plan.nodes import Match
from cep.plan.sharing import shares_bindings
from cep.plan.tree import source_of
from tests.harness.sources import source_of as text_of
from tests.oracle.comparison import differences, smallest
from tests.oracle.draw_pattern import STREAMS, Drawing, Variable, draw_arrivals
from tests.oracle.drawing import Draw
from tests.oracle.strategies import Pair
from tests.oracle.world import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYDAY = 40
SLOW = {"ci": 1_000, "full": 10_000}[os.environ.get("CEP_TEST_SIZE", "full")]
BLOCKS = 10
ROWS = 13
CONDITIONS = (
    "kind = 'a'", "kind = 'b'", "kind = 'b'", "kind = 'c'", "kind <> 'a'", "v > 1", "kind = 'c' AND v < 3",
)  # fmt: skip
SHOWN = ("COUNT({}.*)", "SUM({}.v)", "FIRST({}.v)", "MAX({}.v)", "LAST({}.v, 1, 0)", "SLOPE({}.v)")


@dataclass
class Forking(Drawing):
    """A pattern that grows, whose conditions read the candidate only."""

    def condition(self, variable: Variable, *, of_loop: bool = False) -> str:
        """Return a condition of a variable, at times none."""
        return "" if self.d.chance(0.08) else self.d.pick(CONDITIONS)

    def any_order(self, kind: str) -> str:
        """Return a step: groups in any order need cells of the run."""
        return self.step()


def drawn(rng: random.Random) -> Pair:
    """Return a rule and rows; the rule may be refused, or its runs may share nothing."""
    d = Draw(rng)
    drawing = Forking(d, several=d.chance(0.25), forks=True)
    pattern = drawing.sequence(d.pick((1, 2, 3)))
    items = ["MATCH_START() AS st", "COUNT(*) AS n", "CLASSIFIER() AS c", "MATCH_NUMBER() AS m"]
    for v in drawing.variables:
        if not v.negated:
            items += [f"{v.name}.v AS v_{v.name}", f"{d.pick(SHOWN).format(v.name)} AS a_{v.name}"]
    options = ["PARTITION BY k"] if d.chance(0.5) else []
    options += [f"WITHIN {d.seconds(3, 5, 8)} AFTER MATCH SKIP NONE"]
    if drawing.defines:
        options.append(f"DEFINE {', '.join(drawing.defines)}")
    source = "" if drawing.several else "s "
    text = f"CREATE RULE m AS SELECT {', '.join(items)} FROM {source}MATCH ({pattern} {' '.join(options)});"
    rows = draw_arrivals(d, several=drawing.several, most=ROWS)
    return Pair(STREAMS + text, rows, frozenset(d.tags))


def shares(rules: str) -> bool:
    """Return whether rules are not refused and the runs of their MATCH share their events."""
    try:
        node = plan_rules([text_of(rules)]).optimized.rules[0].root
    except CepError:
        return False
    while not isinstance(node, Match):
        below = source_of(node)
        assert below is not None
        node = below
    return shares_bindings(node)


@cache
def pair_of(seed: int) -> Pair:
    """Return the first pair of a seed in which runs share their events."""
    rng = random.Random(seed)
    pairs: Iterator[Pair] = iter(lambda: drawn(rng), None)
    return next(pair for pair in pairs if shares(pair.rules))


def check(seed: int, tier: str) -> int:
    """Fail with the fewest rows on which engine and model differ; return the number of matches."""
    pair = pair_of(seed)
    mode: dict[str, Any] = {
        "batch_rows": (1, 3, 10_000)[seed % 3],
        "restart_after": 7 if seed % 4 == 0 else None,
    }
    expected = evaluate(pair.rules, pair.arrivals)
    if differences(pair, expected=expected, tier=tier, **mode):
        pair = smallest(pair, lambda p: bool(differences(p, tier=tier, **mode)))
        found = "\n".join(differences(pair, tier=tier, **mode))
        pytest.fail(f"seed {seed}, {tier}, {mode}\n{pair}\n{found}")
    return sum(map(len, expected.values()))


def test_matches_are_those_of_the_model() -> None:
    matched = sum(check(seed, "python") > 0 for seed in range(EVERYDAY))
    assert matched >= EVERYDAY // 3, matched


def test_every_fourth_compiled() -> None:
    for seed in range(0, EVERYDAY, 4):
        check(seed, "llvm")


def test_what_the_patterns_contain() -> None:
    tags = {tag for seed in range(EVERYDAY) for tag in pair_of(seed).tags}
    wanted = {"->", "->>", "COMBINE", "NOT", "adjacency", "|", "quantified group", "STRICT"}
    assert not wanted - tags


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_many_matches_are_those_of_the_model(block: int) -> None:
    for seed in range(1_000 + block, 1_000 + SLOW, BLOCKS):
        check(seed, "llvm" if seed % 5 == 0 else "python")
