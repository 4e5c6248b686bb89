"""What FIRST and LAST share: one slot by type of the argument."""

from __future__ import annotations

from typing import Literal

from cep.aggregates.contract import IN_FRAMES, AggregateFunction, Formula, Options, Use
from cep.types import NESTED_TYPES, Type

_SUFFIXES = {
    Type.BOOLEAN: "flag",
    Type.INT: "i64",
    Type.DOUBLE: "f64",
    Type.STRING: "text",
    Type.TIMESTAMP: "i64",
    Type.DURATION: "i64",
    **dict.fromkeys(NESTED_TYPES, "text"),
}


def edge(name: Literal["first", "last"], summary: str) -> AggregateFunction:
    """Return FIRST or LAST; in patterns these names are navigation, not aggregates."""
    formulas = {
        kind: Formula((Use("kept", f"{name}_{suffix}"),), "{kept.value}")
        for kind, suffix in _SUFFIXES.items()
    }

    def formula(kind: Type | None, options: Options) -> Formula:
        return formulas[kind or Type.DOUBLE]

    return AggregateFunction(
        name=name,
        results={kind: kind for kind in formulas},
        formula_of=formula,
        where=IN_FRAMES,
        summary=summary,
    )
