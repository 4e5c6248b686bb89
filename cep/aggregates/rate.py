"""RATE: the growth of a counter per second, from the sample before the frame to the last one."""

from __future__ import annotations

from cep.aggregates.contract import Formula
from cep.aggregates.counters import Elements, counter, extrapolated
from cep.types import Type

_ELAPSED = ("counters", "counter_elapsed")


def _formula(kind: Type, elements: Elements) -> Formula:
    defined = f"{elements.two} and {elements.elapsed} > 0"
    if kind is Type.DOUBLE:
        growth = elements.total("total_step", "grown")
        routines: tuple[tuple[str, str], ...] = (("counters", "total_step"),)
    else:
        high, low = elements.total("total_high", "high"), elements.total("total_low", "low")
        growth = f"whole_double({high}, {low})"
        routines = (
            ("counters", "total_high"),
            ("counters", "total_low"),
            ("whole", "whole_double"),
        )
    return Formula(
        elements.uses,
        f"div_f64({growth}, {elements.elapsed}) * 1000000.0",
        defined,
        functions=(*routines, _ELAPSED),
    )


AGGREGATE = counter(
    "rate",
    {Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    _formula,
    "growth of a counter per second",
    extrapolated("div_f64({growth}, {end} - {start}) * 1000000.0"),
)
