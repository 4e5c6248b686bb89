"""JOIN: its two sides, the keys that ON makes equal, its time bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.environment import StreamInfo
from cep.plan.bind.expressions import bind_condition
from cep.plan.bind.operators import convert
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import is_broken
from cep.plan.bind.scopes import Scope
from cep.plan.bind.tables import TIME
from cep.plan.conditions import conjunction
from cep.plan.expressions import Call, Column, Expr
from cep.plan.nodes import Join, Scan
from cep.plan.tree import conjuncts, walk
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.errors import Span
    from cep.plan.bind.environment import Environment

JOINED = "*"
"""How the name begins by which a join of a join knows the rows of the inner one; no name in a file begins so."""
_LOOKUPS = ("asof", "left_asof")
_OUTER = {
    "left": (True, False),
    "right": (False, True),
    "full": (True, True),
    "left_asof": (True, False),
}


def joined_name(owner: str, column: str) -> str:
    """Return the name of a column of a join: that of its side, a dot, its own."""
    return f"{owner}.{column}"


class _Side:
    """One side of a join: a stream under a name, or the rows of a join with the names of its sides.

    time_owner: of a join the side whose time its rows have, if it is always that one.
    """

    def __init__(self, number: int, table: ast.TableName, environment: Environment) -> None:
        self.number = number
        self.stream = environment.relation(table.name, table.span)
        self.owner = table.alias or table.name
        self.owners: tuple[str, ...] = (self.owner,)
        self.joined = self.owner.startswith(JOINED)
        self.time_owner = self.owner.removeprefix(JOINED)
        if self.joined:
            names = (c.name for c in self.stream.schema.columns if c.name != TIME)
            self.owners = tuple(dict.fromkeys(name.rpartition(".")[0] for name in names))
            self.owner = f"({', '.join(self.owners)})"
        self.span = table.span
        self.as_of = table.as_of

    @property
    def table(self) -> bool:
        """Whether it is a table."""
        return bool(self.stream.primary_key)

    def columns(self, *, nullable: bool) -> Iterator[ColumnSpec]:
        """Yield the columns as the join has them."""
        for column in self.stream.schema.columns:
            hidden = self.joined or (self.table and not self.stream.shows_time)
            if hidden and column.name == TIME:
                continue  # the time of the last change, or that of the row
            not_null = column.not_null and not nullable
            name = column.name if self.joined else joined_name(self.owner, column.name)
            yield ColumnSpec(name, column.type, not_null)

    def find(self, name: str) -> list[str]:
        """Return the columns of the side that a bare name may mean."""
        names = self.stream.schema.names()
        if self.joined:
            return [n for n in names if n != TIME and n.rpartition(".")[2] == name]
        return [n for n in names if n == name]


class _PairScope(Scope):
    """ON: the columns of one row of each side."""

    def __init__(self, sides: tuple[_Side, _Side], environment: Environment) -> None:
        super().__init__(environment, "ON")
        self.sides = sides

    def name(self, name: str, span: Span) -> Expr:
        """Return a column that one side has."""
        found = [(side, own) for side in self.sides for own in side.find(name)]
        if len(found) > 1:
            full = (own if s.joined else joined_name(s.owner, own) for s, own in found)
            message = f"both sides of the join have a column {name!r}"
            return self.report.add("CEP202", message, span, f"write {' or '.join(full)}")
        side, own = found[0] if found else (self.sides[0], name)
        return self._column(side, own, span, found=bool(found))

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column named with its side."""
        for side in self.sides:
            if owner in side.owners:
                own = joined_name(owner, name) if side.joined else name
                known = side.stream.schema.find(own) is not None
                return self._column(side, own, span, found=known)
        names = " and ".join(o for s in self.sides for o in s.owners)
        message = f"{owner!r} is no side of this join"
        return self.report.add("CEP202", message, span, f"there are {names}")

    def _column(self, side: _Side, name: str, span: Span, *, found: bool) -> Expr:
        column = side.stream.schema.find(name)
        if found and column is not None:
            return Column(side.number, name, column.type, column.not_null, span)
        from cep.plan.bind.report import BROKEN

        if any(s.stream.unknown for s in self.sides):
            return BROKEN
        return self.report.add("CEP202", f"unknown column {name!r}", span)


def bind_join(
    node: ast.Join, environment: Environment
) -> tuple[Join, StreamInfo, tuple[str, ...]] | None:
    """Return the join, what its rows look like to the clauses above it, and the names of its sides.

    Errors: CEP202, CEP209 two sides of one name, CEP216, CEP234, CEP303, CEP258 no equality in ON,
    CEP259 WITHIN missing or misplaced.
    """
    report = environment.report
    before = report.mistakes
    tables = [_table(t, environment) for t in (node.left, node.right)]
    if tables[0] is None or tables[1] is None:
        return None
    left, right = _Side(0, tables[0], environment), _Side(1, tables[1], environment)
    for owner in set(left.owners) & set(right.owners):
        hint = "give them names: FROM a AS x JOIN a AS y"
        report.add("CEP209", f"both sides of the join are called {owner!r}", node.span, hint)
    for side in (left, right):
        environment.needs_time(side.stream, "JOIN", side.span)
    _check_tables(node, left, right, environment)
    bounds = (0, 0) if right.table else _bounds(node, environment)
    condition = bind_condition(node.condition, _PairScope((left, right), environment))
    if bounds is None or is_broken(condition) or report.mistakes != before:
        return None
    lookup = node.kind in _LOOKUPS or right.table
    keys, rest = _split(condition, constants=right.table)
    if right.table:
        keys, rest = _by_primary_key(keys, rest, right)
    elif lookup:
        rest = [r for r in rest if not _is_time_order(r, left, right)]
    if right.table and len(keys) < len(right.stream.primary_key):
        names = ", ".join(joined_name(right.owner, n) for n in right.stream.primary_key)
        message = "ON must say what every column of the primary key equals"
        report.add("CEP258", message, node.condition.span, f"the key is {names}")
        return None
    if not keys:
        hint = "a join finds its partners by at least one equality: ON a.key = b.key"
        message = "ON says of no column of the one side what it equals"
        report.add("CEP258", message, node.condition.span, hint)
        return None
    outer = _OUTER.get(node.kind, (False, False))
    # NULL columns: those of the side that may have no partner for the other.
    columns = (*left.columns(nullable=outer[1]), *right.columns(nullable=outer[0]))
    join = Join(
        (Scan(left.stream.name, left.stream.schema), Scan(right.stream.name, right.stream.schema)),
        (left.owner, right.owner),
        tuple(keys),
        conjunction(tuple(rest)) if rest else None,
        "lookup" if lookup else "within",
        outer[0],
        outer[1],
        *bounds,
        Schema(columns),
        right.stream.removed_by,
    )
    unknown = left.stream.unknown or right.stream.unknown
    stream = StreamInfo("", join.schema, unknown, time_column=_time_column(join, left))
    return join, stream, (*left.owners, *right.owners)


def _time_column(join: Join, left: _Side) -> str | None:
    """Return the column that holds the time of the rows, if there is one: of a lookup that of the left row."""
    name = left.stream.time_column
    if join.kind != "lookup" or left.joined or name is None:
        return None
    return joined_name(left.owner, name)


def _check_tables(node: ast.Join, left: _Side, right: _Side, environment: Environment) -> None:
    """A table stands on the right, for inner and left joins without WITHIN (ruling 35)."""
    report = environment.report
    if left.table:
        hint = "write it on the right: FROM stream JOIN table ON .."
        report.add("CEP259", f"{left.owner} is a table on the left of a join", left.span, hint)
    if right.table and node.kind not in ("inner", "left"):
        message = "a table is joined with JOIN or LEFT JOIN"
        report.add("CEP259", message, right.span, "rows of a table are no events of their own")
    if right.table and any((node.within, node.before, node.after)):
        message = "a join with a table takes no WITHIN"
        report.add("CEP259", message, node.span, "it takes the row as it is then")
    for side in (left, right):
        moment = side.as_of
        if moment is None:
            continue
        if not side.table:
            refuse(report, "TableName.as_of", moment.span)
        elif not _is_its_time(moment, left):
            message = "a table is read as of the time of the event on the left"
            hint = f"write {joined_name(left.owner, left.stream.time_column or 'ts')}"
            hint = "leave FOR SYSTEM_TIME out" if left.joined else hint
            report.add("CEP259", message, moment.span, hint)


def _is_its_time(moment: ast.Expression, left: _Side) -> bool:
    """Return whether this is the time of the left row: of a join that of the one side that gives it its time."""
    match moment:
        case ast.Member(target=ast.Name(name=owner), name=name) if left.joined:
            return owner == left.time_owner and name == TIME
        case ast.Name(name=name) | ast.Member(name=name):
            return not left.joined and name == left.stream.time_column
        case _:
            return False


def _by_primary_key(
    keys: list[tuple[Expr, Expr]], rest: list[Expr], right: _Side
) -> tuple[list[tuple[Expr, Expr]], list[Expr]]:
    """Return the equalities with the primary key, in its order, and everything else ON says."""
    found: dict[str, tuple[Expr, Expr]] = {}
    others = []
    for pair in keys:
        name = pair[1].name if isinstance(pair[1], Column) else ""
        if name in right.stream.primary_key and name not in found:
            found[name] = pair
        else:
            others.append(Call("eq", pair, Type.BOOLEAN, pair[0].span))
    ordered = [found[n] for n in right.stream.primary_key if n in found]
    return ordered, [*others, *rest]


def _table(node: ast.Table, environment: Environment) -> ast.TableName | None:
    if isinstance(node, ast.TableName):
        return node
    hint = "read the stream of another rule, or put it into a subquery"
    environment.report.add("CEP224", "JOIN and MATCH in one SELECT", node.span, hint)
    return None


def _bounds(node: ast.Join, environment: Environment) -> tuple[int, int] | None:
    """Return how far a partner of the left row lies before and after it at most, us."""
    report = environment.report
    given = (node.within, node.before, node.after)
    if node.kind in _LOOKUPS:
        if any(given):
            report.add("CEP259", "ASOF JOIN takes no WITHIN", node.span, "it takes the latest row")
            return None
        return 0, 0
    if not any(given):
        hint = "a stream is endless: a JOIN b WITHIN 5m ON .."
        report.add("CEP259", "JOIN of two streams needs WITHIN", node.span, hint)
        return None
    if node.within is not None:
        us = bind_duration(node.within, "WITHIN of a join", environment, zero=True)
        return None if us is None else (us, us)
    assert node.before is not None
    assert node.after is not None
    before = bind_duration(node.before, "BEFORE of a join", environment, zero=True)
    after = bind_duration(node.after, "AFTER of a join", environment, zero=True)
    return None if before is None or after is None else (before, after)


def _split(condition: Expr, *, constants: bool) -> tuple[list[tuple[Expr, Expr]], list[Expr]]:
    """Return the equalities between the sides as (left, right), and what else ON says.

    constants: whether a constant may stand for the left side.
    """
    keys: list[tuple[Expr, Expr]] = []
    rest: list[Expr] = []
    for part in conjuncts(condition):
        pair = _equality(part, constants=constants)
        if pair is None:
            rest.append(part)
        else:
            keys.append(pair)
    return keys, rest


def _equality(part: Expr, *, constants: bool) -> tuple[Expr, Expr] | None:
    if not (isinstance(part, Call) and part.function == "eq"):
        return None
    sides = [{e.input for e in walk(a) if isinstance(e, Column)} for a in part.args]
    first, second = part.args
    lefts = [{0}, set()] if constants else [{0}]
    if sides[0] == {1} and sides[1] in lefts:
        first, second = second, first
    elif sides[1] != {1} or sides[0] not in lefts:
        return None
    if first.type is not second.type:
        first, second = convert(first, Type.DOUBLE), convert(second, Type.DOUBLE)
    return first, second


def _is_time_order(part: Expr, left: _Side, right: _Side) -> bool:
    """Return whether this says only that the right row is not after the left one."""
    if not (isinstance(part, Call) and part.function in ("le", "ge")):
        return False
    later, earlier = part.args if part.function == "ge" else part.args[::-1]
    return (
        isinstance(later, Column)
        and isinstance(earlier, Column)
        and (later.input, later.name) == (0, left.stream.time_column)
        and (earlier.input, earlier.name) == (1, right.stream.time_column)
    )
