"""The answer of WHY: as text for a person, as data for a program."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.times import format_timestamp

if TYPE_CHECKING:
    from cep.operators.observed import Seen
    from cep.why.reasons import Reasons
    from cep.why.runs import Run

MOST_RUNS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the runs of a rule for a key.

    Attributes:
        rule: its name.
        key: the values asked for, by column.
        reasons: speaks of the runs.
        events: the events of the key that the rule was offered, in order.
        runs: in the order in which they started.
        late: events of the rule's streams, of any key, that came too late to be offered.
        null_keys: events without a key.
    """

    rule: str
    key: dict[str, Any]
    reasons: Reasons
    events: tuple[Seen, ...]
    runs: tuple[Run, ...]
    late: int
    null_keys: int

    def counts(self) -> dict[str, int]:
        """Return how many runs ended for each reason, `live` for those that have not; reasons as in `Engine.stats()`."""
        return dict(Counter(run.ending.reason if run.ending else "live" for run in self.runs))

    def furthest(self) -> int:
        """Return the number of the furthest step that an event was bound to, from 1; 0 if no run started."""
        return max(map(self.reasons.step, self.runs), default=0)

    # ------------------------------------------------------------------ as text

    def render(self, *, most: int = MOST_RUNS, negated: bool = False) -> str:
        """Return the answer as lines of text: how far it came, the matches, then the runs that came furthest.

        most: so many matches and so many other runs are told. negated: why it did not fire, matches are not told.
        """
        matches = [run for run in self.runs if run.matched]
        others = sorted(
            (r for r in self.runs if not r.matched), key=self.reasons.step, reverse=True
        )
        lines = self._head(len(matches))
        if not negated:
            lines += self._told(matches, most, "matches")
        lines += self._told(others, most, "runs")
        return "\n".join(lines)

    def _head(self, matches: int) -> list[str]:
        key = ", ".join(f"{name} = {value}" for name, value in self.key.items())
        lines = [
            f"{self.rule}{f' for {key}' if key else ''}: {_number(matches, 'match', 'matches')}, "
            f"{_number(len(self.runs), 'run')}, {_number(len(self.events), 'event')}"
        ]
        steps = self.reasons.steps
        furthest = self.furthest()
        if furthest:
            lines.append(f"furthest step: {steps[furthest - 1]} ({furthest} of {len(steps)})")
        elif self.events:
            last = self.events[-1]
            lines.append(f"no event starts a run; the last one, {self._event(last)}:")
            lines += [f"  {line}" for line in self.reasons.not_started(last)]
        elif self.key:
            lines.append("no event has this key")
        counts = {reason: n for reason, n in self.counts().items() if reason != "matched"}
        if counts:
            lines.append("ended: " + ", ".join(f"{n} {reason}" for reason, n in counts.items()))
        for number, what in ((self.late, "late"), (self.null_keys, "without a key")):
            if number:
                lines.append(f"{_number(number, 'event')} {what} not offered to it")
        return lines

    def _told(self, runs: list[Run], most: int, what: str) -> list[str]:
        lines: list[str] = []
        for run in runs[:most]:
            lines += ["", *self._run(run)]
        if len(runs) > most:
            lines += ["", f"and {len(runs) - most:,} more {what}"]
        return lines

    def _run(self, run: Run) -> list[str]:
        lines = [f"run {run.number}"]
        lines += [f"  {name:8} {self._event(event)}" for name, event in run.bound]
        first, *more = self.reasons.ending(run)
        end = run.ending
        if end is None:
            return [*lines, f"  {first}"]
        at = format_timestamp(end.ts) if end.event is None else self._event(end.event)
        lines.append(f"  {end.reason:8} {at}: {first}")
        return [*lines, *(f"           {line}" for line in more)]

    def _event(self, event: Seen) -> str:
        shown = [
            f"{name} = {value if value is not None else 'NULL'}"
            for name, value in event.values.items()
            if name in self.reasons.read
        ]
        return f"{format_timestamp(event.ts)}{' ' if shown else ''}{', '.join(shown)}"

    # ------------------------------------------------------------------ as data

    def to_dict(self) -> dict[str, Any]:
        """Return the answer for JSON; times are ISO-8601 UTC."""
        steps = self.reasons.steps
        furthest = self.furthest()
        return {
            "rule": self.rule,
            "key": self.key,
            "events": len(self.events),
            "late": self.late,
            "null_keys": self.null_keys,
            "steps": list(steps),
            "furthest": steps[furthest - 1] if furthest else None,
            "ends": self.counts(),
            "runs": [self._data(run) for run in self.runs],
        }

    def _data(self, run: Run) -> dict[str, Any]:
        bound = [{"variable": name, **_event_data(event)} for name, event in run.bound]
        end = run.ending
        if end is None:
            return {"run": run.number, "bound": bound, "end": None}
        told = {
            "reason": end.reason,
            "time": format_timestamp(end.ts),
            "event": None if end.event is None else _event_data(end.event),
            "match": end.match or None,
            "because": self.reasons.ending(run),
        }
        return {"run": run.number, "bound": bound, "end": told}


def _event_data(event: Seen) -> dict[str, Any]:
    return {"time": format_timestamp(event.ts), "values": event.values}


def _number(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
