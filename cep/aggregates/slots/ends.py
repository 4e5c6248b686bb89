"""Slots that keep one value: the smallest, the largest, the first, the last; of ties the earlier."""

from __future__ import annotations

import math

from cep.aggregates.slots.kind import Field, SlotKind
from cep.types import MAX_I64
from cep.types import NULL_I64 as NULL


def _extreme(name: str, dtype: str, empty: float, sign: str) -> SlotKind:
    field = Field("value", "f64" if dtype == "f64" else "i64", empty)
    routine = f"{name}_{dtype}"
    return SlotKind(
        f"{name}_{dtype}",
        (field,),
        f"{{a.value}} = {routine}({{a.value}}, {{x}})",
        f"{{a.value}} = {routine}({{a.value}}, {{b.value}})",
        straight=True,
    )


def _text_extreme(name: str, sign: str) -> SlotKind:
    return SlotKind(
        f"{name}_text",
        (Field("value", "i32", -1),),
        f"if {{a.value}} < 0 or ranks[{{x}}] {sign} ranks[{{a.value}}]:\n    {{a.value}} = {{x}}",
        "if {b.value} >= 0 and "
        f"({{a.value}} < 0 or ranks[{{b.value}}] {sign} ranks[{{a.value}}]):\n"
        "    {a.value} = {b.value}",
        ranks=True,
    )


def _first(suffix: str, field: Field, is_empty: str) -> SlotKind:
    test = is_empty.format(v="{a.value}")
    return SlotKind(
        f"first_{suffix}",
        (field,),
        f"if {test}:\n    {{a.value}} = {{x}}",
        f"if {test}:\n    {{a.value}} = {{b.value}}",
    )


def _last(suffix: str, field: Field, is_empty: str) -> SlotKind:
    test = is_empty.format(v="{b.value}")
    return SlotKind(
        f"last_{suffix}",
        (field,),
        "{a.value} = {x}",
        f"if not {test}:\n    {{a.value}} = {{b.value}}",
    )


_STORED = (
    ("f64", Field("value", "f64", math.nan), "isnan({v})"),
    ("i64", Field("value", "i64", NULL), "({v} == NULL_I64)"),
    ("text", Field("value", "i32", -1), "({v} < 0)"),
    ("flag", Field("value", "i64", -1), "({v} < 0)"),
)

KINDS = (
    _extreme("min", "f64", math.inf, "<"),
    _extreme("max", "f64", -math.inf, ">"),
    _extreme("min", "i64", MAX_I64, "<"),
    _extreme("max", "i64", NULL, ">"),
    _text_extreme("min", "<"),
    _text_extreme("max", ">"),
    *(_first(suffix, field, test) for suffix, field, test in _STORED),
    *(_last(suffix, field, test) for suffix, field, test in _STORED),
    SlotKind(
        "first_time",
        (Field("ts", "i64", NULL),),
        "if {a.ts} == NULL_I64:\n    {a.ts} = {t}",
        "if {a.ts} == NULL_I64:\n    {a.ts} = {b.ts}",
    ),
    SlotKind(
        "last_time",
        (Field("ts", "i64", NULL),),
        "{a.ts} = {t}",
        "if {b.ts} != NULL_I64:\n    {a.ts} = {b.ts}",
    ),
)
