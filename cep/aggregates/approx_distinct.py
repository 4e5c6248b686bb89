"""APPROX_DISTINCT(x): the number of different values, estimated in bounded space (`cep/kernellib/coupons.py`).

A group keeps at most about 4096 * log2(values / 4096) coupons. Up to a hundred different values the count is
exact unless two of them draw one coupon; of many the relative standard error is 1.1 %.
"""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_FORMULA = Formula(
    (Use("coupons", "distinct"),),
    "drawn_from({coupons.n})",
    total=True,
    functions=(("coupons", "drawn_from"),),
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULA


_KINDS = (Type.INT, Type.DOUBLE, Type.STRING, Type.TIMESTAMP, Type.DURATION)

AGGREGATE = AggregateFunction(
    name="approx_distinct",
    results=dict.fromkeys(_KINDS, Type.INT),
    formula_of=_formula,
    through="coupon",
    summary="number of different values, to 1.1 %",
)
