"""CREATE INCIDENT: clauses, state columns and their types, the columns of its events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.expressions import bind_condition, bind_expression
from cep.plan.bind.operators import convert, fits, shared_type
from cep.plan.bind.report import Report, is_broken
from cep.plan.bind.scopes import RowScope, Scope
from cep.plan.expressions import Column, Expr, State
from cep.plan.nodes import CloseAfter, CloseWhen, Incident, IncidentClause, Item, Scan
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.environment import Environment, StreamInfo

_HEAD = (
    ColumnSpec("incident_id", Type.STRING, not_null=True),
    ColumnSpec("state", Type.STRING, not_null=True),
    ColumnSpec("version", Type.INT, not_null=True),
    ColumnSpec("opened_at", Type.TIMESTAMP, not_null=True),
    ColumnSpec("updated_at", Type.TIMESTAMP, not_null=True),
    ColumnSpec("closed_at", Type.TIMESTAMP),
    ColumnSpec("close_reason", Type.STRING),
)
_TIME = ColumnSpec("ts", Type.TIMESTAMP, not_null=True)
_DURATION = ColumnSpec("duration", Type.DURATION)
_ONCE: dict[type, str] = {
    ast.IncidentEmit: "EMIT",
    ast.IncidentInto: "INTO",
    ast.Cooldown: "COOLDOWN",
}
_OWN = frozenset(c.name for c in (_TIME, *_HEAD, _DURATION))


@dataclass(slots=True)
class _Emits:
    opened: bool = False
    updated: bool = False
    every_us: int = 0
    on_change: tuple[str, ...] = ()
    closed: bool = False


@dataclass(slots=True)
class _Draft:
    """An incident being bound; `types` are the state columns found so far."""

    node: ast.CreateIncident
    environment: Environment
    inputs: list[StreamInfo] = field(default_factory=list)
    streams: dict[str, StreamInfo] = field(default_factory=dict)
    keys: dict[str, Type] = field(default_factory=dict)
    types: dict[str, Type] = field(default_factory=dict)


def reads(node: ast.CreateIncident) -> tuple[str, ...]:
    """Return the streams an incident reads, each once, in text order."""
    names = (c.stream for c in node.clauses if isinstance(c, ast.IncidentOn))
    return tuple(dict.fromkeys(names))


def output(node: ast.CreateIncident) -> str:
    """Return the stream an incident writes."""
    into = [c.stream for c in node.clauses if isinstance(c, ast.IncidentInto)]
    return into[0] if into else f"{node.name}_events"


def state_columns(node: ast.CreateIncident) -> frozenset[str]:
    """Return the names of the columns of an incident."""
    opening = [c for c in node.clauses if isinstance(c, ast.IncidentOn) and c.kind == "open"]
    declared = {item.column for clause in opening for item in clause.sets}
    return _OWN | set(node.keys) | declared


def bind_incident(
    node: ast.CreateIncident, environment: Environment, *, tabled: bool = False
) -> Incident | None:
    """Return the plan of an incident, or None; tabled: some rule reads it as a table.

    Errors: CEP202, CEP201, CEP209, CEP217, CEP224, CEP246, CEP260, CEP261, and those of expressions.
    """
    report, before = environment.report, environment.report.mistakes
    draft = _Draft(node, environment)
    clauses = [c for c in node.clauses if isinstance(c, ast.IncidentOn)]
    for clause in clauses:
        stream = environment.stream(clause.stream, clause.span)
        environment.needs_time(stream, "an incident", clause.span)
        draft.streams[clause.stream] = stream
        if stream not in draft.inputs:
            draft.inputs.append(stream)
    _key_types(draft)
    if not any(c.kind == "open" for c in clauses):
        hint = "say what opens it: OPEN ON stream WHERE .."
        report.add("CEP260", f"incident {node.name} has no OPEN ON", node.span, hint)
    if report.mistakes != before:
        return None
    _settle_types(draft, clauses)
    bound = [_clause(c, draft, report) for c in clauses]
    closings = _closings(draft)
    emits = _emits(draft)
    _whole(draft)
    if report.mistakes != before:
        return None
    state = tuple(ColumnSpec(name, kind) for name, kind in draft.types.items())
    keys = tuple(ColumnSpec(name, kind) for name, kind in draft.keys.items())
    return Incident(
        inputs=tuple(Scan(s.name, s.schema) for s in draft.inputs),
        keys=tuple(draft.keys),
        clauses=tuple(bound),
        closings=tuple(closings),
        state=state,
        emit_opened=emits.opened,
        emit_updated=emits.updated,
        updated_every_us=emits.every_us,
        emit_closed=emits.closed,
        schema=Schema((_TIME, *keys, *_HEAD, *state, _DURATION)),
        updated_on=emits.on_change,
        cooldown_us=_cooldown(draft),
        tabled=tabled,
    )


def _key_types(draft: _Draft) -> None:
    """Keys exist in every source, with one type."""
    report, node = draft.environment.report, draft.node
    for name in node.keys:
        if name in draft.keys or name in _OWN:
            why = "is given twice" if name in draft.keys else "is a column of every incident"
            report.add("CEP209", f"key {name!r} {why}", node.span)
            continue
        kinds = []
        for stream in draft.inputs:
            column = stream.schema.find(name)
            if column is not None:
                kinds.append(column.type)
            elif not stream.unknown:
                message = f"stream {stream.name} has no column {name!r}, the key of {node.name}"
                span = next(
                    (
                        c.span
                        for c in node.clauses
                        if isinstance(c, ast.IncidentOn) and c.stream == stream.name
                    ),
                    node.span,
                )
                report.add("CEP246", message, span, nearest(name, stream.schema.names()))
        if any(k is not kinds[0] for k in kinds):
            report.add("CEP246", f"key {name!r} has different types in the streams", node.span)
        draft.keys[name] = kinds[0] if kinds else Type.STRING


class _ClauseScope(Scope):
    """A clause ON a stream: a bare name is a state column, else a key, else a column of the event.

    There is no state yet in OPEN: state columns are not seen there.
    """

    def __init__(self, draft: _Draft, clause: ast.IncidentOn, report: Report) -> None:
        stream = draft.streams[clause.stream]
        environment = draft.environment
        if report is not environment.report:
            environment = replace(environment, report=report)
        super().__init__(environment, f"{clause.kind.upper()} ON {clause.stream}")
        self.draft = draft
        self.state = {} if clause.kind == "open" else draft.types
        self.number = draft.inputs.index(stream)
        names = {clause.alias} if clause.alias else {clause.stream}
        self.rows = RowScope(
            environment,
            self.place,
            stream.schema,
            {n for n in names if n is not None},
            unknown=stream.unknown,
        )

    def name(self, name: str, span: Span) -> Expr:
        """Return a state column, a key or a column of the event."""
        if name in self.state:
            return State(name, self.state[name], span)
        if name in self.draft.keys:
            return State(name, self.draft.keys[name], span)
        return self._event(self.rows.name(name, span))

    def json(self, name: str, span: Span) -> Expr | None:
        """Return a column of the event with fields."""
        found = self.rows.json(name, span)
        return None if found is None else self.name(name, span)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column of the event."""
        return self._event(self.rows.member(owner, name, span))

    def _event(self, column: Expr) -> Expr:
        if not isinstance(column, Column):
            return column
        return Column(self.number, column.name, column.type, column.not_null, column.span)


class _StateScope(Scope):
    """CLOSE WHEN: state columns and keys."""

    def __init__(self, draft: _Draft) -> None:
        super().__init__(draft.environment, "CLOSE WHEN")
        self.known_names = {**draft.keys, **draft.types}

    def name(self, name: str, span: Span) -> Expr:
        """Return a state column or key."""
        if name in self.known_names:
            return State(name, self.known_names[name], span)
        hint = nearest(name, self.known_names) or "CLOSE WHEN sees state columns and keys only"
        return self.report.add("CEP202", f"unknown state column {name!r}", span, hint)


def _settle_types(draft: _Draft, clauses: list[ast.IncidentOn]) -> None:
    """Find the type of each state column: OPEN declares it, an UPDATE may make an INT a DOUBLE.

    Mistakes are not reported here; the clauses are bound again when the types are known.
    """
    for clause in clauses:
        if clause.kind == "open":
            for item in clause.sets:
                draft.types.setdefault(item.column, Type.NULL)
    for _ in range(3):
        before = dict(draft.types)
        for clause in clauses:
            for item in clause.sets:
                _widen(draft, clause, item)
        if draft.types == before:
            return


def _widen(draft: _Draft, clause: ast.IncidentOn, item: ast.SetItem) -> None:
    if item.column not in draft.types:
        return
    silent = Report()
    scope = _ClauseScope(draft, clause, silent)
    value = bind_expression(item.value, scope)
    if is_broken(value):
        return
    draft.types[item.column] = (
        shared_type((draft.types[item.column], value.type)) or draft.types[item.column]
    )


def _clause(clause: ast.IncidentOn, draft: _Draft, report: Report) -> IncidentClause:
    scope = _ClauseScope(draft, clause, report)
    where = None if clause.where is None else bind_condition(clause.where, scope)
    sets: dict[str, Item] = {}
    for item in clause.sets:
        bound = _set(item, scope, draft, report)
        if item.column in sets:
            report.add("CEP209", f"{item.column!r} is set twice", item.span)
        if bound is not None:
            sets[item.column] = bound
    return IncidentClause(clause.kind, scope.number, where, tuple(sets.values()))


def _set(item: ast.SetItem, scope: _ClauseScope, draft: _Draft, report: Report) -> Item | None:
    kind = draft.types.get(item.column)
    if kind is None:
        hint = nearest(item.column, draft.types) or "declare it in SET of OPEN"
        report.add("CEP261", f"OPEN does not declare {item.column!r}", item.span, hint)
        return None
    if item.column in _OWN or item.column in draft.keys:
        message = f"{item.column!r} is a column of every incident or a key"
        report.add("CEP209", message, item.span, "give the state column another name")
        return None
    value = bind_expression(item.value, scope)
    if is_broken(value):
        return None
    if kind is Type.NULL:
        hint = "say which: CAST(NULL AS DOUBLE)"
        report.add("CEP217", f"{item.column!r} is NULL of no type", item.span, hint)
        return None
    if not fits(value.type, kind):
        message = f"{item.column!r} is {kind.value}, not {value.type.value}"
        report.add("CEP217", message, item.span)
        return None
    return Item(item.column, convert(value, kind))


def _closings(draft: _Draft) -> list[CloseWhen | CloseAfter]:
    """Return CLOSE WHEN and CLOSE AFTER in clause order."""
    found: list[CloseWhen | CloseAfter] = []
    for clause in draft.node.clauses:
        match clause:
            case ast.CloseWhen():
                condition = bind_condition(clause.condition, _StateScope(draft))
                found.append(CloseWhen(condition))
            case ast.CloseAfter():
                after = bind_duration(clause.duration, "the time of CLOSE AFTER", draft.environment)
                found.append(CloseAfter(after or 0, clause.idle))
            case _:
                pass
    return found


def _emits(draft: _Draft) -> _Emits:
    """Return what is emitted; without EMIT all three."""
    clauses = [c for c in draft.node.clauses if isinstance(c, ast.IncidentEmit)]
    if not clauses:
        return _Emits(opened=True, updated=True, closed=True)
    found = _Emits()
    for item in clauses[0].items:
        match item.state:
            case "opened":
                found.opened = True
            case "closed":
                found.closed = True
            case "updated":
                found.updated = True
                _updated(item, found, draft)
            case _:
                assert_never(item.state)
    return found


def _updated(item: ast.EmitItem, found: _Emits, draft: _Draft) -> None:
    report = draft.environment.report
    for name in item.on_change:
        if name not in draft.types:
            hint = nearest(name, draft.types) or "these are columns that SET of OPEN declares"
            report.add("CEP202", f"unknown state column {name!r}", item.span, hint)
    found.on_change = item.on_change
    if item.every is not None:
        every = bind_duration(item.every, "the time of UPDATED EVERY", draft.environment)
        found.every_us = every or 0


def _cooldown(draft: _Draft) -> int | None:
    """Return the time in us during which a key must not open again, None without COOLDOWN."""
    for clause in draft.node.clauses:
        if isinstance(clause, ast.Cooldown):
            return bind_duration(clause.duration, "the time of COOLDOWN", draft.environment)
    return None


def _whole(draft: _Draft) -> None:
    """Report clauses given twice."""
    report, seen = draft.environment.report, set()
    for clause in draft.node.clauses:
        word = _ONCE.get(type(clause))
        if word is not None:
            if word in seen:
                report.add("CEP260", f"{word} is given twice", clause.span)
            seen.add(word)
