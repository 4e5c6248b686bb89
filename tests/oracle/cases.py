"""Plays a `.test` case in the model and compares the tables it expects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cep.testing.case_format import Case, Step, table_of, typed
from cep.times import parse_duration, parse_timestamp
from cep.types import Type
from tests.oracle.values import Identity, base64_text
from tests.oracle.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


REL = 1e-9


def play(case: Case) -> Iterator[str]:
    """Yield the differences between the tables of a case and the model's rows."""
    fed = {s.args[0] for s in case.steps if s.kind in ("input", "watermark")}
    world = World(case.rules, fed=fed)
    for step in case.steps:
        match step.kind:
            case "input":
                send_table(world, step)
            case "watermark":
                time = parse_duration(step.args[1])
                assert time is not None
                world.advance(step.args[0], time)
            case "end":
                world.end()
            case "output":
                yield from compare(world.take(step.args[0]), step)
            case "late":
                late = world.catalog.sources[step.args[0]].late_into
                yield from compare(world.take(late or ""), step)
            case _:
                pass


def send_table(world: World, step: Step) -> None:
    """Send the rows of an `input` section."""
    kinds: dict[str, Type] = world.catalog.sources[step.args[0]].columns
    header, rows = table_of(step)
    for row in rows:
        values = {n: typed(v, kinds.get(n, Type.JSON)) for n, v in zip(header, row, strict=True)}
        world.send(step.args[0], values)


def compare(got: list[dict[str, Any]], step: Step) -> Iterator[str]:
    """Yield what differs between rows and a table."""
    header, expected = table_of(step)
    same = len(got) == len(expected) and all(
        agrees(row[n], text)
        for row, texts in zip(got, expected, strict=True)
        for n, text in zip(header, texts, strict=True)
    )
    if not same:
        shown = [{n: row[n] for n in header or row} for row in got]
        yield f"line {step.line}: output {step.args[0]}: expected {expected}, the model has {shown}"


def agrees(value: Any, text: str | None) -> bool:
    """Whether a value of the model is the one a table shows."""
    match value:
        case None | Identity():
            return value is not None or text is None
        case _ if text is None:
            return False
        case list() | dict():
            return bool(value == json.loads(text))
        case bytes():
            return text == base64_text(value)
        case bool():
            return text.lower() == str(value).lower()
        case int() | float():
            shown = number(text)
            return shown is not None and close(value, shown)
        case _:
            # A text of JSON stands in quotes, as it does inside.
            return bool(value == text) or text == json.dumps(value)


def number(text: str) -> float | None:
    """Return a number, a duration or a time (us) of a table."""
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        duration = parse_duration(text)
        return parse_timestamp(text) if duration is None else duration


def close(left: float, right: float) -> bool:
    """Whether two numbers agree: exactly as integers, else within a relative 1e-9."""
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    return abs(left - right) <= REL * max(1.0, abs(left), abs(right))
