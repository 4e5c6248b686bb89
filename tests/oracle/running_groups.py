"""GROUP BY without a window: the rows that EMIT CHANGES, EVERY and ON CHANGE OF give (ruling 38)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.expressions import evaluate, item_name
from tests.oracle.operator import QueryOperator, Timer
from tests.oracle.values import UnsupportedError
from tests.oracle.windows import GroupRows, GroupScope, Open

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]


class RunningGroups(GroupRows):
    """A group lasts for ever; each of its rows changes it."""

    def __init__(self, catalog: Catalog, rule: ast.CreateRule, reads: list[str]) -> None:
        QueryOperator.__init__(self, catalog, rule, reads)
        emits = [c for c in self.query.output if isinstance(c, ast.Emit)]
        if len(emits) != 1 or emits[0].mode not in ("changes", "every", "on_change"):
            msg = "GROUP BY without a window"
            raise UnsupportedError(msg)
        self.emit = emits[0]
        self.kind = self.emit.kind or "last"
        self.every = 0 if self.emit.every is None else catalog.constant(self.emit.every)
        self.groups: list[Open] = []
        self.changes: list[Open] = []
        self.ticked: int | None = None
        self.since = 0
        self.shown: list[tuple[list[Any], list[Any], int]] = []
        times = [a.args[0] for a in rule.annotations if a.name.lower() == "ttl"]
        self.ttl = catalog.constant(times[0]) if times else None
        self.begin(list(self.query.group_by))

    def on_event(self, event: Event) -> list[Row]:
        key = self.taken(event)
        if key is None:
            return []
        if self.ttl is not None:
            self.groups = [g for g in self.groups if g.end + self.ttl >= event.t]
            self.shown = [s for s in self.shown if s[2] + self.ttl >= event.t]
            alive = [g.key for g in self.groups]
            self.seen = [(k, e) for k, e in self.seen if e is event or k in alive]
        found = [g for g in self.groups if g.key == key]
        if not found:
            found = [Open(event.t, event.t, key)]
            self.groups += found
        group = found[0]
        group.events.append(event)
        group.end = event.t
        if self.emit.mode == "every":
            self.changes.append(Open(group.start, event.t, key, [*group.events]))
            instant = event.t + 1 if event.phase > 2 else event.t
            if len(self.changes) == 1:
                self.since = instant // self.every * self.every
            if self.ticked is None:
                self.ticked = self.since
            return []
        return self._row(group, event.t)

    def _row(self, group: Open, t: int) -> list[Row]:
        """Return the row of a group, unless HAVING holds it back or nothing asked for has changed."""
        scope = GroupScope(self, group)
        having = self.query.having
        if having is not None and evaluate(having, scope) is not True:
            return []
        if self.emit.mode == "on_change":
            values = [self._value(c, scope) for c in self.emit.columns]
            same = any(s[:2] == (group.key, values) for s in self.shown)
            self.shown = [s for s in self.shown if s[0] != group.key]
            self.shown.append((group.key, values, t))
            if same:
                return []
        return self.rows(t, [scope])

    def _value(self, column: ast.Expression, scope: GroupScope) -> Any:
        """Return the value of a column of ON CHANGE OF: an item of the list, or anything of the group."""
        items = [i for i in self.query.items if isinstance(i, ast.SelectItem)]
        for item in items:
            if isinstance(column, ast.Name) and item_name(item) == column.name:
                return evaluate(item.value, scope)
        return evaluate(column, scope)

    def windows(self) -> list[Timer]:
        if self.emit.mode != "every":
            return []
        if self.ticked is None or not (self.changes or self.kind == "snapshot"):
            return []
        if not self.changes and self.ended:
            return []
        last = self.ticked
        if self.kind != "snapshot":
            last = self.since
        tick = last + self.every
        return [Timer(tick - 1, (tick,), lambda: self._tick(tick))]

    def _tick(self, tick: int) -> list[Row]:
        """Return the rows of a tick: groups in order of their first rows."""
        rows: list[Row] = []
        for group in self.groups:
            mine = [c for c in self.changes if c.key == group.key]
            chosen = {"first": mine[:1], "last": mine[-1:], "all": mine, "snapshot": [group]}
            for change in chosen[self.kind]:
                rows += self._row(change, tick - 1)
        self.changes = []
        self.ticked = tick
        return rows
