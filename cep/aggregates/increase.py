"""INCREASE: the growth of a counter, from the sample before the frame to the last one."""

from __future__ import annotations

from cep.aggregates.contract import Formula
from cep.aggregates.counters import TWO_ELEMENTS, counter, total, uses
from cep.types import Type

AGGREGATE = counter(
    "increase",
    {Type.INT: Type.INT, Type.DOUBLE: Type.DOUBLE},
    {
        Type.DOUBLE: Formula(
            uses("f64"),
            total("total_step", "grown"),
            TWO_ELEMENTS,
            functions=(("counters", "total_step"),),
        ),
        Type.INT: Formula(
            uses("i64"),
            f"whole_value({total('total_high', 'high')}, {total('total_low', 'low')})",
            TWO_ELEMENTS,
            may_fail=True,
            functions=(
                ("counters", "total_high"),
                ("counters", "total_low"),
                ("whole", "whole_value"),
            ),
        ),
    },
    "growth of a counter; a decrease counts as a reset",
)
