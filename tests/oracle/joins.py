"""Joins by brute force: all rows of both sides are kept for ever, and every pair is looked at.

A join stands in a rule of its own (`derived`), whose rows have the columns `owner.column` of both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.catalog import Event, joined_name, sides_of
from tests.oracle.expressions import evaluate
from tests.oracle.operator import Operator, RowScope, Timer

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog

Row = dict[str, Any]
LEFT, RIGHT = 0, 1


@dataclass
class Seen:
    """A row of a side, and whether it has had a partner."""

    event: Event
    number: int
    paired: bool = field(default=False)


class Joins(Operator):
    """A JOIN B: the pairs, and the rows of outer sides that found none."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        super().__init__(catalog, rule.name, reads, rule.name)
        query = rule.body.query
        assert isinstance(query, ast.Select)
        assert isinstance(query.from_, ast.Join)
        self.join = join = query.from_
        self.sides = sides_of(join)
        self.columns = [catalog.columns(stream) for _, stream in self.sides]
        both = catalog.constant(join.within) if join.within is not None else 0
        self.before = both if join.before is None else catalog.constant(join.before)
        self.after = both if join.after is None else catalog.constant(join.after)
        self.outer = {"left": (1, 0), "right": (0, 1), "full": (1, 1), "left_asof": (1, 0)}.get(
            join.kind, (0, 0)
        )
        self.table = catalog.tables.get(self.sides[RIGHT][1])
        self.latest = join.kind.endswith("asof") or self.table is not None
        self.seen: list[list[Seen]] = [[], []]
        if self.table is not None:
            stream = self.sides[RIGHT][1]
            self.seen[RIGHT] = [Seen(Event(stream, -1, row), -1) for row in self.table.rows]
        self.n = 0

    def on_event(self, event: Event) -> list[Row]:
        found = []
        for side, (_, stream) in enumerate(self.sides):
            if stream == event.stream:
                found += self._arrives(side, event)
        return found

    def _arrives(self, side: int, event: Event) -> list[Row]:
        mine = Seen(event, self.n)
        self.n += 1
        self.seen[side].append(mine)
        if self.latest:
            return self._latest(mine) if side == LEFT else []
        found = []
        for other in self.seen[1 - side]:
            pair = (mine, other) if side == LEFT else (other, mine)
            apart = pair[1].event.t - pair[0].event.t
            if -self.before <= apart <= self.after and self._fits(*pair):
                mine.paired = other.paired = True
                found.append(self._row(*pair))
        return found

    def _latest(self, mine: Seen) -> list[Row]:
        """Of the rows with the same key the last one; if ON does not hold for it, there is no partner."""
        for other in reversed(self.seen[RIGHT]):
            if self._same_key(mine, other):
                gone = self.table.removed_by if self.table is not None else ""
                if gone and other.event.row[gone] is None:
                    break
                if self._fits(mine, other):
                    return [self._row(mine, other)]
                break
        return [self._row(mine, None)] if self.outer[LEFT] else []

    def _scope(self, left: Seen | None, right: Seen | None) -> RowScope:
        return RowScope(self._row(left, right), set(), self.catalog.parameters)

    def _fits(self, left: Seen, right: Seen) -> bool:
        return evaluate(self.join.condition, self._scope(left, right)) is True

    def _same_key(self, left: Seen, right: Seen) -> bool:
        scope = self._scope(left, right)
        equal = [p for p in _parts(self.join.condition) if self._is_key(p)]
        return all(evaluate(p, scope) is True for p in equal)

    def _is_key(self, part: ast.Expression) -> bool:
        match part:
            case ast.Binary(
                operator="eq",
                left=ast.Member(target=ast.Name(name=a)),
                right=ast.Member(target=ast.Name(name=b)),
            ) if self.table is None:
                return (a == self.sides[RIGHT][0]) != (b == self.sides[RIGHT][0])
            case ast.Binary(operator="eq", left=left, right=right):
                return any(self._is_primary(side) for side in (left, right))
            case _:
                return False

    def _is_primary(self, side: ast.Expression) -> bool:
        """Whether this is a column of the table's key."""
        match side:
            case ast.Member(target=ast.Name(name=owner), name=name) if self.table is not None:
                return owner == self.sides[RIGHT][0] and name in self.table.key
            case _:
                return False

    def _row(self, left: Seen | None, right: Seen | None) -> Row:
        row: Row = {}
        for (owner, _), names, seen in zip(self.sides, self.columns, (left, right), strict=True):
            row |= {joined_name(owner, n): seen.event.row[n] if seen else None for n in names}
        return row

    def deadlines(self) -> list[Timer]:
        """Rows of outer sides without a partner, when their time is over."""
        if self.latest:
            return []
        found = []
        for side, length in ((LEFT, self.after), (RIGHT, self.before)):
            if self.outer[side]:
                found += [
                    Timer(
                        s.event.t + length, (s.number,), lambda s=s, side=side: self._alone(s, side)
                    )
                    for s in self.seen[side]
                    if not s.paired
                ]
        return found

    def _alone(self, seen: Seen, side: int) -> list[Row]:
        seen.paired = True
        return [self._row(seen, None) if side == LEFT else self._row(None, seen)]


def _parts(condition: ast.Expression) -> list[ast.Expression]:
    match condition:
        case ast.Binary(operator="and", left=left, right=right):
            return [*_parts(left), *_parts(right)]
        case _:
            return [condition]
