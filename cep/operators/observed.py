"""The operator of a MATCH that is observed: it keeps the notes of its kernel and the events they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.graph.kernel import NOTE_ARRAYS, NoteKind
from cep.operators.kernel_operator import KernelOperator
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.batch import EventBatch
    from cep.operators.base import Merged


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that an observed rule was offered: number of its input, T in us, its values as stored, strings as text."""

    input: int
    ts: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """What happened to a run: see `NoteKind`; event: None at a deadline or at the end of input."""

    kind: NoteKind
    run: int
    what: int
    state: int
    ts: int
    event: Seen | None


class ObservedOperator(KernelOperator):
    """A hosted kernel whose notes are taken over after every call.

    `wanted` says of which events the operator keeps notes (None: of all). Memory: `seen` holds every wanted event,
    `notes` every note of runs that a wanted event has started.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted: Callable[[int, dict[str, Any]], bool] | None = None
        self.seen: list[Seen] = []
        self.notes: list[Note] = []
        self._told: set[int] = set()  # live runs whose notes are kept

    def run(self, merged: Merged, clock: int, *, flush: bool = False) -> bool:
        """Handle rows and fire as any operator does, then take the notes over."""
        made = super().run(merged, clock, flush=flush)
        events: dict[int, Seen] = {}
        for row in range(len(merged)):
            event = self._event(merged, row)
            if self.wanted is None or self.wanted(event.input, event.values):
                events[row] = event
        self.seen.extend(events.values())
        self._take_notes(events)
        return made

    def _take_notes(self, events: dict[int, Seen]) -> None:
        place = self._registers["notes"]
        reg = self._arrays[self._places["reg"]]
        count = int(reg[place])
        columns = [self._arrays[self._places[name]][:count].tolist() for name in NOTE_ARRAYS]
        reg[place] = 0
        for kind, run, what, state, row, ts in zip(*columns, strict=True):
            of_key = what in self._told if kind == NoteKind.FORK else row in events
            if kind in (NoteKind.START, NoteKind.FORK) and of_key:
                self._told.add(run)
            if run not in self._told:
                continue
            if kind == NoteKind.END:
                self._told.discard(run)
            self.notes.append(Note(NoteKind(kind), run, what, state, ts, events.get(row)))

    def _event(self, merged: Merged, row: int) -> Seen:
        number = 0 if merged.source is None else int(merged.source[row])
        place = row if merged.row is None else int(merged.row[row])
        return Seen(number, int(merged.ts[row]), self._values(merged.batches[number], place))

    def _values(self, batch: EventBatch, row: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column in batch.schema.columns:
            stored = batch.columns[column.name][row].item()
            null = stored != stored or stored == column.type.null
            if column.type is Type.STRING:
                values[column.name] = self._strings.text(stored)
            elif column.type is Type.BOOLEAN:
                values[column.name] = None if null else bool(stored)
            else:
                values[column.name] = None if null else stored
        return values
