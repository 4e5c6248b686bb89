"""Draws CREATE INCIDENT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.drawing import Draw, Stream, condition, conditions

if TYPE_CHECKING:
    from tests.oracle.draw_queries import Rule

CLOSINGS = ("ON", "WHEN", "AFTER", "IDLE")


def draw_incident(d: Draw, name: str, into: str, streams: list[Stream]) -> Rule | None:
    """CREATE INCIDENT over streams with the column k; None if there is none."""
    keyed = [s for s in streams if s.columns.get("k") == "STRING"]
    if not keyed:
        return None
    d.tag("CREATE INCIDENT")
    opening = d.pick(keyed)
    lines = [f"CREATE INCIDENT {name} KEY (k)", _open(d, opening)]
    peak = bool(opening.of("DOUBLE"))
    lines += [_update(d, d.pick(keyed), peak=peak) for _ in range(d.pick((0, 1, 1, 2)))]
    for closing in d.some(CLOSINGS, 0, 3):
        d.tag(f"CLOSE {closing}")
        lines.append(_close(d, closing, keyed))
    if d.chance(0.3):
        d.tag("COOLDOWN")
        lines.append(f"COOLDOWN {d.seconds(1, 3, 6)}")
    lines.append(_emit(d, peak=peak))
    if into:
        lines.append(f"INTO {into}")
    columns = {"ts": "TIMESTAMP", "k": "STRING", "incident_id": "ID", "state": "STRING"}
    columns |= {"version": "INT", "opened_at": "TIMESTAMP", "updated_at": "TIMESTAMP"}
    columns |= {"closed_at": "TIMESTAMP", "close_reason": "STRING", "n": "INT"}
    columns |= {"peak": "DOUBLE"} if peak else {}
    target = into or f"{name}_events"
    return "\n  ".join(lines) + ";", Stream(target, columns)


def _open(d: Draw, stream: Stream) -> str:
    where = f" WHERE {conditions(d, stream)}" if d.chance(0.6) else ""
    sets = ["n = 1"]
    if stream.of("DOUBLE"):
        sets.append(f"peak = {stream.of('DOUBLE')[0]}")
    return f"OPEN ON {stream.name}{where} SET {', '.join(sets)}"


def _update(d: Draw, stream: Stream, *, peak: bool) -> str:
    d.tag("UPDATE")
    where = f" WHERE {condition(d, stream, 'e.')}" if d.chance(0.6) else ""
    sets = ["n = n + 1"]
    numbers = stream.of("DOUBLE")
    if peak and numbers and d.chance(0.7):
        sets.append(f"peak = GREATEST(peak, e.{numbers[0]})")
        if d.chance(0.3):
            where = f" WHERE e.{numbers[0]} > peak"
    return f"UPDATE ON {stream.name} AS e{where} SET {', '.join(sets)}"


def _close(d: Draw, closing: str, keyed: list[Stream]) -> str:
    match closing:
        case "ON":
            stream = d.pick(keyed)
            where = f" WHERE {condition(d, stream, 'c.')}"
            return f"CLOSE ON {stream.name} AS c{where}"
        case "WHEN":
            return f"CLOSE WHEN n >= {d.pick((2, 3, 4))}"
        case "AFTER":
            return f"CLOSE AFTER {d.seconds(4, 7, 10)}"
        case _:
            return f"CLOSE AFTER {d.seconds(1, 2, 3)} IDLE"


def _emit(d: Draw, *, peak: bool) -> str:
    every = ""
    if d.chance(0.4):
        d.tag("UPDATED EVERY")
        every = f" EVERY {d.seconds(1, 2, 5)}"
    elif peak and d.chance(0.3):
        d.tag("UPDATED ON CHANGE OF")
        every = " ON CHANGE OF (peak)"
    states = d.some(["OPENED", f"UPDATED{every}", "CLOSED"], 2, 3)
    return f"EMIT {', '.join(states)}"
