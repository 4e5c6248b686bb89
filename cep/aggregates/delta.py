"""DELTA: the last sample minus the first; NULL for fewer than two samples of different time."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_TWO = "{span.first_ts} != {span.last_ts}"
_DOUBLE = Formula((Use("span", "span_f64"),), "{span.last} - {span.first}", _TWO, Type.DOUBLE)
_WHOLE = Formula(
    (Use("span", "span_i64"),), "sub_i64({span.last}, {span.first})", _TWO, may_fail=True
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _DOUBLE if kind is Type.DOUBLE else _WHOLE


AGGREGATE = AggregateFunction(
    name="delta",
    results={Type.INT: Type.INT, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="last sample minus first sample",
)
