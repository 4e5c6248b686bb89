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
            total("total_resets", "resets"),
            functions=(("counters", "total_resets"),),
        )
        for kind, value in ((Type.DOUBLE, "f64"), (Type.INT, "i64"))
    },
    "number of decreases of a counter",
)
