"""What FIRST_TIME and LAST_TIME share: the time of a value of any type that is not NULL."""

from __future__ import annotations

from typing import Literal

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type


def moment(name: Literal["first_time", "last_time"], summary: str) -> AggregateFunction:
    """Return FIRST_TIME or LAST_TIME; NULL without values."""
    formula = Formula((Use("kept", name),), "{kept.ts}")

    def formula_of(kind: Type | None, options: Options) -> Formula:
        return formula

    return AggregateFunction(name, dict.fromkeys(Type, Type.TIMESTAMP), formula_of, summary=summary)
