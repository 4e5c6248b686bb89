"""SLOPE: the least-squares slope against event time, per second; times are centred."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_FIELDS = ("n", "first_ts", "mean_t", "mean", "stt", "stv", "last_ts", "last")
_FORMULA = Formula(
    (Use("line", "regression"),),
    f"line_slope({', '.join(f'{{line.{name}}}' for name in _FIELDS)})",
    "{line.n} > 0",
    Type.DOUBLE,
    functions=(("regression", "line_slope"),),
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULA


AGGREGATE = AggregateFunction(
    name="slope",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="slope of the least-squares line, per second",
)
