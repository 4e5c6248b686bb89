"""IDERIV: the rate of change between the last two samples, per second or `per`."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Option, Options, Use
from cep.types import Type


def _formula(kind: Type | None, options: Options) -> Formula:
    per_us = float(str(options["per"]))
    return Formula(
        (Use("recent", "recent_f64"),),
        "div_f64({recent.last} - {recent.second}, {recent.last_ts} - {recent.second_ts})"
        f" * {per_us!r}",
        "{recent.second_ts} != NULL_I64",
        Type.DOUBLE,
    )


AGGREGATE = AggregateFunction(
    name="ideriv",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    options=(Option("per", Type.DURATION, 1_000_000),),
    summary="rate of change between the last two samples, per second (or per `per`)",
)
