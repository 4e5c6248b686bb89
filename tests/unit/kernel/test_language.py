"""Statements and expressions mean the same in both tiers, and what Python says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cep.kernel.checker import check_source
from cep.kernel.faults import KernelFault, Trap
from cep.kernel.modules import Library
from cep.kernel.python_tier import library_functions, python_functions
from tests.unit.kernel.kernels import (
    EDGE_F64,
    EDGE_I64,
    MAX_I64,
    NULL_I64,
    assert_tiers_agree,
    run,
    spec_of,
)

if TYPE_CHECKING:
    from pathlib import Path


def _body(text: str, head: str = 'def kernel(a: "i64[n]", x: "f64[n]") -> int:') -> str:
    lines = [f"    {line}" for line in text.strip("\n").split("\n")]
    return "\n".join([head, *lines, ""])


def _ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_floor_division_and_remainder_follow_python_signs() -> None:
    source = """
def kernel(a: "i64[n]", b: "i64[n]", q: "i64[n]", r: "i64[n]", size: "i64[1]") -> int:
    for i in range(size[0]):
        q[i] = a[i] // b[i]
        r[i] = a[i] % b[i]
    return 0
"""
    pairs = [(a, b) for a in EDGE_I64 for b in EDGE_I64 if b != 0 and (a, b) != (NULL_I64, -1)]
    a, b = (np.array(c, dtype=np.int64) for c in zip(*pairs, strict=True))
    _, after = assert_tiers_agree(source, [a, b, a * 0, a * 0, _ints(len(a))])
    assert after[2].tolist() == [p // q for p, q in pairs]
    assert after[3].tolist() == [p % q for p, q in pairs]


@pytest.mark.parametrize("divisor", [1, 2, 8, 4096, 2**62, 3, 7, -1, -2, -7, 1000000])
def test_division_by_a_constant(divisor: int) -> None:
    source = f"""
def kernel(a: "i64[n]", q: "i64[n]", r: "i64[n]", size: "i64[1]") -> int:
    for i in range(size[0]):
        q[i] = a[i] // {divisor}
        r[i] = a[i] % {divisor}
    return 0
"""
    a = np.array(EDGE_I64[1:], dtype=np.int64)
    _, after = assert_tiers_agree(source, [a, a * 0, a * 0, _ints(len(a))])
    assert after[1].tolist() == [v // divisor for v in a.tolist()]
    assert after[2].tolist() == [v % divisor for v in a.tolist()]


def test_bits_and_shifts() -> None:
    source = """
def kernel(a: "i64[n]", b: "i64[n]", out: "i64[n]", size: "i64[1]") -> int:
    for i in range(size[0]):
        out[i] = (a[i] & b[i]) ^ (a[i] | ~b[i]) ^ (a[i] >> 3) ^ ((b[i] & 255) << 7)
    return 0
"""
    a, b = (g.ravel() for g in np.meshgrid(np.array(EDGE_I64), np.array(EDGE_I64)))
    assert_tiers_agree(source, [a, b, a * 0, _ints(len(a))])


def test_comparisons_and_logic_on_edges() -> None:
    source = """
def kernel(x: "f64[n]", y: "f64[n]", out: "i64[n]", size: "i64[1]") -> int:
    for i in range(size[0]):
        less = x[i] < y[i]
        bits = int(less) + 2 * int(x[i] <= y[i]) + 4 * int(x[i] == y[i])
        bits += 8 * int(x[i] != y[i]) + 16 * int(x[i] > y[i]) + 32 * int(not x[i] >= y[i])
        if less and y[i] > 0.0 or not (x[i] == x[i]):
            bits += 64
        both = less and x[i] > 0.0 or x[i] == y[i]
        out[i] = bits + 128 * int(both) + 256 * int(both == less)
    return 0
"""
    x, y = (g.ravel() for g in np.meshgrid(np.array(EDGE_F64), np.array(EDGE_F64)))
    assert_tiers_agree(source, [x, y, np.zeros(len(x), np.int64), _ints(len(x))])


def test_an_int_is_converted_before_it_meets_a_float() -> None:
    source = _body(
        """
x[0] = a[0]
x[1] = a[0] + 0.5
x[2] = -x[1] * 0
s = 0
for i in range(2):
    x[3] = -s
    s = s + 0.0
x[4] = 1 if a[0] > 0 else 2.5
x[5] = float(a[0]) - a[0]
return int(a[0] == x[0]) + 2 * int(a[1] < x[0])
"""
    )
    result, (_, x) = assert_tiers_agree(source, [_ints(2**53 + 1, 2**53), np.zeros(6)])
    assert result == 1
    assert math.copysign(1.0, x[3]) == -1.0


def test_short_circuit_protects_an_index() -> None:
    source = _body(
        """
n = a[0]
i = 1
while i < n and a[i] != 7:
    i += 1
found = i < n and a[i] == 7
return i if found else -1
"""
    )
    for values, expected in (((4, 1, 7, 7), 2), ((3, 1, 2), -1), ((1,), -1)):
        result, _ = assert_tiers_agree(source, [_ints(*values), np.zeros(1)], checked=True)
        assert result == expected


def test_loops_with_break_continue_and_steps() -> None:
    source = _body(
        """
total = 0
for i in range(10, -1, -3):
    if i == 4:
        continue
    total = total * 100 + i
    i = 99
a[0] = total
for i in range(0, 9223372036854775807, 4611686018427387903):
    a[1] += 1
for i in range(5):
    for j in range(i, 5):
        if j == 3:
            break
        a[2] += j
while True:
    a[3] += 1
    if a[3] > 5:
        break
last = -1
for last in range(a[3]):
    a[3] = 0
return last
"""
    )
    result, (a, _) = assert_tiers_agree(source, [_ints(0, 0, 0, 0), np.zeros(1)])
    assert result == 5
    assert a.tolist() == [1007 * 100 + 1, 3, (0 + 1 + 2) + (1 + 2) + 2 + 4, 0]


def test_narrow_arrays_widen_and_narrow() -> None:
    source = """
def kernel(i: "i32[4]", b: "i8[4]", u: "u8[4]", a: "i64[8]") -> int:
    for j in range(3):
        a[j] = i[j] + b[j] * 1000 + u[j] * 1000000
    i[3] = -2147483648
    b[3] = -128
    u[3] = 255
    i[0] += 1
    b[0] -= 1
    return 0
"""
    arrays = [
        np.array([-1, 5, 2**31 - 1, 0], np.int32),
        np.array([-1, 127, -128, 0], np.int8),
        np.array([255, 0, 128, 0], np.uint8),
        np.zeros(8, np.int64),
    ]
    _, after = assert_tiers_agree(source, arrays, checked=True)
    assert after[3].tolist()[:3] == [255 * 10**6 - 1001, 127005, 128 * 10**6 - 128000 + 2**31 - 1]
    assert [int(c[3]) for c in after[:3]] == [-(2**31), -128, 255]


FUNCTIONS = '''
"""A kernel with functions of its own and constants."""
STRIDE = 4
HALF = STRIDE // 2
SCALE = -1.5e3

def put(a: "i64[n]", at: int, value: int) -> None:
    """Store, unless the place is negative."""
    if at < 0:
        return
    a[at] = value

def mean(x: "f64[n]", lo: int, hi: int) -> float:
    s = 0
    for i in range(lo, hi):
        s += x[i]
    return div_f64(s, hi - lo)

def is_big(x: float) -> bool:
    return x > SCALE

def kernel(a: "i64[n]", x: "f64[n]") -> int:
    put(a, -1, 5)
    put(a, HALF, STRIDE)
    x[0] = mean(x, 0, 3) + mean(x, 1, 1 + HALF)
    mean(x, 0, 1)
    if is_big(x[0]):
        return STRIDE
    return MAX_I64 if isnan(NAN) and INF > 1 and NULL_I64 < 0 else 0
'''


@pytest.mark.parametrize("checked", [False, True])
def test_functions_and_constants(checked: bool) -> None:
    result, (a, x) = assert_tiers_agree(
        FUNCTIONS, [_ints(0, 0, 0), np.array([1.0, 2.0, 6.0])], checked=checked
    )
    assert (result, a.tolist(), x[0]) == (4, [0, 0, 4], 7.0)


def test_tracebacks_show_the_line_of_the_source() -> None:
    with pytest.raises(IndexError) as caught:
        run(spec_of(_body("b = 1\nreturn a[b + 100]")), [_ints(1), np.zeros(1)], "python")
    assert caught.traceback[-1].lineno + 1 == 3
    assert "return a[b + 100]" in str(caught.traceback[-1].statement)


# (body, line, part of the message)
FAULTS = [
    ("k = a[0] - 2\nreturn a[k]", 3, "index -1 is outside array 'a'"),
    ("return a[a[0] + 2]", 2, "index 3 is outside array 'a'"),
    ("x[3] = 1.0\nreturn 0", 2, "index 3 is outside array 'x'"),
    ("return a[1] + 1", 2, "overflows"),
    ("return -a[2]", 2, "overflows"),
    ("return a[1] * a[1]", 2, "overflows"),
    ("return a[2] - 1", 2, "overflows"),
    ("a[1] += 1\nreturn 0", 2, "overflows"),
    ("return a[0] << 63", 2, "overflows"),
    ("return a[0] << 64", 2, "shift by 64"),
    ("return a[0] >> -a[0]", 2, "shift by -1"),
    ("return a[0] // (a[0] - 1)", 2, "by zero"),
    ("return a[0] % (a[0] - 1)", 2, "by zero"),
    ("return a[2] // -a[0]", 2, "overflows"),
    ("b[0] = 128\nreturn 0", 2, "128 does not fit into an element of array 'b'"),
    ("return inner(a, x, b)", None, "index 9 is outside array 'again'"),
]


@pytest.mark.parametrize(("body", "line", "part"), FAULTS)
@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_checked_mode_traps(tier: str, body: str, line: int | None, part: str) -> None:
    source = (
        _body(body, 'def kernel(a: "i64[n]", x: "f64[n]", b: "i8[n]") -> int:')
        + """
def deepest(again: "i64[n]", at: int) -> int:
    again[0] = 77
    return again[at]

def inner(again: "i64[n]", x: "f64[n]", b: "i8[n]") -> int:
    got = deepest(again, 9)
    again[0] = 88
    return got
"""
    )
    arrays = [_ints(1, MAX_I64, NULL_I64), np.zeros(3), np.zeros(1, np.int8)]
    with pytest.raises(KernelFault) as caught:
        run(spec_of(source), arrays, tier, checked=True)
    assert part in str(caught.value)
    if line is not None:
        assert caught.value.site.line == line
    assert caught.value.kernel == "kernel"


@pytest.mark.parametrize("tier", ["python", "llvm"])
def test_a_fault_leaves_at_once_through_all_callers(tier: str) -> None:
    source = """
def deepest(a: "i64[n]", at: int) -> int:
    return a[at]
def inner(a: "i64[n]") -> None:
    a[0] = 1 + deepest(a, 9)
def kernel(a: "i64[n]") -> int:
    inner(a)
    a[0] = 5
    return 0
"""
    from cep.kernel.loading import load

    a = _ints(3)
    bound = load(spec_of(source), tier=tier, checked=True).bind([a])
    for call in (bound.call_small, bound.call_large):
        with pytest.raises(KernelFault, match=":3: index 9"):
            call()
        assert a[0] == 3


def test_library_functions_run_as_plain_python() -> None:
    links, ends = np.full(8, -1), np.array([-1, -1])
    functions = library_functions("runs", checked=True)
    for run_number in (2, 0):
        functions["append_run"](memoryview(ends), 0, memoryview(links), run_number)
    assert ends.tolist() == [2, 0]
    with pytest.raises(Trap):
        functions["append_run"](memoryview(ends), 0, memoryview(links), 4)


def test_kernellib_modules_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("STEP = 3\ndef twice(a: int) -> int:\n    return a * 2\n")
    (tmp_path / "upper.py").write_text(
        "from cep.kernellib.base import STEP, twice\n"
        "def up(a: int) -> int:\n    return twice(a) + STEP\n"
    )
    source = """
from cep.kernellib.upper import up
from cep.kernellib.base import STEP as BASE_STEP
from cep.kernellib.base import twice as double
def kernel(a: "i64[n]") -> int:
    return up(a[0]) * 100 + BASE_STEP + double(0)
"""
    program = check_source(source, "kernel", library=Library(tmp_path))
    assert [f.key for f in program.functions] == ["base.twice", "upper.up", ".kernel"]
    functions = python_functions(program)
    assert functions[".kernel"](memoryview(_ints(4))) == 1103
    assert functions["upper.up"](1) == 5
