"""CREATE INCIDENT (section 7, ruling 37): at most one open incident a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from tests.oracle.catalog import target_of
from tests.oracle.expressions import evaluate
from tests.oracle.operator import Operator, Sent, Timer
from tests.oracle.values import Identity, UnsupportedError

if TYPE_CHECKING:
    from tests.oracle.catalog import Catalog, Event

Row = dict[str, Any]


@dataclass
class Incident:
    """One incident: its state columns, times, rows emitted so far, when the next update row is due."""

    key: tuple[Any, ...]
    id: Identity
    position: int
    opened_at: int
    updated_at: int
    states: dict[str, Any] = field(default_factory=dict)
    closed_at: int | None = None
    reason: str | None = None
    version: int = 0
    tick: int | None = None


class IncidentScope:
    """A bare name is a state column, else a key, else a column of the event."""

    def __init__(
        self, rule: Incidents, states: Row, key: tuple[Any, ...], event: Event | None, alias: str
    ) -> None:
        self.parameters = rule.catalog.parameters
        columns = dict(event.row) if event else {}
        self.names = {**columns, **dict(zip(rule.keys, key, strict=True)), **states}
        self.columns = columns
        self.alias = alias

    def name(self, name: str) -> Any:
        """Return a bare name."""
        if name not in self.names:
            raise UnsupportedError(name)
        return self.names[name]

    def member(self, owner: str, name: str) -> Any:
        """Return a column of the event."""
        if owner != self.alias:
            msg = f"{owner}.{name}"
            raise UnsupportedError(msg)
        return self.columns[name]

    def call(self, call: ast.Call) -> Any:
        """Incidents have no aggregates."""
        raise UnsupportedError(call.name)


class Incidents(Operator):
    """An incident at work: offers each event to CLOSE, then UPDATE, then OPEN."""

    def __init__(self, catalog: Catalog, rule: ast.CreateIncident, reads: list[str]) -> None:
        super().__init__(catalog, rule.name, reads, target_of(rule))
        self.keys = rule.keys
        clauses = rule.clauses
        self.on = [c for c in clauses if isinstance(c, ast.IncidentOn)]
        self.when = [c.condition for c in clauses if isinstance(c, ast.CloseWhen)]
        self.after = [c for c in clauses if isinstance(c, ast.CloseAfter)]
        cooldowns = [c.duration for c in clauses if isinstance(c, ast.Cooldown)]
        self.cooldown = catalog.constant(cooldowns[0]) if cooldowns else None
        emits = [i for c in clauses if isinstance(c, ast.IncidentEmit) for i in c.items]
        self.emits = {i.state for i in emits} or {"opened", "updated", "closed"}
        every = [i.every for i in emits if i.every is not None]
        self.every = catalog.constant(every[0]) if every else None
        self.watched = [name for i in emits for name in i.on_change]
        self.tabled = self.name in catalog.tables
        self.targets += [self.name] if self.tabled else []
        self.open: dict[tuple[Any, ...], Incident] = {}
        self.last_closed: dict[tuple[Any, ...], int] = {}
        self.cooling: dict[tuple[Any, ...], Incident] = {}

    def on_event(self, event: Event) -> list[Row]:
        key = tuple(event.row[k] for k in self.keys)
        if None in key:
            return []
        for kind in ("close", "update", "open"):
            for clause in self.on:
                if clause.kind == kind and self._fits(clause, event, key):
                    return getattr(self, f"_{kind}")(clause, event, key)
        return []

    def _scope(self, event: Event, key: tuple[Any, ...], clause: ast.IncidentOn) -> IncidentScope:
        found = self.open.get(key)
        states = found.states if found else {}
        return IncidentScope(self, states, key, event, clause.alias or clause.stream)

    def _fits(self, clause: ast.IncidentOn, event: Event, key: tuple[Any, ...]) -> bool:
        if clause.stream != event.stream or (key in self.open) == (clause.kind == "open"):
            return False
        if clause.kind == "open" and event.t < self._rests_until(key):
            return False
        scope = self._scope(event, key, clause)
        return clause.where is None or evaluate(clause.where, scope) is True

    def _rests_until(self, key: tuple[Any, ...]) -> float:
        """Return when the cooldown of a key is over."""
        if self.cooldown is None or key not in self.last_closed:
            return float("-inf")
        return self.last_closed[key] + self.cooldown

    def _set(self, clause: ast.IncidentOn, event: Event, key: tuple[Any, ...]) -> Row:
        scope = self._scope(event, key, clause)
        return {s.column: evaluate(s.value, scope) for s in clause.sets}

    def _open(self, clause: ast.IncidentOn, event: Event, key: tuple[Any, ...]) -> list[Row]:
        found = Incident(
            key,
            Identity(("incident", self.name, key, event.stream, event.seq)),
            event.position,
            event.t,
            event.t,
            self._set(clause, event, key),
        )
        self.open[key] = found
        return [*self._row(found, "opened", event.t), *self._tested(found, event, clause)]

    def _update(self, clause: ast.IncidentOn, event: Event, key: tuple[Any, ...]) -> list[Row]:
        found = self.open[key]
        before = dict(found.states)
        found.states.update(self._set(clause, event, key))
        found.updated_at = event.t
        if self.every is None:
            changed = [n for n in self.watched if found.states[n] != before[n]]
            silent = bool(self.watched) and not changed
            rows = self._row(found, "updated", event.t, silent=silent)
        else:
            rows = self._row(found, "updated", event.t, silent=True)
            if found.tick is None:
                passed = -((found.opened_at - event.t) // self.every)
                found.tick = found.opened_at + max(passed, 1) * self.every
        return [*rows, *self._tested(found, event, clause)]

    def _tested(self, found: Incident, event: Event, clause: ast.IncidentOn) -> list[Row]:
        scope = self._scope(event, found.key, clause)
        if any(evaluate(c, scope) is True for c in self.when):
            return self._closed(found, event.t, "condition")
        return []

    def _close(self, clause: ast.IncidentOn, event: Event, key: tuple[Any, ...]) -> list[Row]:
        self.open[key].states.update(self._set(clause, event, key))
        return self._closed(self.open[key], event.t, "event")

    def _closed(self, found: Incident, t: int, reason: str) -> list[Row]:
        del self.open[found.key]
        found.closed_at, found.reason = t, reason
        self.last_closed[found.key] = t
        if self.cooldown is not None:
            self.cooling[found.key] = found
        return self._row(found, "closed", t)

    def _row(self, found: Incident, state: str, t: int, *, silent: bool = False) -> list[Row]:
        """Return the row of the table, if there is one, and that of the event, if it is given out."""
        given = state in self.emits and not silent
        found.version += given
        row = self._values(found, state, t)
        gone = state == "closed" and self.cooldown is None
        rows: list[Row] = []
        if self.tabled:
            rows.append(Sent(self.name, {**row, "state": None if gone else state}))
        return [*rows, row] if given else rows

    def _values(self, found: Incident, state: str, t: int) -> Row:
        return {
            "ts": t,
            **dict(zip(self.keys, found.key, strict=True)),
            "incident_id": found.id,
            "state": state,
            "version": found.version,
            "opened_at": found.opened_at,
            "updated_at": found.updated_at,
            "closed_at": found.closed_at,
            "close_reason": found.reason,
            **found.states,
            "duration": t - found.opened_at,
        }

    def deadlines(self) -> list[Timer]:
        """Return the close timers in clause order, then the ticks: a close at a tick drops its row."""
        found = []
        for incident in self.open.values():
            for number, clause in enumerate(self.after):
                start = incident.updated_at if clause.idle else incident.opened_at
                t = start + self.catalog.constant(clause.duration)
                reason = "idle" if clause.idle else "timeout"
                act = self._closer(incident, t, reason)
                found.append(Timer(t, (incident.position, number), act))
            if incident.tick is not None:
                order = (incident.position, len(self.after))
                found.append(Timer(incident.tick, order, self._ticker(incident)))
        for incident in self.cooling.values() if self.tabled else ():
            assert incident.closed_at is not None
            assert self.cooldown is not None
            last = incident.closed_at + self.cooldown - 1
            found.append(Timer(last, (incident.position, 0), self._remover(incident)))
        return found

    def _remover(self, incident: Incident) -> Any:
        """A closed incident leaves the table after the last instant of its cooldown."""

        def act() -> list[Row]:
            assert incident.closed_at is not None
            del self.cooling[incident.key]
            row = self._values(incident, "closed", incident.closed_at)
            return [Sent(self.name, {**row, "state": None})]

        return act

    def _ticker(self, incident: Incident) -> Any:
        def act() -> list[Row]:
            assert incident.tick is not None
            t, incident.tick = incident.tick, None
            return self._row(incident, "updated", t)

        return act

    def _closer(self, incident: Incident, t: int, reason: str) -> Any:
        return lambda: self._closed(incident, t, reason)
