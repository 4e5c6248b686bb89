"""Mathematical functions. Undefined and infinite results are NULL.

Only exact or correctly rounded operations have a numpy form; the others run in kernels, which call the C
library in both tiers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cep.functions.function import Function, Signature
from cep.functions.reference import round_half_away, strict
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

INT, DOUBLE, STRING = Type.INT, Type.DOUBLE, Type.STRING
TIMESTAMP, DURATION = Type.TIMESTAMP, Type.DURATION


def _double(
    name: str,
    scalar: Callable[..., Any],
    doc: str,
    *,
    kernel: str = "",
    numpy: str | None = None,
    n_args: int = 1,
    total: bool = False,
    carries: tuple[int, ...] = (),
    aliases: tuple[str, ...] = (),
) -> Function:
    """Return a function of doubles; the kernel form is the intrinsic of the same name unless given."""
    arguments = ", ".join(f"{{{i}}}" for i in range(n_args))
    signature = Signature(
        (DOUBLE,) * n_args,
        DOUBLE,
        kernel or f"{name}({arguments})",
        numpy,
        total=total,
        carries=carries,
    )
    return Function(name, (signature,), strict(scalar), aliases=aliases, doc=doc)


def _round_to(x: Any, digits: int = 0) -> Any:
    if isinstance(x, int):
        return x
    scale = 1.0
    for _ in range(min(abs(digits), 22)):
        scale *= 10.0
    if digits < 0:
        return round_half_away(x / scale) * scale
    up = x * scale
    return round_half_away(up) / scale if math.isfinite(up) else x


def _sign(x: Any) -> Any:
    if x == 0:
        return x
    return type(x)(1 if x > 0 else -1)


def _whole(name: str, scalar: Callable[..., Any], aliases: tuple[str, ...] = ()) -> Function:
    """Return FLOOR, CEIL or TRUNC; an integer stays as it is."""
    return Function(
        name,
        (
            Signature((INT,), INT, "{0}", "{0}", total=True),
            Signature(
                (DOUBLE,), DOUBLE, f"{name}({{0}})", f"np.{name}({{0}})", total=True, carries=(0,)
            ),
        ),
        strict(lambda x: x if isinstance(x, int) else math.copysign(float(scalar(x)), x)),
        aliases=aliases,
        doc=f"{name.upper()}(x)",
    )


ROUNDING = (
    Function(
        "abs",
        (
            Signature((INT,), INT, "abs_i64({0})", "abs_i64({0})", total=True),
            Signature((DOUBLE,), DOUBLE, "fabs({0})", "np.abs({0})", total=True, carries=(0,)),
            Signature((DURATION,), DURATION, "abs_i64({0})", "abs_i64({0})", total=True),
        ),
        strict(abs),
        doc="ABS(x)",
    ),
    _whole("floor", math.floor),
    _whole("ceil", math.ceil, ("ceiling",)),
    _whole("trunc", math.trunc, ("truncate",)),
    Function(
        "round",
        (
            Signature((INT,), INT, "{0}", "{0}", total=True),
            Signature(
                (DOUBLE,),
                DOUBLE,
                "round_half_away({0})",
                "round_half_away({0})",
                total=True,
                carries=(0,),
            ),
            Signature(
                (DOUBLE, INT),
                DOUBLE,
                "round_to({0}, {1})",
                "round_to({0}, {1})",
                uses=(("scalars", "round_to"),),
                infinite=True,
            ),
        ),
        strict(_round_to),
        doc="ROUND(x [, digits]): halves away from zero",
    ),
    Function(
        "sign",
        (
            Signature((INT,), INT, "sign_i64({0})", uses=(("scalars", "sign_i64"),), total=True),
            Signature(
                (DOUBLE,), DOUBLE, "sign_f64({0})", uses=(("scalars", "sign_f64"),), total=True
            ),
        ),
        strict(_sign),
        doc="SIGN(x): -1, 0 or 1",
    ),
)


def _log(base: float, x: float) -> float:
    return math.log(x) / math.log(base)


CURVES = (
    _double("sqrt", math.sqrt, "SQRT(x); NULL for x < 0", numpy="np.sqrt({0})", carries=(0,)),
    _double("exp", math.exp, "EXP(x)"),
    _double("ln", math.log, "LN(x); NULL for x <= 0", kernel="log({0})"),
    Function(
        "log",
        (
            Signature((DOUBLE,), DOUBLE, "log({0})"),
            Signature((DOUBLE, DOUBLE), DOUBLE, "div_f64(log({1}), log({0}))", infinite=True),
        ),
        strict(lambda *args: math.log(args[0]) if len(args) == 1 else _log(*args)),
        doc="LOG(x): natural logarithm; LOG(base, x)",
    ),
    _double("log10", math.log10, "LOG10(x)"),
    _double("log2", math.log2, "LOG2(x)"),
    _double("power", math.pow, "POWER(x, y)", kernel="pow({0}, {1})", n_args=2, aliases=("pow",)),
    _double("sin", math.sin, "SIN(x), x in radians", total=True),
    _double("cos", math.cos, "COS(x)", total=True),
    _double("tan", math.tan, "TAN(x)", total=True),
    _double("asin", math.asin, "ASIN(x); NULL outside -1..1"),
    _double("acos", math.acos, "ACOS(x); NULL outside -1..1"),
    _double("atan", math.atan, "ATAN(x)", total=True),
    _double("atan2", math.atan2, "ATAN2(y, x)", n_args=2, total=True),
    _double("sinh", math.sinh, "SINH(x)"),
    _double("cosh", math.cosh, "COSH(x)"),
    _double("tanh", math.tanh, "TANH(x)", total=True),
    _double(
        "radians",
        lambda x: x * (math.pi / 180.0),
        "RADIANS(degrees)",
        kernel=f"({{0}} * {math.pi / 180.0!r})",
        numpy=f"({{0}} * {math.pi / 180.0!r})",
        total=True,
        carries=(0,),
    ),
    Function(
        "degrees",
        (
            Signature(
                (DOUBLE,),
                DOUBLE,
                f"({{0}} * {180.0 / math.pi!r})",
                f"({{0}} * {180.0 / math.pi!r})",
                infinite=True,
                carries=(0,),
            ),
        ),
        strict(lambda x: x * (180.0 / math.pi)),
        doc="DEGREES(radians)",
    ),
    Function(
        "pi",
        (Signature((), DOUBLE, repr(math.pi), repr(math.pi), total=True),),
        lambda: math.pi,
        doc="PI()",
    ),
)


def _extreme(name: str, integer: str, uses: tuple[tuple[str, str], ...], pick: Any) -> Function:
    """Return GREATEST or LEAST: NULL if an argument is NULL; of equal values the first."""

    def scalar(*values: Any) -> Any:
        best = values[0]
        for value in values[1:]:
            best = pick(best, value)
        return best

    whole = tuple(
        Signature((t, t), t, integer, uses=uses, variadic=True, total=True)
        for t in (INT, TIMESTAMP, DURATION)
    )
    double = Signature(
        (DOUBLE, DOUBLE),
        DOUBLE,
        f"{name}_f64({{0}}, {{1}})",
        uses=(("scalars", f"{name}_f64"),),
        variadic=True,
        total=True,
    )
    text = Signature((STRING, STRING), STRING, variadic=True, total=True)
    return Function(name, (*whole, double, text), strict(scalar), doc=f"{name.upper()}(a, b, ..)")


EXTREMES = (
    _extreme(
        "greatest",
        "greatest_i64({0}, {1})",
        (("scalars", "greatest_i64"),),
        lambda a, b: b if b > a else a,
    ),
    # The sentinel of NULL is the smallest integer.
    _extreme("least", "min_i64({0}, {1})", (), lambda a, b: b if b < a else a),
)

FUNCTIONS = ROUNDING + CURVES + EXTREMES
