"""Incidents against a model in plain Python: clauses, timers, emission, several inputs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from expressions import batch_of, call, lit
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.codegen.incident.kernel import incident_kernel
from cep.graph.graph import OperatorKind, OperatorSpec
from cep.operators.base import Merged
from cep.operators.kernel_operator import KernelOperator
from cep.operators.tables import values_of
from cep.plan.expressions import Case, Column, State
from cep.plan.nodes import CloseAfter, CloseWhen, Incident, IncidentClause, Item, Scan
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.types import MAX_I64, Type


def schema(**columns: Type) -> Schema:
    return Schema(tuple(ColumnSpec(name, kind) for name, kind in columns.items()))


TS, TEXT, DOUBLE, INT = Type.TIMESTAMP, Type.STRING, Type.DOUBLE, Type.INT
ALARMS = schema(ts=TS, room=TEXT, value=DOUBLE)
SPIKES = schema(ts=TS, room=TEXT, value=DOUBLE)
CLEARS = schema(ts=TS, room=TEXT)
STATE = (ColumnSpec("peak", DOUBLE), ColumnSpec("spread", INT), ColumnSpec("severity", TEXT))
OUTPUT = schema(
    ts=TS, room=TEXT, incident_id=TEXT, state=TEXT, version=INT, opened_at=TS, updated_at=TS,
    closed_at=TS, close_reason=TEXT, peak=DOUBLE, spread=INT, severity=TEXT, duration=Type.DURATION,
)  # fmt: skip
IDLE, LONGEST = 8, 30


def incident(every: int, *, opened: bool, updated: bool, closed: bool) -> Incident:
    peak, spread = State("peak", DOUBLE), State("spread", INT)
    value = Column(1, "value", DOUBLE)
    severe = Case(((call("gt", peak, lit(2.0)), lit("critical")),), State("severity", TEXT), TEXT)
    return Incident(
        (Scan("alarms", ALARMS), Scan("spikes", SPIKES), Scan("clears", CLEARS)),
        ("room",),
        (
            IncidentClause(
                "open",
                0,
                call("gt", Column(0, "value", DOUBLE), lit(0.0)),
                (
                    Item("peak", Column(0, "value", DOUBLE)),
                    Item("spread", lit(1)),
                    Item("severity", lit("warning")),
                ),
            ),
            IncidentClause(
                "update",
                1,
                None,
                (
                    Item("peak", call("greatest", peak, value)),
                    Item("spread", call("add", spread, lit(1))),
                    Item("severity", severe),
                ),
            ),
            IncidentClause("close", 2, None, ()),
        ),
        (CloseWhen(call("ge", spread, lit(5))), CloseAfter(IDLE, True), CloseAfter(LONGEST, False)),
        STATE,
        opened,
        updated,
        every,
        closed,
        OUTPUT,
    )


@dataclass
class Open:
    """An incident of the model."""

    opened_at: int
    updated_at: int
    order: int
    peak: float | None
    spread: int = 1
    severity: str = "warning"
    version: int = 0
    pending: int | None = None  # instant of the next UPDATED EVERY row


@dataclass
class Model:
    """Ruling 37, event by event."""

    node: Incident
    open: dict[str, Open] = field(default_factory=dict)
    out: list[Any] = field(default_factory=list)
    n_opened: int = 0

    def row(self, room: str, it: Open, now: int, state: str, reason: str | None = None) -> None:
        wanted = {
            "opened": self.node.emit_opened,
            "updated": self.node.emit_updated,
            "closed": self.node.emit_closed,
        }
        if not wanted[state]:
            return
        it.version += 1
        it.pending = None
        closed_at = now if state == "closed" else None
        self.out.append((
            now,
            room,
            state,
            it.version,
            it.opened_at,
            it.updated_at,
            closed_at,
            reason,
            it.peak,
            it.spread,
            it.severity,
            now - it.opened_at,
        ))

    def due(self, it: Open) -> int:
        times = [it.updated_at + IDLE, it.opened_at + LONGEST]
        return min([*times, it.pending] if it.pending is not None else times)

    def advance(self, clock: int) -> None:
        """Fire what is due before `clock`."""
        while self.open:
            room = min(self.open, key=lambda r: (self.due(self.open[r]), self.open[r].order))
            it = self.open[room]
            now = self.due(it)
            if now >= clock:
                return
            if it.updated_at + IDLE == now or it.opened_at + LONGEST == now:
                self.row(
                    room, it, now, "closed", "idle" if it.updated_at + IDLE == now else "timeout"
                )
                del self.open[room]
            else:
                self.row(room, it, now, "updated")

    def event(self, source: int, now: int, room: str | None, value: float | None) -> None:
        self.advance(now)
        if room is None:
            return
        it = self.open.get(room)
        if source == 2 and it is not None:
            self.row(room, it, now, "closed", "event")
            del self.open[room]
        elif source == 1 and it is not None:
            severe = it.peak is not None and it.peak > 2.0
            it.severity = "critical" if severe else it.severity
            it.peak = None if value is None or it.peak is None else max(it.peak, value)
            it.spread += 1
            it.updated_at = now
            every = self.node.updated_every_us
            if not every:
                self.row(room, it, now, "updated")
            elif it.pending is None and self.node.emit_updated:
                it.pending = it.opened_at + max(1, -(-(now - it.opened_at) // every)) * every
            self.test(room, it, now)
        elif source == 0 and it is None and value is not None and value > 0.0:
            it = self.open[room] = Open(now, now, self.n_opened, value)
            self.n_opened += 1
            self.row(room, it, now, "opened")
            self.test(room, it, now)

    def test(self, room: str, it: Open, now: int) -> None:
        if it.spread >= 5:
            self.row(room, it, now, "closed", "condition")
            del self.open[room]


Event = tuple[int, int, Any, Any]  # source, ts, room, value


def run(node: Incident, events: list[Event], cuts: list[int], tier: str) -> list[Any]:
    kernel = incident_kernel(node, "fire")
    columns = tuple(c for c in OUTPUT.columns if c.name != "incident_id")
    hidden = ("$origin_stream", "$origin_seq")
    spec = OperatorSpec(OperatorKind.INCIDENT, kernel, Schema(columns), hidden=hidden)
    strings = StringTable()
    operator = KernelOperator(spec, strings, tier=tier)
    out: list[Any] = []

    def step(part: list[Event], clock: int) -> None:
        batches = []
        for number, scan in enumerate(node.inputs):
            width = len(scan.schema.columns)
            batches.append(
                batch_of(scan.schema, [e[1 : 1 + width] for e in part if e[0] == number], strings)
            )
        source = np.array([e[0] for e in part], np.int8)
        row = np.array([sum(e[0] == f[0] for f in part[:i]) for i, e in enumerate(part)], np.int32)
        ts = np.array([e[1] for e in part], np.int64)
        merged = Merged(tuple(batches), ts, source, row, np.ones(len(part), np.int8))
        done = operator.process(merged, clock)
        operator.check()
        if done is not None:
            assert done.ts.tolist() == done.columns["ts"].tolist()
            out.extend(
                zip(
                    *(values_of(done.columns[c.name], c.type, strings) for c in columns),
                    strict=True,
                )
            )

    edges = sorted({0, len(events), *(c % (len(events) + 1) for c in cuts)})
    for low, high in itertools.pairwise(edges):
        step(events[low:high], events[high - 1][1])
    step([], MAX_I64)
    assert operator.registers()["incidents_open"] == 0
    return out


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 1, 1, 1, 2]),
        st.sampled_from([0, 0, 1, 1, 2, 3, 9, 40]),
        st.sampled_from(["a", "a", "a", "b", "c", None]),
        st.sampled_from([None, 0.5, 1.0, 2.5, 3.0]),
    ),
    min_size=1,
    max_size=60,
).map(lambda rows: [(r[0], sum(q[1] for q in rows[: i + 1]), *r[2:]) for i, r in enumerate(rows)])

EMITS = {
    "all": (0, True, True, True),
    "every": (4, True, True, True),
    "opened": (0, True, False, False),
    "closed": (3, False, False, True),
}


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("emit", EMITS.values(), ids=EMITS)
@settings(max_examples=80)
@given(EVENTS, st.lists(st.integers(0, 60), max_size=5))
def test_against_model(emit: Any, tier: str, events: list[Event], cuts: list[int]) -> None:
    every, opened, updated, closed = emit
    node = incident(every, opened=opened, updated=updated, closed=closed)
    model = Model(node)
    for event in events:
        model.event(*event)
    model.advance(MAX_I64)
    assert run(node, events, cuts, tier) == model.out
