"""MAD: the last value against the others, robustly: (last - median) / median absolute deviation."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_FORMULA = Formula(
    (Use("values", "ordered_samples"),),
    "deviation_of_last({values.tree}, {values.floats}, {values.newest})",
    "size_of({values.links}, {values.root}) > 1",
    functions=(("ordered", "deviation_of_last"), ("ordered", "size_of")),
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _FORMULA


AGGREGATE = AggregateFunction(
    name="mad",
    results={Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE},
    formula_of=_formula,
    summary="last value in median absolute deviations from the median of the others",
)
