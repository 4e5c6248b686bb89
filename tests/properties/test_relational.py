"""Random windows, frames and joins above one another, against the reference model.

Each file has up to three rules: one over a stream; a join whose sides are streams, rules, subqueries or the rows of a window table function; one over
its rows. `CEP_TEST_SIZE=full` draws 10,000 files.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.oracle.comparison import differences
from tests.oracle.draw_queries import Items, draw_over, draw_select, draw_window, rule
from tests.oracle.drawing import Draw, Stream
from tests.oracle.strategies import Pair

COLUMNS = {
    "ts": "TIMESTAMP",
    "k": "STRING",
    "n": "INT",
    "v": "DOUBLE",
    "kind": "STRING",
    "up": "BOOLEAN",
}
SOURCES = tuple(Stream(name, dict(COLUMNS)) for name in "ab")
DECLARED = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
TEXT = "\n".join(
    f"CREATE STREAM {s.name} ({DECLARED}, WATERMARK FOR ts AS ts - 1s);" for s in SOURCES
)
DRAWS = (draw_window, draw_window, draw_over, draw_select)
KINDS = ("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "ASOF JOIN", "LEFT ASOF JOIN")
BOUNDS = ("WITHIN 3s", "WITHIN 1s", "WITHIN (1s BEFORE, 4s AFTER)", "WITHIN (2s BEFORE, 0s AFTER)")
BOUND_NAMES = {"window_start", "window_end", "window_time"}
SEEDS = {"ci": 3_000, "full": 10_000}[os.environ.get("CEP_TEST_SIZE", "full")]
BLOCK = 250


def side(d: Draw, stream: Stream, alias: str) -> tuple[str, Stream]:
    """Return a side of a join: a stream, the rows of its windows, or a query over it."""
    kind = d.pick(("stream", "stream", "windowed", "windowed", "query"))
    if kind == "windowed" and not BOUND_NAMES & {*stream.columns}:
        d.tag("rows of windows beside a join")
        step = d.pick((2, 3, 5))
        call = d.pick((
            f"TUMBLE(TABLE {stream.name}, DESCRIPTOR(ts), INTERVAL '{step}' SECOND)",
            f"HOP(TABLE {stream.name}, DESCRIPTOR(ts), INTERVAL '{step}' SECOND, INTERVAL '{2 * step}' SECOND)",
            f"CUMULATE(TABLE {stream.name}, DESCRIPTOR(ts), INTERVAL '{step}' SECOND, INTERVAL '{2 * step}' SECOND)",
        ))
        columns = {**stream.columns, **dict.fromkeys(sorted(BOUND_NAMES), "TIMESTAMP")}
        return f"TABLE({call}) AS {alias}", Stream(alias, columns)
    if kind == "query":
        d.tag("queries beside a join")
        text, made = d.pick(DRAWS)(d, "inner", "", stream)
        query = text.removeprefix("CREATE RULE inner AS ").removesuffix(";")
        return f"({query}) AS {alias}", Stream(alias, made.columns)
    return f"{stream.name} AS {alias}", Stream(alias, stream.columns)


def condition(d: Draw, left: Stream, right: Stream) -> str:
    """Return ON: one equality of columns of one type or more, and sometimes a comparison; empty if there is none."""
    pairs = [
        f"x.{m} = y.{n}"
        for kind in ("STRING", "INT", "TIMESTAMP", "BOOLEAN")
        for m in left.columns
        for n in right.columns
        if left.columns[m] == right.columns[n] == kind
        and (kind != "TIMESTAMP" or {m, n} <= BOUND_NAMES)
    ]
    if not pairs:
        return ""
    named = [p for p in pairs if p == "x.k = y.k"]
    found = named if named and d.chance(0.6) else d.some(pairs, 1, 2)
    numbers = left.of("INT", "DOUBLE"), right.of("INT", "DOUBLE")
    if all(numbers) and d.chance(0.3):
        found = [*found, f"x.{d.pick(numbers[0])} <= y.{d.pick(numbers[1])}"]
    return " AND ".join(found)


def draw_join(d: Draw, name: str, streams: list[Stream]) -> tuple[str, Stream] | None:
    """Return a rule over a join; None where the sides have nothing in common."""
    left, x = side(d, d.pick(streams), "x")
    right, y = side(d, d.pick(streams), "y")
    on = condition(d, x, y)
    if not on:
        return None
    kind = d.pick(KINDS)
    d.tag(kind)
    bound = "" if "ASOF" in kind else d.pick(BOUNDS)
    items = Items()
    for alias, given in (("x", x), ("y", y)):
        for column in d.some([c for c in given.columns if c != "ts"], 1, 4):
            known = column in ("k", "n", "v") and column not in items.columns
            items.add(
                f"{alias}.{column}", given.columns[column], column if known else f"{alias}_{column}"
            )
    where = ""
    if d.chance(0.2):
        where = f" WHERE {d.pick(('x', 'y'))}.ts IS NOT NULL"
    query = f"SELECT {items} FROM {left} {kind} {right} {bound} ON {on}{where}"
    return rule(name, "", query), items.stream(name, "")


def pair_of(seed: int) -> Pair:
    """Return rules and rows of both streams, somewhat out of order."""
    rng = random.Random(seed)
    d = Draw(rng)
    streams, texts = list(SOURCES), [TEXT]
    if d.chance(0.5):
        text, made = d.pick(DRAWS)(d, "r1", "", d.pick(streams))
        texts.append(text)
        streams.append(made)
    joined = draw_join(d, "r2", streams)
    if joined is not None:
        texts.append(joined[0])
        if d.chance(0.5):
            texts.append(d.pick(DRAWS)(d, "r3", "", joined[1])[0])
    now, rows = 0, []
    for _ in range(rng.choice((10, 25, 40))):
        now += rng.choice((0, 0, 500_000, 1_000_000, 2_000_000))
        row = {
            "ts": max(0, now - rng.choice((0, 0, 0, 1_000_000))),
            "k": rng.choice(("a", "b", None)),
            "n": rng.choice((None, 1, 2, 3)),
            "v": rng.choice((None, 0.5, 1.5, 2.5)),
            "kind": rng.choice("xyz"),
            "up": rng.choice((True, False, None)),
        }
        rows.append((rng.choice("ab"), row))
    return Pair("\n".join([*d.parameters.values(), *texts]), tuple(rows), frozenset(d.tags))


def check(seed: int, tier: str) -> None:
    """Fail with rules and rows where engine and model differ."""
    pair = pair_of(seed)
    mode = {"batch_rows": (1, 4, 10_000)[seed % 3], "restart_after": 9 if seed % 4 == 0 else None}
    found = differences(pair, tier=tier, **mode)
    assert not found, f"seed {seed}, {mode}\n{pair}\n" + "\n".join(found)


def test_windows_frames_and_joins_are_what_the_model_says() -> None:
    for seed in range(40):
        check(seed, "python")
    for seed in range(40, 46):
        check(seed, "llvm")


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100, 100 + SEEDS, BLOCK))
def test_many_windows_frames_and_joins(start: int) -> None:
    for seed in range(start, start + BLOCK):
        check(seed, "llvm" if seed % 10 == 0 else "python")
