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
_HALVES = ", ".join(f"distinct_half({{values.tree}}, {shift})" for shift in (32, 0))
_NUMBER = "distinct_number({values.tree})"
_DISTINCT_FUNCTIONS = (("ordered", "distinct_half"), ("ordered", "distinct_number"))
_DISTINCT: dict[Type | None, Formula] = {
    Type.DOUBLE: Formula(
        (Use("values", "ordered"),),
        f"div_f64(distinct_total({{values.tree}}, 1), {_NUMBER})",
        "{values.root} >= 0",
        functions=(("ordered", "distinct_total"), ("ordered", "distinct_number")),
    ),
    Type.INT: Formula(
        (Use("values", "ordered"),),
        f"div_f64(whole_double({_HALVES}), {_NUMBER})",
        "{values.root} >= 0",
        functions=(("whole", "whole_double"), *_DISTINCT_FUNCTIONS),
    ),
    Type.DURATION: Formula(
        (Use("values", "ordered"),),
        f"whole_mean({_HALVES}, {_NUMBER})",
        "{values.root} >= 0",
        functions=(("whole", "whole_mean"), *_DISTINCT_FUNCTIONS),
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
    distinct_formula=_DISTINCT,
    summary="mean of the values",
)
