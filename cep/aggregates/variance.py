"""VARIANCE: the variance of the sample (divided by n - 1); NULL for fewer than two values."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_FORMULA = Formula(
    (Use("moments", "moments"),),
    "div_f64({moments.m2}, {moments.n} - 1)",
    "{moments.n} > 1",
    Type.DOUBLE,
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULA


AGGREGATE = AggregateFunction(
    name="variance",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="variance of the sample",
)
