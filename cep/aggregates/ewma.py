"""EWMA: the mean with weights that decay, by time (`tau`) or by sample (`alpha`)."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Option, Options, Use
from cep.types import Type

_KINDS = {"tau": ("decay_time", "time_decay"), "alpha": ("decay_step", "step_decay")}


def _formula(kind: Type | None, options: Options) -> Formula:
    by = "tau" if options["alpha"] is None else "alpha"
    slot, routine = _KINDS[by]
    left = f"{routine}({{mean.last_ts}} - {{mean.before_ts}}, {{mean.weight}})"
    after = f"decayed({{mean.first}}, {{mean.keep}}, {{mean.gain}}, {left}, {{mean.last}})"
    return Formula(
        (Use("mean", slot, (0, by)),),
        f"({after} if {{mean.first_ts}} != {{mean.last_ts}} else {{mean.last}})",
        "{mean.first_ts} != NULL_I64",
        Type.DOUBLE,
        functions=(("trends", routine), ("trends", "decayed")),
    )


AGGREGATE = AggregateFunction(
    name="ewma",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    options=(
        Option("tau", Type.DURATION, 30_000_000),
        Option("alpha", Type.DOUBLE, low=0.0, high=1.0),
    ),
    summary="exponentially weighted mean",
)
