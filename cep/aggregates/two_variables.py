"""What CORR and REGR_.. share: centred moments of pairs (y, x); rows with a NULL are passed over."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_NUMBERS = frozenset({Type.INT, Type.DOUBLE})


def two_variables(
    name: str,
    value: str,
    summary: str,
    *,
    defined: str = "{pairs.n} > 0",
    result: Type = Type.DOUBLE,
) -> AggregateFunction:
    """Return an aggregate over pairs; `value` is over the slot `pairs` (see `slots/pairs.py`)."""
    formula = Formula(
        (Use("pairs", "pair_moments", (0, 1)),),
        value,
        defined,
        Type.DOUBLE,
        total=not defined,
    )

    def pair(y: Type, x: Type) -> Formula:
        return formula

    def formula_of(kind: Type | None, options: Options) -> Formula:
        return formula

    return AggregateFunction(
        name,
        dict.fromkeys(_NUMBERS, result),
        formula_of,
        summary=summary,
        seconds=_NUMBERS,
        pair=pair,
    )
