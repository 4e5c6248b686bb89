"""MODE: the most frequent value, of ties the one that came first."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_BEST = "ordered_value({values.words}, most_frequent({values.tree}))"
_FUNCTIONS = (("ordered", "ordered_value"), ("ordered", "most_frequent"))
_WHOLE = Formula((Use("values", "ordered"),), _BEST, "{values.root} >= 0", functions=_FUNCTIONS)
_DOUBLE = Formula(
    (Use("values", "ordered"),),
    f"double_of({_BEST})",
    "{values.root} >= 0",
    functions=(*_FUNCTIONS, ("ordered", "double_of")),
)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _DOUBLE if kind is Type.DOUBLE else _WHOLE


AGGREGATE = AggregateFunction(
    name="mode",
    results={
        kind: kind
        for kind in (
            Type.BOOLEAN,
            Type.INT,
            Type.DOUBLE,
            Type.STRING,
            Type.TIMESTAMP,
            Type.DURATION,
        )
    },
    formula_of=_formula,
    summary="most frequent value",
)
