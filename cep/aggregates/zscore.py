"""ZSCORE: the last value against the others: (last - mean) / standard deviation of the sample."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_FORMULA = Formula(
    (Use("others", "others"),),
    "div_f64({others.last} - {others.mean}, sqrt(div_f64({others.m2}, {others.n} - 1)))",
    "{others.n} > 1",
    Type.DOUBLE,
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULA


AGGREGATE = AggregateFunction(
    name="zscore",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="last value in standard deviations from the mean of the others",
)
