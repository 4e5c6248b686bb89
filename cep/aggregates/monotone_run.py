"""MONOTONE_RUN: the steps of the current run: positive while rising, negative while falling, 0 after a tie."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_KINDS = {Type.DOUBLE: ("run_f64", "run_step"), Type.INT: ("run_i64", "whole_run_step")}


def _formula(kind: Type | None, options: Options) -> Formula:
    slot, step = _KINDS[kind or Type.DOUBLE]
    after = f"{step}({{seen.run}}, {{seen.before}}, {{seen.last}})"
    return Formula(
        (Use("seen", slot),),
        f"({after} if {{seen.first_ts}} != {{seen.last_ts}} else 0)",
        functions=(("trends", step),),
        total=True,
    )


AGGREGATE = AggregateFunction(
    name="monotone_run",
    results={Type.INT: Type.INT, Type.DOUBLE: Type.INT},
    formula_of=_formula,
    summary="length of the current rising (+) or falling (-) run, in steps",
)
