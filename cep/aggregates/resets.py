"""RESETS: how often a counter decreased, from the sample before the frame to the last one."""

from __future__ import annotations

from cep.aggregates.contract import Formula
from cep.aggregates.counters import Elements, counter
from cep.types import Type


def _formula(kind: Type, elements: Elements) -> Formula:
    routine = "total_resets" if kind is Type.DOUBLE else "whole_total_resets"
    return Formula(
        elements.uses,
        elements.total(routine, "resets"),
        functions=(("counters", routine),),
        total=True,
    )


AGGREGATE = counter(
    "resets",
    {Type.INT: Type.INT, Type.DOUBLE: Type.INT},
    _formula,
    "number of decreases of a counter",
)
