"""RESETS: how often a counter decreased, from the sample before the frame to the last one."""

from __future__ import annotations

from cep.aggregates.contract import Formula
from cep.aggregates.counters import counter, total, uses
from cep.types import Type

AGGREGATE = counter(
    "resets",
    {Type.INT: Type.INT, Type.DOUBLE: Type.INT},
    {
        kind: Formula(
            uses(value),
            total(routine, "resets"),
            functions=(("counters", routine),),
            total=True,
        )
        for kind, value, routine in (
            (Type.DOUBLE, "f64", "total_resets"),
            (Type.INT, "i64", "whole_total_resets"),
        )
    },
    "number of decreases of a counter",
)
