"""Random tables (of UPSERT, of incidents, of views), joined, and asked with IN and EXISTS, against the model."""

from __future__ import annotations

import os
import random

import pytest

from tests.oracle.comparison import differences
from tests.oracle.strategies import Pair

STREAMS = """\
CREATE STREAM a (ts TIMESTAMP, k STRING, n INT, v DOUBLE, WATERMARK FOR ts AS ts - 1s);
CREATE STREAM b (ts TIMESTAMP, k STRING, n INT, v DOUBLE, WATERMARK FOR ts AS ts - 1s);
"""
KEPT = (
    "CREATE TABLE t (k STRING PRIMARY KEY, n INT, v DOUBLE);\n"
    "CREATE RULE fill AS UPSERT INTO t SELECT k, n, v FROM b WHERE n > 0;\n"
)
VIEW = "CREATE VIEW t AS SELECT k, COUNT(*) AS n, {f}(v) AS v FROM b WHERE v > 0.6 GROUP BY k;\n"
INCIDENT = (
    "CREATE INCIDENT t KEY (k)\n"
    "  OPEN ON b WHERE n > 1 SET n = b.n, v = b.v\n"
    "  UPDATE ON b AS e WHERE e.n {test} t2 SET n = e.n, v = e.v\n"
    "  CLOSE ON {closer} AS c WHERE c.n = 1\n"
    "{more}  EMIT {emit};\n"
)
MORE = ("", "  CLOSE WHEN v > 2\n", "  CLOSE AFTER 3s IDLE\n", "  CLOSE AFTER 4s\n")
COOLDOWNS = ("", "", "  COOLDOWN 1s\n", "  COOLDOWN 3s\n")
EMITS = (
    "OPENED",
    "OPENED, CLOSED",
    "OPENED, UPDATED, CLOSED",
    "OPENED, UPDATED EVERY 2s",
    "UPDATED ON CHANGE OF (n), CLOSED",
    "OPENED, UPDATED ON CHANGE OF (v, n)",
)
RULES = (
    "SELECT x.k, x.n AS m, t.n, t.v FROM a AS x LEFT JOIN t ON t.k = x.k",
    "SELECT x.k, x.n AS m, t.n FROM a AS x JOIN t ON t.k = x.k AND t.n < x.n",
    "SELECT k, n FROM a WHERE k IN t",
    "SELECT k, n FROM a WHERE k NOT IN t AND n > 1",
    "SELECT k, n FROM a WHERE EXISTS (SELECT * FROM t WHERE t.k = a.k AND t.v > a.v)",
    "SELECT x.k, v FROM a AS x WHERE NOT EXISTS (SELECT * FROM t WHERE t.k = x.k AND n >= x.n)",
    "SELECT x.k, y.n AS m, t.n FROM a AS x JOIN b AS y WITHIN 2s ON x.k = y.k LEFT JOIN t ON t.k = y.k",
    "SELECT x.v, COUNT(*) AS c FROM a AS x JOIN t ON t.k = x.k JOIN a AS z WITHIN 1s ON z.n = t.n GROUP BY x.v, TUMBLE(4s)",
    "SELECT k, COUNT(*) AS c, SUM(n) AS s FROM a WHERE k IN t GROUP BY k, TUMBLE(3s)",
    "SELECT k, x.n AS n1, y.n AS n2 FROM (SELECT * FROM a WHERE k IN t) MATCH (x -> y[n > x.n] PARTITION BY k WITHIN 5s)",
)
SEEDS = {"ci": 200, "full": 3_000}[os.environ.get("CEP_TEST_SIZE", "full")]


def pair_of(seed: int) -> Pair:
    """Return a table, two rules that read it, and rows somewhat out of order."""
    rng = random.Random(seed)
    kind = rng.choice(("kept", "view", "incident", "incident", "incident"))
    match kind:
        case "kept":
            table = KEPT
        case "view":
            table = VIEW.format(f=rng.choice(("LAST", "MAX", "SUM")))
        case _:
            more = "".join(rng.sample(MORE, 2)) + rng.choice(COOLDOWNS)
            test = rng.choice((">", "<", "<>"))
            closer = rng.choice("aab")
            table = INCIDENT.format(test=test, closer=closer, more=more, emit=rng.choice(EMITS))
            table = table.replace(" t2 ", " n ")
    rules = "".join(f"CREATE RULE r{i} AS {rule};\n" for i, rule in enumerate(rng.sample(RULES, 2)))
    now, rows = 0, []
    for _ in range(40):
        now += rng.choice((0, 0, 500_000, 1_000_000, 2_000_000))
        row = {
            "ts": max(0, now - rng.choice((0, 0, 0, 1_000_000))),
            "k": rng.choice(("p", "q", "r", None)),
            "n": rng.choice((None, 1, 2, 3)),
            "v": rng.choice((None, 0.5, 1.5, 2.5)),
        }
        rows.append((rng.choice("ab"), row))
    text = f"{STREAMS}{table}{rules}" if rng.random() < 0.5 else f"{STREAMS}{rules}{table}"
    return Pair(text, tuple(rows), frozenset())


def check(seed: int, tier: str) -> None:
    pair = pair_of(seed)
    mode = {"batch_rows": (1, 4, 10_000)[seed % 3], "restart_after": 15 if seed % 4 == 0 else None}
    found = differences(pair, tier=tier, **mode)
    assert not found, f"seed {seed}, {mode}\n{pair}\n" + "\n".join(found)


def test_tables_are_what_the_model_says() -> None:
    for seed in range(60):
        check(seed, "python")
    for seed in range(60, 66):
        check(seed, "llvm")


@pytest.mark.slow
def test_many_tables_are_what_the_model_says() -> None:
    for seed in range(100, 100 + SEEDS):
        check(seed, "llvm" if seed % 10 == 0 else "python")
