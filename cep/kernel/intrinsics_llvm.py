"""The machine-code side of the intrinsics: each emitter appends instructions and returns a value.

Functions of the C library are called under private names (`cep_exp` for `exp`): LLVM would fold and
rewrite calls it recognises (`pow(x, 2)` to `x * x`), and the tiers must agree bit by bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.kernel.intrinsics_python import CANONICAL_NAN_BITS, NULL_I64

if TYPE_CHECKING:
    from collections.abc import Callable

    from llvmlite import ir

    from cep.kernel.emit_llvm import Emitter

C_FUNCTIONS = {
    name: arguments
    for arguments, names in (
        (1, "exp log log10 log2 sin cos tan asin acos atan sinh cosh tanh"),
        (2, "pow atan2 fmod"),
    )
    for name in names.split()
}
C_PREFIX = "cep_"


def _null(e: Emitter) -> Any:
    return e.i64(NULL_I64)


def _either_null(e: Emitter, a: Any, b: Any) -> Any:
    null = _null(e)
    return e.b.or_(e.b.icmp_signed("==", a, null), e.b.icmp_signed("==", b, null))


def with_overflow(name: str) -> Callable[..., ir.Value]:
    """Return the emitter of `add_i64`, `sub_i64` or `mul_i64`; `name` is LLVM's (`sadd`)."""

    def emit(e: Emitter, a: Any, b: Any) -> Any:
        pair = e.overflow(name, a, b)
        bad = e.b.or_(_either_null(e, a, b), e.b.extract_value(pair, 1))
        return e.b.select(bad, _null(e), e.b.extract_value(pair, 0))

    return emit


def neg_i64(e: Emitter, a: Any) -> Any:
    """Negation wraps NULL_I64 to itself, which is the rule."""
    return e.b.neg(a)


def abs_i64(e: Emitter, a: Any) -> Any:
    """As `neg_i64`: the absolute value of NULL_I64 wraps to itself."""
    return e.b.select(e.b.icmp_signed("<", a, e.i64(0)), e.b.neg(a), a)


def truncated(instruction: str) -> Callable[..., ir.Value]:
    """Return the emitter of `div_i64` (`sdiv`) or `mod_i64` (`srem`)."""

    def emit(e: Emitter, a: Any, b: Any) -> Any:
        bad = e.b.or_(_either_null(e, a, b), e.b.icmp_signed("==", b, e.i64(0)))
        divisor = e.b.select(bad, e.i64(1), b)
        value = getattr(e.b, instruction)(a, divisor)
        return e.b.select(bad, _null(e), value)

    return emit


def plain(instruction: str) -> Callable[..., ir.Value]:
    """Return the emitter of a single instruction over two int64."""

    def emit(e: Emitter, a: Any, b: Any) -> Any:
        return getattr(e.b, instruction)(a, b)

    return emit


def shift(instruction: str) -> Callable[..., ir.Value]:
    """Return the emitter of a shift by `n & 63`."""

    def emit(e: Emitter, a: Any, n: Any) -> Any:
        return getattr(e.b, instruction)(a, e.b.and_(n, e.i64(63)))

    return emit


def count_zeros(name: str) -> Callable[..., ir.Value]:
    """Return the emitter of `leading_zeros` (`ctlz`) or `trailing_zeros` (`cttz`), 64 for 0."""

    def emit(e: Emitter, a: Any) -> Any:
        return e.llvm(f"llvm.{name}.i64", "i64", (a, e.bool(value=False)))

    return emit


def bits_of_f64(e: Emitter, x: Any) -> Any:
    """Bit cast with one pattern for all NaN."""
    bits = e.b.bitcast(x, e.types["i64"])
    return e.b.select(e.b.fcmp_unordered("uno", x, x), e.i64(CANONICAL_NAN_BITS), bits)


def f64_of_bits(e: Emitter, a: Any) -> Any:
    """Bit cast."""
    return e.b.bitcast(a, e.types["f64"])


def to_f64(e: Emitter, a: Any) -> Any:
    """Convert, NaN for NULL_I64."""
    converted = e.b.sitofp(a, e.types["f64"])
    return e.b.select(e.b.icmp_signed("==", a, _null(e)), e.nan(), converted)


def to_i64(e: Emitter, x: Any) -> Any:
    """Convert a value known to be in range (`fptosi` of others is undefined)."""
    limit = 9223372036854775808.0
    above = e.b.fcmp_ordered(">=", x, e.f64(-limit))
    fits = e.b.and_(above, e.b.fcmp_ordered("<", x, e.f64(limit)))
    value = e.b.fptosi(e.b.select(fits, x, e.f64(0.0)), e.types["i64"])
    return e.b.select(fits, value, _null(e))


def div_f64(e: Emitter, a: Any, b: Any) -> Any:
    """Divide; NaN for divisor 0 (in C it would be infinite)."""
    zero = e.b.fcmp_ordered("==", b, e.f64(0.0))
    return e.b.select(zero, e.nan(), e.b.fdiv(a, b))


def finite(e: Emitter, x: Any) -> Any:
    """NaN for infinities."""
    magnitude = e.llvm("llvm.fabs.f64", "f64", (x,))
    return e.b.select(e.b.fcmp_ordered("<", magnitude, e.infinity()), x, e.nan())


def isnan(e: Emitter, x: Any) -> Any:
    """Unordered with itself."""
    return e.b.fcmp_unordered("uno", x, x)


def first_unless(operator: str, *, floats: bool) -> Callable[..., ir.Value]:
    """Return the emitter of `b if b < a else a` or `b if b > a else a`."""

    def emit(e: Emitter, a: Any, b: Any) -> Any:
        compare = e.b.fcmp_ordered if floats else e.b.icmp_signed
        return e.b.select(compare(operator, b, a), b, a)

    return emit


def where(e: Emitter, condition: Any, a: Any, b: Any) -> Any:
    """Select."""
    return e.b.select(condition, a, b)


def exact(name: str) -> Callable[..., ir.Value]:
    """Return the emitter of an operation that is exact or correctly rounded (`llvm.<name>.f64`)."""

    def emit(e: Emitter, x: Any) -> Any:
        return e.llvm(f"llvm.{name}.f64", "f64", (x,))

    return emit


def sqrt(e: Emitter, x: Any) -> Any:
    """Correctly rounded; NaN for negatives and for an infinite result."""
    return finite(e, e.llvm("llvm.sqrt.f64", "f64", (x,)))


def c_function(name: str) -> Callable[..., ir.Value]:
    """Return the emitter of a call of the C library; undefined and infinite results are NaN."""

    def emit(e: Emitter, *arguments: Any) -> Any:
        value = finite(e, e.c_call(name, arguments))
        if len(arguments) == 1:
            return value
        a, b = arguments
        return e.b.select(e.b.fcmp_unordered("uno", a, b), e.nan(), value)

    return emit
