"""What SLOPE, INTERCEPT, R2 and PREDICT share: the least-squares line over event time."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_FIELDS = ("n", "first_ts", "mean_t", "mean", "stt", "stv", "last_ts", "last")


def line_formula(routine: str, *more: str, squares: bool = False) -> Formula:
    """Return `routine(line.., more..)`; NULL for fewer than two samples of different time.

    squares: the routine takes `svv` after `stv`.
    """
    fields = [*_FIELDS]
    if squares:
        fields.insert(fields.index("stv") + 1, "svv")
    return Formula(
        (Use("line", "regression_squares" if squares else "regression"),),
        f"{routine}({', '.join([*(f'{{line.{name}}}' for name in fields), *more])})",
        "{line.n} > 0",
        Type.DOUBLE,
        functions=(("regression", routine),),
    )


def line(name: str, formula: Formula, summary: str) -> AggregateFunction:
    """Return an aggregate over the line without options."""

    def formula_of(kind: Type | None, options: Options) -> Formula:
        return formula

    return AggregateFunction(
        name, {Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE}, formula_of, summary=summary
    )
