"""Short spellings of MATCH nodes for unit tests: patterns, conditions, measures."""

from __future__ import annotations

from typing import Any

from cep.plan.expressions import EVENT, Aggregate, Bound, Call, Column, Expr, Literal, Meta
from cep.plan.nodes import (
    Absent,
    Atom,
    Item,
    Match,
    Pattern,
    Repeat,
    Scan,
    Sequence,
    Variable,
)
from cep.schema import ColumnSpec, Schema
from cep.types import Type

SCHEMA = Schema((
    ColumnSpec("k", Type.STRING),
    ColumnSpec("k2", Type.INT),
    ColumnSpec("v", Type.DOUBLE),
))


def number(value: float) -> Literal:
    return Literal(float(value), Type.DOUBLE)


def v(stream: int = 0) -> Column:
    return Column(stream, "v", Type.DOUBLE)


def last(variable: str, offset: int = 0, **more: Any) -> Bound:
    return Bound(variable, "v", Type.DOUBLE, "last", offset, **more)


def first(variable: str, offset: int = 0, **more: Any) -> Bound:
    return Bound(variable, "v", Type.DOUBLE, "first", offset, **more)


def call(function: str, *args: Expr, kind: Type = Type.BOOLEAN) -> Call:
    return Call(function, args, kind)


def both(*conditions: Expr) -> Expr:
    return conditions[0] if len(conditions) == 1 else Call("and", conditions, Type.BOOLEAN)


def between(low: float, high: float, stream: int = 0) -> Expr:
    return both(call("ge", v(stream), number(low)), call("le", v(stream), number(high)))


def aggregate(function: str, *variables: str, kind: Type = Type.DOUBLE, **more: Any) -> Aggregate:
    """An aggregate of column v; `count` is COUNT(*), `count_v` is COUNT(v)."""
    args = () if function == "count" else (Column(EVENT, "v", Type.DOUBLE),)
    kind = Type.INT if function.startswith("count") else kind
    name = function.removesuffix("_v")
    return Aggregate(name, args, kind, variables=variables, **more)


def step(variable: str, low: int = 1, high: int | None = 1) -> Pattern:
    return Atom(variable) if (low, high) == (1, 1) else Repeat(Atom(variable), low, high)


def absent(variable: str, for_us: int | None = None) -> Pattern:
    return Absent((variable,), for_us)


def sequence(*parts: Pattern, edges: tuple[str, ...] | None = None) -> Pattern:
    if len(parts) == 1:
        return parts[0]
    return Sequence(parts, edges or ("relaxed",) * (len(parts) - 1))  # type: ignore[arg-type]


def match(
    pattern: Pattern,
    conditions: dict[str, Expr | None],
    *,
    streams: dict[str, int] | None = None,
    n_streams: int = 1,
    keys: tuple[str, ...] = ("k",),
    measures: dict[str, Expr] | None = None,
    within: int | None = None,
    starts: str = "each",
    skip: str = "past_last",
    max_runs: int | None = None,
) -> Match:
    variables = tuple(
        Variable(name, (streams or {}).get(name, 0), condition)
        for name, condition in conditions.items()
    )
    items = {
        "start": Meta("match_start", Type.TIMESTAMP),
        "end": Meta("match_end", Type.TIMESTAMP),
        **(measures or {}),
    }
    return Match(
        tuple(Scan(f"s{n}", SCHEMA) for n in range(n_streams)),
        tuple((key,) * n_streams for key in keys),
        keys,
        pattern,
        variables,
        within,
        starts,  # type: ignore[arg-type]
        skip,  # type: ignore[arg-type]
        tuple(Item(name, value) for name, value in items.items()),
        Schema(()),
        max_runs=max_runs,
    )
