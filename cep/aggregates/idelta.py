"""IDELTA: the last sample minus the one before; NULL for fewer than two samples of different time."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_TWO = "{recent.second_ts} != NULL_I64"
_DOUBLE = Formula(
    (Use("recent", "recent_f64"),), "{recent.last} - {recent.second}", _TWO, Type.DOUBLE
)
_WHOLE = Formula(
    (Use("recent", "recent_i64"),), "sub_i64({recent.last}, {recent.second})", _TWO, may_fail=True
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _DOUBLE if kind is Type.DOUBLE else _WHOLE


AGGREGATE = AggregateFunction(
    name="idelta",
    results={Type.INT: Type.INT, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="last sample minus the one before",
)
