"""Slots of rates of change: the outermost samples, and the growth of a counter between them.

Samples of equal time count as one, the last of them. So the growth up to the last sample but one stands
in `grown`, and the step to the last one is added when its time has passed, or by the formula.
"""

from __future__ import annotations

from typing import Literal

from cep.aggregates.slots.kind import Field, SlotKind
from cep.types import NULL_I64 as NULL

_SPAN_ADD = """\
if {a.first_ts} == NULL_I64 or {a.first_ts} == {t}:
    {a.first_ts} = {t}
    {a.first} = {x}
{a.last_ts} = {t}
{a.last} = {x}"""

_SPAN_MERGE = """\
if {b.first_ts} != NULL_I64:
    if {a.first_ts} == NULL_I64 or {a.first_ts} == {b.first_ts}:
        {a.first_ts} = {b.first_ts}
        {a.first} = {b.first}
    {a.last_ts} = {b.last_ts}
    {a.last} = {b.last}"""

_COUNTER_ADD = """\
if {a.first_ts} == NULL_I64 or {a.first_ts} == {t}:
    {a.first_ts} = {t}
    {a.first} = {x}
elif {a.last_ts} != {t}:
    if {a.first_ts} != {a.last_ts}:
        GROW {a.before} {a.last}
    {a.before} = {a.last}
{a.last_ts} = {t}
{a.last} = {x}"""

# a's last sample is dropped when b's first has the same time (then `before`, if any, is its neighbour).
_COUNTER_MERGE = """\
if {b.first_ts} != NULL_I64:
    if {a.first_ts} == NULL_I64 or {a.first_ts} == {b.first_ts}:
        {a.first_ts} = {b.first_ts}
        {a.first} = {b.first}
        {a.before} = {b.before}
        COPY
    else:
        if {a.last_ts} != {b.first_ts}:
            if {a.first_ts} != {a.last_ts}:
                GROW {a.before} {a.last}
            {a.before} = {a.last}
        if {b.first_ts} != {b.last_ts}:
            GROW {a.before} {b.first}
            JOIN
            {a.before} = {b.before}
    {a.last_ts} = {b.last_ts}
    {a.last} = {b.last}"""


def _expand(text: str, steps: tuple[tuple[str, str], ...]) -> str:
    """Write out GROW, COPY and JOIN for accumulators given as (field, routine of one step)."""
    lines: list[str] = []
    for line in text.splitlines():
        word, *names = line.split()
        indent = line[: len(line) - len(line.lstrip())]
        match word:
            case "GROW":
                lines += [f"{indent}{{a.{f}}} += {r}({', '.join(names)})" for f, r in steps]
            case "COPY":
                lines += [f"{indent}{{a.{f}}} = {{b.{f}}}" for f, _ in steps]
            case "JOIN":
                lines += [f"{indent}{{a.{f}}} += {{b.{f}}}" for f, _ in steps]
            case _:
                lines.append(line)
    return "\n".join(lines)


def _counter(
    value: Literal["i64", "f64"], steps: tuple[tuple[str, str], ...], name: str = ""
) -> SlotKind:
    dtypes: dict[str, Literal["i64", "f64"]] = {"grown": "f64"}
    return SlotKind(
        name or f"counter_{value}",
        (
            Field("first_ts", "i64", NULL),
            Field("first", value),
            Field("before", value),
            *(Field(field, dtypes.get(field, "i64")) for field, _ in steps),
            Field("last_ts", "i64", NULL),
            Field("last", value),
        ),
        _expand(_COUNTER_ADD, steps),
        _expand(_COUNTER_MERGE, steps),
        functions=tuple(("counters", routine) for _, routine in steps),
    )


def _baseline(value: Literal["i64", "f64"]) -> SlotKind:
    return SlotKind(
        f"baseline_{value}",
        (Field("ts", "i64", NULL), Field("value", value)),
        "{a.ts} = {t}\n{a.value} = {x}",
        "if {b.ts} != NULL_I64:\n    {a.ts} = {b.ts}\n    {a.value} = {b.value}",
        carried=True,
    )


def _span(value: Literal["i64", "f64"]) -> SlotKind:
    return SlotKind(
        f"span_{value}",
        (
            Field("first_ts", "i64", NULL),
            Field("first", value),
            Field("last_ts", "i64", NULL),
            Field("last", value),
        ),
        _SPAN_ADD,
        _SPAN_MERGE,
    )


KINDS = (
    _span("f64"),
    _span("i64"),
    _counter("f64", (("grown", "counter_step"), ("resets", "counter_reset"))),
    _counter("i64", (("high", "counter_high"), ("low", "counter_low"), ("resets", "whole_reset"))),
    _counter("f64", (("grown", "counter_step"), ("steps", "counter_one")), "extrapolated"),
    _baseline("f64"),
    _baseline("i64"),
)
