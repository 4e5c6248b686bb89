"""The one table of intrinsics: name, argument and result kinds, python function, LLVM emitter.

Both sides of an entry give the same bits for the same arguments (NaN counts as one value);
`tests/unit/kernel/test_intrinsics.py` compares them on edge values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cep.kernel import intrinsics_llvm as machine
from cep.kernel import intrinsics_python as python

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.kernel.tree import Kind

_KINDS: dict[str, Kind] = {"i": "i64", "f": "f64", "b": "bool"}

# Names every kernel may read without an import.
CONSTANTS: dict[str, int | float] = {
    "NULL_I64": python.NULL_I64,
    "MAX_I64": python.MAX_I64,
    "NAN": math.nan,
    "INF": math.inf,
}


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """One operation of the kernel language that is not an operator."""

    name: str
    parameters: tuple[Kind, ...]
    result: Kind
    python: Callable[..., int | float | bool]
    emit: Callable[..., Any]


def _intrinsic(
    name: str,
    signature: str,
    function: Callable[..., int | float | bool],
    emit: Callable[..., Any],
) -> Intrinsic:
    parameters, result = signature.split(">")
    return Intrinsic(name, tuple(_KINDS[p] for p in parameters), _KINDS[result], function, emit)


def _c_library() -> tuple[Intrinsic, ...]:
    guards: dict[int, Callable[..., Any]] = {1: python.guarded, 2: python.guarded_pair}
    return tuple(
        _intrinsic(name, "f" * n + ">f", guards[n](getattr(math, name)), machine.c_function(name))
        for name, n in machine.C_FUNCTIONS.items()
        if name != "fmod"
    )


_TABLE = (
    _intrinsic("add_i64", "ii>i", python.add_i64, machine.with_overflow("sadd")),
    _intrinsic("sub_i64", "ii>i", python.sub_i64, machine.with_overflow("ssub")),
    _intrinsic("mul_i64", "ii>i", python.mul_i64, machine.with_overflow("smul")),
    _intrinsic("neg_i64", "i>i", python.neg_i64, machine.neg_i64),
    _intrinsic("abs_i64", "i>i", python.abs_i64, machine.abs_i64),
    _intrinsic("div_i64", "ii>i", python.div_i64, machine.truncated("sdiv")),
    _intrinsic("mod_i64", "ii>i", python.mod_i64, machine.truncated("srem")),
    _intrinsic("min_i64", "ii>i", python.min_i64, machine.first_unless("<", floats=False)),
    _intrinsic("max_i64", "ii>i", python.max_i64, machine.first_unless(">", floats=False)),
    _intrinsic("where_i64", "bii>i", python.where_i64, machine.where),
    _intrinsic("wrap_add", "ii>i", python.wrap_add, machine.plain("add")),
    _intrinsic("wrap_mul", "ii>i", python.wrap_mul, machine.plain("mul")),
    _intrinsic("shift_left_wrap", "ii>i", python.shift_left_wrap, machine.shift("shl")),
    _intrinsic("shift_right_logical", "ii>i", python.shift_right_logical, machine.shift("lshr")),
    _intrinsic("leading_zeros", "i>i", python.leading_zeros, machine.count_zeros("ctlz")),
    _intrinsic("trailing_zeros", "i>i", python.trailing_zeros, machine.count_zeros("cttz")),
    _intrinsic("bits_of_f64", "f>i", python.bits_of_f64, machine.bits_of_f64),
    _intrinsic("f64_of_bits", "i>f", python.f64_of_bits, machine.f64_of_bits),
    _intrinsic("to_f64", "i>f", python.to_f64, machine.to_f64),
    _intrinsic("to_i64", "f>i", python.to_i64, machine.to_i64),
    _intrinsic("div_f64", "ff>f", python.div_f64, machine.div_f64),
    _intrinsic("mod_f64", "ff>f", python.guarded_pair(math.fmod), machine.c_function("fmod")),
    _intrinsic("finite", "f>f", python.finite, machine.finite),
    _intrinsic("isnan", "f>b", python.isnan, machine.isnan),
    _intrinsic("fabs", "f>f", math.fabs, machine.exact("fabs")),
    _intrinsic("min_f64", "ff>f", python.min_f64, machine.first_unless("<", floats=True)),
    _intrinsic("max_f64", "ff>f", python.max_f64, machine.first_unless(">", floats=True)),
    _intrinsic("where_f64", "bff>f", python.where_f64, machine.where),
    _intrinsic("floor", "f>f", python.floor, machine.exact("floor")),
    _intrinsic("ceil", "f>f", python.ceil, machine.exact("ceil")),
    _intrinsic("trunc", "f>f", python.trunc, machine.exact("trunc")),
    _intrinsic("round_half_away", "f>f", python.round_half_away, machine.exact("round")),
    _intrinsic("sqrt", "f>f", python.guarded(math.sqrt), machine.sqrt),
    *_c_library(),
)

INTRINSICS: dict[str, Intrinsic] = {entry.name: entry for entry in _TABLE}

# Written without a kind: the form for integers and the form for floats.
GENERIC: dict[str, tuple[str, str]] = {
    "min": ("min_i64", "min_f64"),
    "max": ("max_i64", "max_f64"),
    "abs": ("abs_i64", "fabs"),
}
