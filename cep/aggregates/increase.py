"""INCREASE: the growth of a counter, from the sample before the frame to the last one."""

from __future__ import annotations

from cep.aggregates.contract import Formula
from cep.aggregates.counters import Elements, counter, extrapolated
from cep.types import Type


def _formula(kind: Type, elements: Elements) -> Formula:
    if kind is Type.DOUBLE:
        return Formula(
            elements.uses,
            elements.total("total_step", "grown"),
            elements.two,
            functions=(("counters", "total_step"),),
        )
    high, low = elements.total("total_high", "high"), elements.total("total_low", "low")
    return Formula(
        elements.uses,
        f"whole_value({high}, {low})",
        elements.two,
        may_fail=True,
        functions=(
            ("counters", "total_high"),
            ("counters", "total_low"),
            ("whole", "whole_value"),
        ),
    )


AGGREGATE = counter(
    "increase",
    {Type.INT: Type.INT, Type.DOUBLE: Type.DOUBLE},
    _formula,
    "growth of a counter; a decrease counts as a reset",
    extrapolated(),
)
