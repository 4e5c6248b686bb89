"""COUNT(*), COUNT(x) of values that are not NULL, COUNT(DISTINCT x)."""

from __future__ import annotations

from cep.aggregates.contract import EVERYWHERE, AggregateFunction, Formula, Options, Use
from cep.types import Type

_ROWS = Formula((Use("count", "rows"),), "{count.n}", total=True)
_VALUES = Formula((Use("count", "count"),), "{count.n}", total=True)

# COUNT(DISTINCT x); the kernels fill the slot from an index of the values.
DISTINCT = Formula((Use("count", "distinct"),), "{count.n}", total=True)


def _formula(kind: Type | None, options: Options) -> Formula:
    return _ROWS if kind is None else _VALUES


AGGREGATE = AggregateFunction(
    name="count",
    results=dict.fromkeys(Type, Type.INT),
    formula_of=_formula,
    where=EVERYWHERE,
    star=True,
    distinct_formula={None: DISTINCT},
    summary="number of rows, of values that are not NULL, or of different values",
)
