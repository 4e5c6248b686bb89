"""SUM: INT exactly (NULL and counted if it does not fit), DOUBLE in the order of the rows."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_COUNT = Use("count", "count")
_DOUBLE = Formula((Use("sum", "sum"), _COUNT), "{sum.value}", "{count.n} > 0", Type.DOUBLE)
_WHOLE = Formula(
    (Use("sum", "whole_sum"), _COUNT),
    "whole_value({sum.high}, {sum.low})",
    "{count.n} > 0",
    may_fail=True,
    functions=(("whole", "whole_value"),),
)
_HALVES = ", ".join(f"distinct_half({{values.tree}}, {shift})" for shift in (32, 0))
_DISTINCT_WHOLE = Formula(
    (Use("values", "ordered"),),
    f"whole_value({_HALVES})",
    "{values.root} >= 0",
    may_fail=True,
    functions=(("whole", "whole_value"), ("ordered", "distinct_half")),
)
_DISTINCT_DOUBLE = Formula(
    (Use("values", "ordered"),),
    "distinct_total({values.tree}, 1)",
    "{values.root} >= 0",
    functions=(("ordered", "distinct_total"),),
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _DOUBLE if kind is Type.DOUBLE else _WHOLE


AGGREGATE = AggregateFunction(
    name="sum",
    results={
        Type.INT: Type.INT,
        Type.DOUBLE: Type.DOUBLE,
        Type.DURATION: Type.DURATION,
    },
    formula_of=_formula,
    distinct_formula={
        Type.INT: _DISTINCT_WHOLE,
        Type.DURATION: _DISTINCT_WHOLE,
        Type.DOUBLE: _DISTINCT_DOUBLE,
    },
    summary="sum of the values",
)
