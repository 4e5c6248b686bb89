"""What ARG_MIN and ARG_MAX share: the value of one column where another is smallest or largest."""

from __future__ import annotations

from typing import Literal

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

_SUFFIXES = {
    Type.BOOLEAN: "i64",
    Type.INT: "i64",
    Type.DOUBLE: "f64",
    Type.STRING: "text",
    Type.TIMESTAMP: "i64",
    Type.DURATION: "i64",
}
_ORDERED = frozenset(_SUFFIXES) - {Type.BOOLEAN}


def beside(which: Literal["min", "max"], summary: str) -> AggregateFunction:
    """Return ARG_MIN or ARG_MAX: rows with a NULL in either argument are passed over."""

    def pair(value: Type, by: Type) -> Formula:
        kind = f"arg_{which}_{_SUFFIXES[value]}_{_SUFFIXES[by]}"
        return Formula((Use("kept", kind, (0, 1)),), "{kept.value}", "{kept.found} == 1")

    def formula_of(kind: Type | None, options: Options) -> Formula:
        return pair(kind or Type.DOUBLE, Type.DOUBLE)

    return AggregateFunction(
        f"arg_{which}",
        {kind: kind for kind in _SUFFIXES},
        formula_of,
        summary=summary,
        seconds=_ORDERED,
        pair=pair,
    )
