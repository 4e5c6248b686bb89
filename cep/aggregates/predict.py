"""PREDICT: the value of the least-squares line some time after the end of the frame."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Option, Options
from cep.aggregates.line import line_formula
from cep.types import Type


def _formula(kind: Type | None, options: Options) -> Formula:
    return line_formula("line_value", f"{{end}} + {int(str(options['ahead']))}")


AGGREGATE = AggregateFunction(
    name="predict",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    options=(Option("ahead", Type.DURATION, place=1, required=True),),
    summary="value of the least-squares line some time ahead",
)
