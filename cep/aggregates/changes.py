"""CHANGES: how often the value of a sample differs from that of the sample before."""

from __future__ import annotations

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
_LAST = "int({seen.first_ts} != {seen.last_ts} and {seen.before} != {seen.last})"


def _formula(kind: Type | None, options: Options) -> Formula:
    suffix = _SUFFIXES[kind or Type.DOUBLE]
    return Formula((Use("seen", f"changes_{suffix}"),), f"{{seen.n}} + {_LAST}", total=True)


AGGREGATE = AggregateFunction(
    name="changes",
    results=dict.fromkeys(_SUFFIXES, Type.INT),
    formula_of=_formula,
    summary="number of changes of the value",
)
