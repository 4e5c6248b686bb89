"""QUANTILE(x, q): the value below which a part q of the values lies, exactly."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Option, Options
from cep.aggregates.ranked import quantile_formula
from cep.types import Type


def _formula(kind: Type | None, options: Options) -> Formula:
    return quantile_formula(float(str(options["q"])))


AGGREGATE = AggregateFunction(
    name="quantile",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    options=(Option("q", Type.DOUBLE, place=1, required=True, low=0.0, high=1.0),),
    summary="q-quantile, interpolated between neighbours",
)
