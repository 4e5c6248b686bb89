"""RATE: the growth of a counter per second, from the sample before the frame to the last one."""

from __future__ import annotations

from cep.aggregates.contract import Formula
from cep.aggregates.counters import (
    ELAPSED,
    ELAPSED_FUNCTION,
    TWO_ELEMENTS,
    counter,
    total,
    uses,
)
from cep.types import Type

_DEFINED = f"{TWO_ELEMENTS} and {ELAPSED} > 0"

AGGREGATE = counter(
    "rate",
    {Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    {
        Type.DOUBLE: Formula(
            uses("f64"),
            f"div_f64({total('total_step', 'grown')}, {ELAPSED}) * 1000000.0",
            _DEFINED,
            functions=(("counters", "total_step"), ELAPSED_FUNCTION),
        ),
        Type.INT: Formula(
            uses("i64"),
            f"div_f64(whole_double({total('total_high', 'high')}, "
            f"{total('total_low', 'low')}), {ELAPSED}) * 1000000.0",
            _DEFINED,
            functions=(
                ("counters", "total_high"),
                ("counters", "total_low"),
                ("whole", "whole_double"),
                ELAPSED_FUNCTION,
            ),
        ),
    },
    "growth of a counter per second",
)
