"""LLVM instructions for each kind of expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.kernel.faults import DIVISION, OVERFLOW, SHIFT
from cep.kernel.intrinsics import INTRINSICS
from cep.kernel.tree import (
    Arith,
    CallFunction,
    CallIntrinsic,
    Choose,
    Compare,
    Const,
    Convert,
    Load,
    Local,
    Logic,
    Not,
    Unary,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.kernel.emit_llvm import Emitter

_OVERFLOW = {"+": "sadd", "-": "ssub", "*": "smul"}
_INTEGER = {"+": "add", "-": "sub", "*": "mul", "&": "and_", "|": "or_", "^": "xor"}
_FLOAT = {"+": "fadd", "-": "fsub", "*": "fmul"}
_SHIFTS = {"<<": "shl", ">>": "ashr"}


def _const(e: Emitter, expr: Const) -> Any:
    match expr.kind:
        case "i64":
            return e.i64(int(expr.value))
        case "f64":
            return e.f64(float(expr.value))
        case "bool":
            return e.bool(value=bool(expr.value))


def _local(e: Emitter, expr: Local) -> Any:
    return e.b.load(e.locals[expr.name], typ=e.types[expr.kind])


def _load(e: Emitter, expr: Load) -> Any:
    place = e.element(expr.array, e.value(expr.index), expr.line)
    element = e.b.load(place, typ=e.elements[expr.dtype])
    if expr.dtype in {"i64", "f64"}:
        return element
    widen = e.b.zext if expr.dtype == "u8" else e.b.sext
    return widen(element, e.types["i64"])


def _arith(e: Emitter, expr: Arith) -> Any:
    left, right = e.value(expr.left), e.value(expr.right)
    if expr.kind == "f64":
        return getattr(e.b, _FLOAT[expr.op])(left, right)
    if expr.op in {"//", "%"}:
        return _floored(e, expr, left, right)
    if expr.op in _SHIFTS:
        return _shift(e, expr, left, right)
    if e.sites is not None and expr.op in _OVERFLOW:
        return _trapping(e, expr.op, left, right, expr.line)
    return getattr(e.b, _INTEGER[expr.op])(left, right)


def _trapping(e: Emitter, op: str, left: Any, right: Any, line: int) -> Any:
    pair = e.overflow(_OVERFLOW[op], left, right)
    e.trap_if(e.b.extract_value(pair, 1), OVERFLOW, line)
    return e.b.extract_value(pair, 0)


def _shift(e: Emitter, expr: Arith, left: Any, right: Any) -> Any:
    """Shift by `right & 63`; the checked mode traps on other counts and on lost bits."""
    outside = e.b.icmp_unsigned(">=", right, e.i64(64))
    e.trap_if(outside, SHIFT, expr.line, value=right)
    count = e.b.and_(right, e.i64(63))
    shifted = getattr(e.b, _SHIFTS[expr.op])(left, count)
    if e.sites is not None and expr.op == "<<":
        lost = e.b.icmp_signed("!=", e.b.ashr(shifted, count), left)
        e.trap_if(lost, OVERFLOW, expr.line)
    return shifted


def _floored(e: Emitter, expr: Arith, left: Any, right: Any) -> Any:
    """Divide with Python's signs. A power of two is a shift or a mask; `x // 0` is `x`, unchecked."""
    if isinstance(expr.right, Const):
        divisor = int(expr.right.value)
        if divisor > 0 and divisor & (divisor - 1) == 0:
            if expr.op == "%":
                return e.b.and_(left, e.i64(divisor - 1))
            return e.b.ashr(left, e.i64(divisor.bit_length() - 1))
        if divisor not in {0, -1}:
            return _floored_by(e, expr.op, left, right)
    zero = e.b.icmp_signed("==", right, e.i64(0))
    e.trap_if(zero, DIVISION, expr.line)
    # -2**63 // -1 overflows, and the processor traps on it.
    smallest = e.b.icmp_signed("==", left, e.i64(-(2**63)))
    overflows = e.b.and_(smallest, e.b.icmp_signed("==", right, e.i64(-1)))
    if expr.op == "//":
        e.trap_if(overflows, OVERFLOW, expr.line)
    return _floored_by(e, expr.op, left, e.b.select(e.b.or_(zero, overflows), e.i64(1), right))


def _floored_by(e: Emitter, op: str, left: Any, right: Any) -> Any:
    remainder = e.b.srem(left, right)
    signs_differ = e.b.icmp_signed("<", e.b.xor(remainder, right), e.i64(0))
    inexact = e.b.icmp_signed("!=", remainder, e.i64(0))
    adjust = e.b.and_(inexact, signs_differ)
    if op == "%":
        return e.b.select(adjust, e.b.add(remainder, right), remainder)
    quotient = e.b.sdiv(left, right)
    return e.b.select(adjust, e.b.sub(quotient, e.i64(1)), quotient)


def _unary(e: Emitter, expr: Unary) -> Any:
    operand = e.value(expr.operand)
    if expr.op == "~":
        return e.b.not_(operand)
    if expr.kind == "f64":
        return e.b.fneg(operand)
    if e.sites is not None:
        return _trapping(e, "-", e.i64(0), operand, expr.line)
    return e.b.neg(operand)


def _compare(e: Emitter, expr: Compare) -> Any:
    left, right = e.value(expr.left), e.value(expr.right)
    if expr.left.kind == "f64":
        ordered = e.b.fcmp_unordered if expr.op == "!=" else e.b.fcmp_ordered
        return ordered(expr.op, left, right)
    return e.b.icmp_signed(expr.op, left, right)


def _by_branches(e: Emitter, condition: Any, if_true: Any, if_false: Any, kind: str) -> Any:
    """Return a value chosen by control flow; the sides are evaluated in their own blocks."""
    yes, no, after = e.new_block("yes"), e.new_block("no"), e.new_block("chosen")
    e.branch(condition, yes, no)
    incoming = []
    for block, side in ((yes, if_true), (no, if_false)):
        e.b.position_at_end(block)
        value = e.value(side)
        incoming.append((value, e.b.block))
        e.b.branch(after)
    e.b.position_at_end(after)
    phi = e.b.phi(e.types[kind])
    for value, block in incoming:
        phi.add_incoming(value, block)
    return phi


def _logic(e: Emitter, expr: Logic) -> Any:
    return _by_branches(
        e, expr, Const(value=True, kind="bool"), Const(value=False, kind="bool"), "bool"
    )


def _not(e: Emitter, expr: Not) -> Any:
    return e.b.not_(e.value(expr.operand))


def _choose(e: Emitter, expr: Choose) -> Any:
    return _by_branches(e, expr.condition, expr.if_true, expr.if_false, expr.kind)


def _convert(e: Emitter, expr: Convert) -> Any:
    operand = e.value(expr.operand)
    if expr.kind == "f64":
        return e.b.sitofp(operand, e.types["f64"])
    return e.b.zext(operand, e.types["i64"])


def _intrinsic(e: Emitter, expr: CallIntrinsic) -> Any:
    arguments = [e.value(a) for a in expr.arguments]
    return INTRINSICS[expr.name].emit(e, *arguments)


def _call(e: Emitter, expr: CallFunction) -> Any:
    return e.call(expr)


VALUES: dict[type[Any], Callable[..., Any]] = {
    Const: _const,
    Local: _local,
    Load: _load,
    Arith: _arith,
    Unary: _unary,
    Compare: _compare,
    Logic: _logic,
    Not: _not,
    Choose: _choose,
    Convert: _convert,
    CallIntrinsic: _intrinsic,
    CallFunction: _call,
}
