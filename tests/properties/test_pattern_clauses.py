"""Random patterns with gaps, GAP, skips to variables, PREV and ON TIMEOUT against the reference model."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from tests.oracle.comparison import differences
from tests.oracle.strategies import Pair
from tests.oracle.world import evaluate

STREAMS = """\
CREATE STREAM s (ts TIMESTAMP, kind STRING, k STRING, v INT, WATERMARK FOR ts AS ts);
CREATE STREAM q (ts TIMESTAMP, kind STRING, k STRING, v INT, WATERMARK FOR ts AS ts);
"""
# {x} and {y} are edges, {p} and {r} conditions.
PATTERNS = (
    "a[kind = 'a'] {x} b[{p}] {y} c[kind = 'c']",
    "a[{p}] {x} b[kind = 'b']{{2}} {y} c[{r}]",
    "a[kind = 'a'] {x} b[kind = 'b']? {y} c[{p}]",
    "(a[kind = 'a'] & b[{p}]) {x} c[kind = 'c']",
    "a[kind = 'a'] {x} (b[{p}] | c[v > 2]) {y} d[kind = 'a']",
    "a[{p}] {x} (b[kind = 'b'] & c[kind = 'c']) {y} d[v > 1]",
    "a[kind = 'a'] -> NOT n[{p}] {x} c[kind = 'c']",
    "a[kind = 'a'] {x} (b[kind = 'b'] {y} c[{p}]){{2}}",
    "a[{p}]+ {x} b[kind = 'b']",
    "a[kind = 'a'] {x} b[kind = 'b' AND v > a.v] -> NOT n[{p}] FOR 2s",
    "a[kind = 'a'] b[v >= a.v] {x} c[{p}]",
    "a[kind = 'a'] {x} b[{p}]{{2,}} STRICT {y} c",
    "a[kind = 'a'] {x} (b? {y} c[kind = 'c'])",
    "(a {x} b[kind = 'b']?) {y} c[{p}]",
    "a:s[kind = 'a'] {x} b:q[{p}] {y} c:s[kind = 'c']",
)
EDGES = ("->", "->", "-[..2s]->", "-[1s..3s]->", "-[2s..]->", "-[0s..0s]->")
CONDITIONS = (
    "kind = 'b'",
    "v > 1",
    "v > PREV(v)",
    "v < PREV(v, 2)",
    "PREV(kind) = 'a'",
    "v > PREV(v) AND kind <> PREV(kind)",
    "PREV(v) IS NULL OR v = 1",
)
SKIPS = (
    "",
    "",
    "PAST LAST EVENT",
    "NONE",
    "TO NEXT EVENT",
    "TO FIRST a",
    "TO LAST a",
    "TO FIRST c",
)
TIMEOUT = " ON TIMEOUT INSERT INTO late SELECT MATCH_STEP() AS step, MATCH_START() AS st"
EVERYDAY = 60
SEEDS = {"ci": 800, "full": 20_000}[os.environ.get("CEP_TEST_SIZE", "full")]


def pair_of(seed: int) -> Pair:
    """Return a rule with a pattern, and forty events with ties."""
    rng = random.Random(seed)
    x, y = rng.choice(EDGES), rng.choice(EDGES)
    p, r = rng.choice(CONDITIONS), rng.choice(CONDITIONS)
    pattern = rng.choice(PATTERNS).format(x=x, y=y, p=p, r=r)
    gap = rng.choice(("", "", "GAP 2s", "GAP 1s")) if "FOR" not in pattern else ""
    within = rng.choice(("WITHIN 6s", "WITHIN 6s", "" if gap else "WITHIN 8s"))
    skip = rng.choice([s for s in SKIPS if not s.endswith(" c") or "c[" in pattern])
    clauses = [
        rng.choice(("", "PARTITION BY k")),
        within,
        gap,
        f"AFTER MATCH SKIP {skip}" if skip else "",
        rng.choice(("", "STARTS FIRST")),
    ]
    source = "" if "a:s" in pattern else "s "
    rule = (
        f"CREATE RULE m AS SELECT MATCH_START() AS st, MATCH_END() AS en "
        f"FROM {source}MATCH ({pattern} {' '.join(c for c in clauses if c)}){rng.choice(('', TIMEOUT))};"
    )
    now, rows = 0, []
    for _ in range(40):
        now += rng.choice((0, 500_000, 1_000_000, 1_000_000, 2_000_000))
        row = {
            "ts": now,
            "kind": rng.choice(("a", "b", "c", "n", None)),
            "k": rng.choice(("x", "y")),
            "v": rng.choice((None, 0, 1, 2, 3, 4)),
        }
        rows.append((rng.choice("sq") if not source else "s", row))
    tags = {name for name in ("GAP", "PREV", "-[", "SKIP TO", "ON TIMEOUT", "FOR") if name in rule}
    return Pair(STREAMS + rule, tuple(rows), frozenset(tags))


def check(seed: int, tier: str) -> None:
    pair = pair_of(seed)
    mode = {"batch_rows": (1, 3, 10_000)[seed % 3], "restart_after": 11 if seed % 4 == 0 else None}
    found = differences(pair, tier=tier, **mode)
    assert not found, f"seed {seed}, {mode}\n{pair}\n" + "\n".join(found)


def test_clauses_are_what_the_model_says() -> None:
    for seed in range(EVERYDAY):
        check(seed, "llvm" if seed % 10 == 0 else "python")


def test_what_the_patterns_contain() -> None:
    """Half of them match something, and each clause is in one of twenty of those."""
    tags: Counter[str] = Counter()
    matched = 0
    for seed in range(2 * EVERYDAY):
        pair = pair_of(seed)
        if any(evaluate(pair.rules, pair.arrivals).values()):
            matched += 1
            tags.update(pair.tags)
    assert matched >= EVERYDAY
    assert all(n >= matched // 20 for n in tags.values()), tags
    assert len(tags) == 6


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_many_clauses_are_what_the_model_says(block: int) -> None:
    for seed in range(1_000 + block, 1_000 + SEEDS, 4):
        check(seed, "llvm" if seed % 10 == 0 else "python")
