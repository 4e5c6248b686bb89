"""ACCEL: how fast the rate of change changes: the last IDERIV minus the one before, by the time between them."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_ENDS = ", ".join(f"{{recent.{n}_ts}}, {{recent.{n}}}" for n in ("third", "second", "last"))
_FORMULA = Formula(
    (Use("recent", "recent_f64"),),
    f"acceleration({_ENDS})",
    "{recent.third_ts} != NULL_I64",
    Type.DOUBLE,
    functions=(("trends", "acceleration"),),
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULA


AGGREGATE = AggregateFunction(
    name="accel",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="change of the rate of change, per second and second",
)
