"""AVG: the sum divided by the count; of INT from the exact sum, of DURATION in whole us toward zero."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_COUNT = Use("count", "count")
_WHOLE = Use("sum", "whole_sum")
_FORMULAS = {
    Type.DOUBLE: Formula(
        (Use("sum", "sum"), _COUNT), "div_f64({sum.value}, {count.n})", "{count.n} > 0", Type.DOUBLE
    ),
    Type.INT: Formula(
        (_WHOLE, _COUNT),
        "div_f64(whole_double({sum.high}, {sum.low}), {count.n})",
        "{count.n} > 0",
        functions=(("whole", "whole_double"),),
    ),
    Type.DURATION: Formula(
        (_WHOLE, _COUNT),
        "whole_mean({sum.high}, {sum.low}, {count.n})",
        "{count.n} > 0",
        functions=(("whole", "whole_mean"),),
    ),
}


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULAS[kind or Type.DOUBLE]


AGGREGATE = AggregateFunction(
    name="avg",
    results={
        Type.INT: Type.DOUBLE,
        Type.DOUBLE: Type.DOUBLE,
        Type.DURATION: Type.DURATION,
    },
    formula_of=_formula,
    summary="mean of the values",
)
