"""What MIN and MAX share: a formula by type of the argument."""

from __future__ import annotations

from typing import Literal

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_COUNT = Use("count", "count")


def extreme(name: Literal["min", "max"], summary: str) -> AggregateFunction:
    """Return MIN or MAX."""
    whole = Formula((Use("best", f"{name}_i64"), _COUNT), "{best.value}", "{count.n} > 0")
    formulas: dict[Type | None, Formula] = {
        Type.DOUBLE: Formula(
            (Use("best", f"{name}_f64"), _COUNT), "{best.value}", "{count.n} > 0", Type.DOUBLE
        ),
        Type.STRING: Formula((Use("best", f"{name}_text"),), "{best.value}"),
        Type.INT: whole,
        Type.TIMESTAMP: whole,
        Type.DURATION: whole,
    }

    def formula(kind: Type | None, options: Options) -> Formula:
        return formulas[kind or Type.DOUBLE]

    return AggregateFunction(
        name=name,
        results={kind: kind for kind in formulas if kind is not None},
        formula_of=formula,
        distinct_formula=formulas,
        summary=summary,
    )
