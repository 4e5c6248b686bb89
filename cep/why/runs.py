"""From the notes of an observed MATCH to its runs: what each bound, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cep.graph.kernel import RUN_ENDS, NoteKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.operators.observed import Note, Seen
    from cep.plan.nodes import Match

REASONS = tuple(RUN_ENDS.values())


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: a reason of `RUN_ENDS`, the state it was in, when (us), at which event (None: at no event).

    match: number of the match that it is, or that skipped it; 0 where there is none.
    """

    reason: str
    state: int
    ts: int
    event: Seen | None
    match: int = 0


@dataclass(slots=True)
class Run:
    """One run: the events it bound, in order, with their variables; `ending` is None while it lives."""

    number: int
    bound: list[tuple[str, Seen]] = field(default_factory=list)
    ending: Ending | None = None
    state: int = 0

    @property
    def matched(self) -> bool:
        """Whether the run is a match."""
        return self.ending is not None and self.ending.reason == "matched"

    def lived(self, start: int, end: int) -> bool:
        """Whether the run lived at some instant from start to end, us."""
        return self.bound[0][1].ts <= end and (self.ending is None or self.ending.ts >= start)


def runs_of(node: Match, notes: Sequence[Note]) -> list[Run]:
    """Return the runs that notes speak of, in the order in which they started."""
    names = [variable.name for variable in node.variables]
    live: dict[int, Run] = {}
    found: list[Run] = []
    for note in notes:
        if note.kind in (NoteKind.START, NoteKind.FORK):
            run = live[note.run] = Run(len(found) + 1)
            found.append(run)
        run = live[note.run]
        run.state = note.state
        match note.kind:
            case NoteKind.START | NoteKind.TAKE:
                assert note.event is not None
                run.bound.append((names[note.what], note.event))
            case NoteKind.FORK:
                run.bound.extend(live[note.what].bound)
            case NoteKind.END:
                run.ending = Ending(REASONS[note.what], note.state, note.ts, note.event)
                del live[note.run]
    return _numbered(found, notes)


def _numbered(runs: list[Run], notes: Sequence[Note]) -> list[Run]:
    """Number the matches in the order of their ends; a skipped run gets the number of the match at its end."""
    ends = [n for n in notes if n.kind is NoteKind.END and REASONS[n.what] == "matched"]
    numbers: dict[tuple[int, int | None], int] = {}
    for number, note in enumerate(ends, 1):
        numbers.setdefault((note.ts, id(note.event) if note.event else None), number)
    matched = 0
    for run in sorted((r for r in runs if r.ending), key=lambda r: r.ending.ts if r.ending else 0):
        end = run.ending
        assert end is not None
        number = 0
        if end.reason == "matched":
            matched += 1
            number = matched
        elif end.reason == "skip":
            number = numbers.get((end.ts, id(end.event) if end.event else None), 0)
        run.ending = Ending(end.reason, end.state, end.ts, end.event, number)
    return runs
