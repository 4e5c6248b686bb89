"""Slots of the newest samples: the last three, of equal times the last."""

from __future__ import annotations

from typing import Literal

from cep.aggregates.slots.kind import Field, SlotKind
from cep.types import NULL_I64 as NULL

_ADD = """\
if {a.last_ts} != {t}:
    {a.third_ts} = {a.second_ts}
    {a.third} = {a.second}
    {a.second_ts} = {a.last_ts}
    {a.second} = {a.last}
    {a.last_ts} = {t}
{a.last} = {x}"""

# The last sample of a is dropped when the first of b has its time.
_MERGE = """\
if {b.last_ts} != NULL_I64:
    if {b.third_ts} != NULL_I64:
        {a.third_ts} = {b.third_ts}
        {a.third} = {b.third}
        {a.second_ts} = {b.second_ts}
        {a.second} = {b.second}
    elif {b.second_ts} != NULL_I64:
        if {a.last_ts} == {b.second_ts}:
            {a.third_ts} = {a.second_ts}
            {a.third} = {a.second}
        else:
            {a.third_ts} = {a.last_ts}
            {a.third} = {a.last}
        {a.second_ts} = {b.second_ts}
        {a.second} = {b.second}
    elif {a.last_ts} != {b.last_ts}:
        {a.third_ts} = {a.second_ts}
        {a.third} = {a.second}
        {a.second_ts} = {a.last_ts}
        {a.second} = {a.last}
    {a.last_ts} = {b.last_ts}
    {a.last} = {b.last}"""


def _recent(value: Literal["i64", "f64"]) -> SlotKind:
    fields = []
    for name in ("third", "second", "last"):
        fields += [Field(f"{name}_ts", "i64", NULL), Field(name, value)]
    return SlotKind(f"recent_{value}", tuple(fields), _ADD, _MERGE)


KINDS = (_recent("f64"), _recent("i64"))
