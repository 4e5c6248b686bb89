"""Which rule runs before which, and which streams share a clock (rulings 1 and 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Flow:
    """One rule as a step of the data flow: streams read, streams written (the main one first), declaration."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    declaration: int


def topological(flows: Sequence[Flow]) -> tuple[tuple[Flow, ...], tuple[Flow, ...]]:
    """Return the rules in topological order, ties by declaration, and the rules that stand in circles.

    A rule comes after every rule that writes a stream it reads.
    """
    waiting = sorted(flows, key=lambda f: f.declaration)
    ordered: list[Flow] = []
    while waiting:
        unwritten = {name for f in waiting for name in f.writes}
        ready = next((f for f in waiting if not unwritten & set(f.reads)), None)
        if ready is None:
            return tuple(ordered), _circle(waiting)
        ordered.append(ready)
        waiting.remove(ready)
    return tuple(ordered), ()


def _circle(waiting: Sequence[Flow]) -> tuple[Flow, ...]:
    """Return the rules of one circle, in the order of the flow, from the first declared one of it."""
    path: list[Flow] = [waiting[0]]
    while True:
        feeder = next(f for f in waiting if set(f.writes) & set(path[-1].reads))
        if feeder in path:
            circle = path[path.index(feeder) :][::-1]
            first = min(range(len(circle)), key=lambda i: circle[i].declaration)
            return tuple(circle[first:] + circle[:first])
        path.append(feeder)


def roots(flows: Iterable[Flow], sources: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return for each stream the source streams that reach it; `flows` are in topological order."""
    reached: dict[str, frozenset[str]] = {name: frozenset((name,)) for name in sources}
    for flow in flows:
        above = frozenset().union(*(reached.get(name, frozenset()) for name in flow.reads))
        for name in flow.writes:
            reached[name] = reached.get(name, frozenset()) | above
    return reached


def components(
    sources: Sequence[str], flows: Iterable[Flow], reached: Mapping[str, frozenset[str]]
) -> tuple[tuple[str, ...], ...]:
    """Return the groups of source streams that reach a common rule, each in declaration order."""
    group: dict[str, set[str]] = {name: {name} for name in sources}
    for flow in flows:
        joined: set[str] = set()
        for name in flow.reads:
            for source in reached.get(name, frozenset()):
                joined |= group[source]
        for source in joined:
            group[source] = joined
    distinct: list[set[str]] = []
    for name in sources:
        if group[name] not in distinct:
            distinct.append(group[name])
    return tuple(tuple(n for n in sources if n in members) for members in distinct)
