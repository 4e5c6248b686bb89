"""What all rules of the model share: events in, rows out, pending window ends and deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate, item_name
from tests.oracle.ordering import orders
from tests.oracle.throttle import throttles_of
from tests.oracle.values import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.oracle.catalog import Catalog, Event
    from tests.oracle.expressions import Scope

Row = dict[str, Any]


@dataclass
class Timer:
    """Something that happens in phase 2 or 3 of instant `t`; `order` ranks those of one rule."""

    t: int
    order: tuple[int, ...]
    act: Callable[[], list[Row]]


class Operator:
    """A rule at work. `on_event` and the actions of timers return the rows to emit, in order.

    ended: input has ended, nothing but what is pending happens any more.
    """

    ended = False

    def __init__(self, catalog: Catalog, name: str, reads: list[str], target: str) -> None:
        self.catalog = catalog
        self.name = name
        self.reads = reads
        self.target = target
        self.targets = [target]

    def sees(self, t: int) -> None:
        """Learn that an event at t came to the rule or to a query inside it."""

    def on_event(self, event: Event) -> list[Row]:
        """Take an event of a stream this rule reads."""
        raise NotImplementedError

    def at_end(self, t: int) -> list[Row]:
        """Return what the end of input gives after all deadlines (ruling 8)."""
        del t
        return []

    def windows(self) -> list[Timer]:
        """Return the windows that are still open: phase 2."""
        return []

    def deadlines(self) -> list[Timer]:
        """Return the pending inclusive deadlines: phase 3."""
        return []


class Projection:
    """A SELECT list with the throttles behind it, and the stream it writes; orders: whether ORDER BY may stand there."""

    orders = False

    def __init__(self, catalog: Catalog, body: ast.Insert, target: str) -> None:
        query = body.query
        if not isinstance(query, ast.Select) or body.columns:
            raise UnsupportedError(target)
        if (orders(query) and not self.orders) or query.with_:
            raise UnsupportedError(target)
        self.catalog = catalog
        self.target = target
        self.query = query
        self.throttles = throttles_of(query.output, catalog)

    def rows(self, t: int, scopes: Iterable[Scope]) -> list[Row]:
        """Return the output rows of scopes that passed all conditions, throttled."""
        found: list[Row] = []
        for scope in scopes:
            row: Row | None = self.project(t, scope)
            for throttle in self.throttles:
                row = throttle.offer(t, row) if row is not None else None
            if row is not None:
                found.append(Sent(self.target, row))
        return found

    def project(self, t: int, scope: Scope) -> Row:
        """Return the SELECT list of a scope, with the column ts = T if it has none."""
        row: Row = {}
        for item in self.query.items:
            if isinstance(item, ast.Star) or isinstance(item.value, ast.MemberStar):
                row |= self.star(item, scope)
            else:
                row[item_name(item)] = evaluate(item.value, scope)
        return row if "ts" in row else {"ts": t, **row}

    def star(self, item: ast.Star | ast.SelectItem, scope: Scope) -> Row:
        """Return the columns of `*`, or of `v.*` of a pattern."""
        names = self.catalog.item_names(item, self.query)
        if isinstance(item, ast.SelectItem):
            assert isinstance(item.value, ast.MemberStar)
            assert isinstance(item.value.target, ast.Name)
            owner = item.value.target.name
            return {n: scope.member(owner, n.removeprefix(f"{owner}_")) for n in names}
        return {n: scope.name(n) for n in names}


class Sent(dict[str, Any]):
    """A row with the stream it goes to, for rules that write several."""

    def __init__(self, target: str, row: Row) -> None:
        super().__init__(row)
        self.target = target


class QueryOperator(Operator, Projection):
    """A rule with a SELECT: its list, the throttles behind it, its ON TIMEOUT queries."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        target = rule.body.target or rule.name
        Operator.__init__(self, catalog, rule.name, reads, target)
        Projection.__init__(self, catalog, rule.body, target)
        self.timeouts = [
            Projection(catalog, t, t.target or f"{rule.name}_timeout") for t in rule.timeouts
        ]
        self.targets = list(dict.fromkeys([target, *(t.target for t in self.timeouts)]))


class RowScope:
    """The names of one row of a stream; `owners` are the names the stream goes by."""

    def __init__(self, row: Row, owners: set[str], parameters: dict[str, Any]) -> None:
        self.row = row
        self.owners = owners
        self.parameters = parameters

    def name(self, name: str) -> Any:
        """Return a column."""
        # Rows of a join have columns `owner.column`.
        found = [n for n in self.row if n == name or n.endswith(f".{name}")]
        if len(found) != 1:
            msg = f"column {name}"
            raise UnsupportedError(msg)
        return self.row[found[0]]

    def member(self, owner: str, name: str) -> Any:
        """Return `stream.column`."""
        if f"{owner}.{name}" in self.row:
            return self.row[f"{owner}.{name}"]
        if owner not in self.owners:
            msg = f"{owner}.{name}"
            raise UnsupportedError(msg)
        return self.name(name)

    def call(self, call: ast.Call) -> Any:
        """A row alone has no aggregates."""
        raise UnsupportedError(call.name)
