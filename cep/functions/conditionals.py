"""COALESCE, NULLIF and IF: the code generator writes them as branches."""

from __future__ import annotations

from typing import Any

from cep.functions.function import Function, Signature
from cep.functions.operators import BOOLEAN, VALUES


def _coalesce(*values: Any) -> Any:
    return next((v for v in values if v is not None), None)


def _nullif(a: Any, b: Any) -> Any:
    return None if a is not None and b is not None and a == b else a


def _if(condition: Any, then: Any, otherwise: Any) -> Any:
    return then if condition is True else otherwise


FUNCTIONS = (
    Function(
        "coalesce",
        tuple(Signature((t, t), t, variadic=True, total=True) for t in VALUES)
        + tuple(Signature((t,), t, total=True) for t in VALUES),
        _coalesce,
        strict=False,
        aliases=("ifnull", "nvl"),
        doc="COALESCE(a, b, ..): the first that is not NULL",
    ),
    Function(
        "nullif",
        tuple(Signature((t, t), t) for t in VALUES),
        _nullif,
        strict=False,
        doc="NULLIF(a, b): NULL if a = b, else a",
    ),
    Function(
        "if",
        tuple(Signature((BOOLEAN, t, t), t, total=True) for t in VALUES),
        _if,
        strict=False,
        aliases=("iff",),
        doc="IF(condition, then, otherwise)",
    ),
)
