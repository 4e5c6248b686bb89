"""Scalar functions by family: one table that the binder, the code generators and the host read.

`FUNCTIONS` holds every function and operator by its canonical (lower case) name, `find` looks a name of
rule text up (any case, aliases), `resolve` picks the signature for argument types.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.functions.casts import FUNCTIONS as CASTS
from cep.functions.conditionals import FUNCTIONS as CONDITIONALS
from cep.functions.coupons import FUNCTIONS as COUPONS
from cep.functions.function import Function, Resolution, Signature
from cep.functions.identity import FUNCTIONS as IDENTITY
from cep.functions.math import FUNCTIONS as MATH
from cep.functions.nested import FUNCTIONS as NESTED
from cep.functions.nested import MORE_CASTS
from cep.functions.operators import FUNCTIONS as OPERATORS
from cep.functions.strings import FUNCTIONS as STRINGS
from cep.functions.times import FUNCTIONS as TIMES
from cep.types import WIDER, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "FUNCTIONS",
    "Function",
    "Resolution",
    "Signature",
    "cast",
    "find",
    "names",
    "register",
    "resolve",
]

_FAMILIES = (OPERATORS, MATH, STRINGS, TIMES, CASTS, CONDITIONALS, IDENTITY, NESTED, COUPONS)

FUNCTIONS: dict[str, Function] = {
    function.name: replace(
        function, signatures=function.signatures + MORE_CASTS.get(function.name, ())
    )
    for family in _FAMILIES
    for function in family
}

_BY_NAME: dict[str, Function] = {
    name: function
    for function in FUNCTIONS.values()
    if not function.operator
    for name in (function.name, *function.aliases)
}


def names() -> tuple[str, ...]:
    """Return the names that can be called in rule text, aliases included, in lower case."""
    return tuple(_BY_NAME)


def find(name: str) -> Function | None:
    """Return the function a call in rule text means (any case, aliases), or None.

    Operators (`add`, `eq`, ..) are not found here: the binder takes them from `FUNCTIONS` by name.
    """
    return _BY_NAME.get(name.lower())


def register(function: Function) -> Function:
    """Take a function of the user's into the table; return the one that has its name there already, if any.

    Names of such functions say all about them (`cep.functions.python`), so they are never taken out.
    """
    return FUNCTIONS.setdefault(function.name, function)


def resolve(function: Function, types: Iterable[Type]) -> Resolution | None:
    """Return the signature for argument types, with INT taken as DOUBLE where needed, or None.

    An exact signature wins; else the one with the fewest INT arguments turned into DOUBLE.
    """
    have = tuple(types)
    best: tuple[int, Resolution] | None = None
    for signature in function.signatures:
        wants = signature.wants(len(have))
        if wants is None:
            continue
        cost = _cost(have, wants)
        if cost is not None and (best is None or cost < best[0]):
            best = (cost, Resolution(function, signature, wants))
    return best[1] if best else None


def _cost(have: tuple[Type, ...], wants: tuple[Type, ...]) -> int | None:
    """Return how many conversions lead from `have` to `wants`, or None if none do."""
    cost = 0
    for h, w in zip(have, wants, strict=True):
        if h is w or h is Type.NULL:
            continue
        if WIDER.get(h) is not w:
            return None
        cost += 1
    return cost


def cast(source: Type, target: Type, *, strict: bool = True) -> str | None:
    """Return the name of the function that CAST (or TRY_CAST: `strict=False`) applies, or None.

    None means that no cast between the types exists; equal types need none and give the empty string.
    Both forms give NULL for a value that does not convert; CAST counts an expression error.
    """
    del strict  # one function serves both: errors are counted where results are stored
    if source in (target, Type.NULL):
        return ""
    name = f"to_{target.value.lower()}"
    function = FUNCTIONS.get(name)
    return name if function is not None and function.signature((source,)) is not None else None
