"""DERIV: the mean rate of change, (last - first) / (time between them), per second or `per`."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Option, Options, Use
from cep.types import Type


def _formula(kind: Type | None, options: Options) -> Formula:
    per_us = float(str(options["per"]))
    return Formula(
        (Use("span", "span_f64"),),
        "div_f64({span.last} - {span.first}, {span.last_ts} - {span.first_ts})"
        f" * {per_us!r}",
        "{span.first_ts} != {span.last_ts}",
        Type.DOUBLE,
    )


AGGREGATE = AggregateFunction(
    name="deriv",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    options=(Option("per", Type.DURATION, 1_000_000),),
    summary="mean rate of change per second (or per `per`)",
)
