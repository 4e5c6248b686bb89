"""Random pairs of rules (as text) and streams, with the constructs each contains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.oracle.draw_incident import draw_incident
from tests.oracle.draw_match import draw_match
from tests.oracle.draw_queries import draw_over, draw_select, draw_window
from tests.oracle.drawing import KINDS, Draw, Stream, condition

if TYPE_CHECKING:
    from collections.abc import Sequence

Arrivals = tuple[tuple[str, dict[str, Any]], ...]
SECOND = 1_000_000
VALUES = (0.0, 0.5, 1.0, 2.5, 2.5, 5.0, 10.0, 20.0)


@dataclass(frozen=True)
class Pair:
    """Rules, rows in arrival order, and the names of the constructs in them."""

    rules: str
    arrivals: Arrivals
    tags: frozenset[str]

    def __str__(self) -> str:
        rows = "\n".join(f"  {stream} {row}" for stream, row in self.arrivals)
        return f"{self.rules}\n{rows}"


def pairs() -> st.SearchStrategy[Pair]:
    """Return the strategy of all pairs."""
    return st.randoms(use_true_random=False).map(draw_pair)


def seeded(seed: int) -> Pair:
    """Return the pair of a seed."""
    return draw_pair(Random(seed))


def draw_pair(random: Random) -> Pair:
    """Return a pair."""
    d = Draw(random)
    count = d.pick((1, 1, 2, 2, 3))
    declared = [_declared(d, number, count) for number in range(count)]
    streams = [stream for _, stream in declared]
    rules = _rules(d, list(streams))
    arrivals = _arrivals(d, streams)
    text = "\n".join([*(t for t, _ in declared), *d.parameters.values(), *rules])
    if d.parameters:
        d.tag("PARAM")
    if count > 1:
        d.tag("several streams")
    return Pair(text, arrivals, frozenset(d.tags))


def _declared(d: Draw, number: int, count: int) -> tuple[str, Stream]:
    """Return CREATE STREAM number `number`."""
    name, time = "stu"[number], "at" if number == 2 else "ts"
    columns = {time: "TIMESTAMP", "k": "STRING", "n": "INT", "v": "DOUBLE"}
    columns |= {"kind": "STRING"} if number == 0 else {"flag": "BOOLEAN"}
    delay = d.pick((0, 0, 1, 2, 5))
    parts = [f"{n} {t}" for n, t in columns.items()]
    parts.append(f"WATERMARK FOR {time} AS {time}" + (f" - {delay}s" if delay else ""))
    d.tag("WATERMARK with a delay" if delay else "WATERMARK")
    options = ""
    if d.chance(0.25):
        d.tag("TIEBREAK")
        parts.append(f"TIEBREAK BY ({d.pick(('k', 'k, n', 'v'))})")
    if d.chance(0.25):
        d.tag("LATE INTO")
        parts.append(f"LATE INTO late_{name}")
    elif number and d.chance(0.2):
        d.tag("late = 'adjust'")
        options = " WITH (late = 'adjust')"
    return f"CREATE STREAM {name} ({', '.join(parts)}){options};", Stream(name, columns, time)


def _rules(d: Draw, streams: list[Stream]) -> list[str]:
    """Return rules; each may read the streams that those before it write."""
    found = []
    derived: list[Stream] = []
    for number in range(d.pick((1, 1, 2, 2, 3, 4))):
        chained = bool(derived) and d.chance(0.5)
        readable = [*streams, *derived] if chained else streams
        name = f"r{number}"
        if d.chance(0.08):
            texts, output = _union(d, name, readable)
            found += texts
            derived.append(output)
            continue
        into = f"out{number}" if d.chance(0.3) else ""
        text, output = _rule(d, name, into, readable, derived if chained else readable)
        if chained and any(f" {s.name}" in text or f":{s.name}" in text for s in derived):
            d.tag("chained rules")
        if into:
            d.tag("INSERT INTO")
        found.append(text)
        derived.append(output)
    return found


def _union(d: Draw, name: str, readable: Sequence[Stream]) -> tuple[list[str], Stream]:
    """Return two rules that write one stream, with columns of their own and one in common."""
    d.tag("two rules of one stream")
    texts = []
    changes = False
    columns = {"ts": "TIMESTAMP", "k": "STRING", "x": "DOUBLE", "y": "INT"}
    for number, (items, wanted) in enumerate((("k, v AS x", "v"), ("k, n AS x, n AS y", "n"))):
        usable = [s for s in readable if s.columns.get("k") == "STRING"]
        stream = d.pick([s for s in usable if s.columns.get(wanted) in ("INT", "DOUBLE")])
        changes = changes or stream.changes
        if stream.columns[wanted] == "DOUBLE" and wanted == "n":
            items = "k, n AS x"
        where = f" WHERE {condition(d, stream)}" if d.chance(0.5) else ""
        query = f"SELECT {items} FROM {stream.name}{where}"
        texts.append(f"CREATE RULE {name}_{number} AS INSERT INTO {name}_u {query};")
    # A rule that reads the stream makes one clock for all that write it.
    texts.append(f"CREATE RULE {name} AS SELECT k, x + 1 AS x FROM {name}_u;")
    return texts, Stream(f"{name}_u", columns, changes=changes)


def _rule(
    d: Draw, name: str, into: str, readable: Sequence[Stream], liked: Sequence[Stream]
) -> tuple[str, Stream]:
    kind = d.pick(("select", "window", "over", "match", "match", "match", "incident"))
    if kind == "incident":
        found = draw_incident(d, name, into, list(readable))
        if found is not None:
            return found
    if kind in ("match", "incident"):
        return draw_match(d, name, into, list(readable))
    draw = {"select": draw_select, "window": draw_window, "over": draw_over}[kind]
    stream = d.pick(liked)
    text, output = draw(d, name, into, stream)
    grouped = " GROUP BY " in text
    return text, replace(
        output, changes=" EMIT CHANGES" in text or (stream.changes and not grouped)
    )


def _arrivals(d: Draw, streams: list[Stream]) -> Arrivals:
    rows: list[tuple[str, dict[str, Any]]] = []
    now = d.pick((0, 3, -7, 1000))
    steps = d.pick(((0, 1, 1), (0, 0, 1, 2), (1, 2, 3), (0, 1, 1, 4, 9), (0, 1, 1, 1, 1, 300)))
    disorder = d.chance(0.4)
    edge = 0.3 if d.chance(0.15) else 0.0
    nulls = 0.08 if d.chance(0.5) else 0.0
    keys: Sequence[str] = d.pick((("a",), ("a", "b"), ("a", "b", "c")))
    count = d.pick((4, 12, 20, 30, 40))
    if d.chance(0.04):
        keys, count, steps = [f"k{i}" for i in range(40)], 150, (0, 0, 0, 1)
    for _ in range(count):
        now += d.pick(steps)
        stream = d.pick(streams)
        back = d.pick((0, 0, 0, 1, 2, 6)) if disorder else 0
        row = {stream.time: (now - back) * SECOND - d.chance(edge)}
        row |= {n: _value(d, n, t, keys) for n, t in stream.columns.items() if n != stream.time}
        for name in row:
            if name != stream.time and d.chance(nulls):
                d.tag("NULLs")
                row[name] = None
        rows.append((stream.name, row))
    times = [row[s.time] for s in streams for name, row in rows if name == s.name]
    if len(set(times)) < len(times):
        d.tag("ties")
    if disorder:
        d.tag("disorder")
    return tuple(rows)


def _value(d: Draw, name: str, kind: str, keys: Sequence[str]) -> Any:
    match kind:
        case "STRING":
            return d.pick(keys if name == "k" else KINDS)
        case "INT":
            return d.pick((0, 1, 2, 3))
        case "BOOLEAN":
            return d.pick((True, False))
        case _:
            return d.pick(VALUES)


def without_row(pair: Pair, number: int) -> Pair:
    """Return a pair without one of its rows."""
    return replace(pair, arrivals=pair.arrivals[:number] + pair.arrivals[number + 1 :])
