"""MEDIAN: the middle value, or the mean of the two in the middle."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options
from cep.aggregates.ranked import quantile_formula
from cep.types import Type

_FORMULA = quantile_formula(0.5)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULA


AGGREGATE = AggregateFunction(
    name="median",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="middle value",
)
