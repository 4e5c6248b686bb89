"""Random kernels: expressions, branches and loops give the same bits in both tiers.

Differential: it finds where the tiers disagree, not where both misread the language
(`test_language.py` compares with values worked out by hand).
"""

from __future__ import annotations

import os

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cep.kernel.intrinsics import INTRINSICS
from tests.unit.kernel.kernels import EDGE_F64, EDGE_I64, assert_tiers_agree

N_EXAMPLES = int(os.environ.get("CEP_KERNEL_EXAMPLES", "40"))
N_CELLS = 4
# Bare operators are for values that stay small, so integers meet in total operations only; `v` starts as
# an int, and is a float because one flows in at the end.
_INT_CALLS = [
    n for n, e in INTRINSICS.items() if e.result == "i64" and set(e.parameters) <= {"i64"}
]
_FLOAT_CALLS = [
    n for n, e in INTRINSICS.items() if e.result == "f64" and set(e.parameters) <= {"f64"}
]
_COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]


def _call(name: str, argument: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    n = len(INTRINSICS[name].parameters)
    return st.tuples(*[argument] * n).map(lambda a: f"{name}({', '.join(a)})")


def _binary(
    left: st.SearchStrategy[str], ops: list[str], right: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.tuples(left, st.sampled_from(ops), right).map(lambda t: f"({t[0]} {t[1]} {t[2]})")


_int_leaf = st.one_of(
    st.sampled_from(["m", "n", "i", "NULL_I64", "MAX_I64"]),
    st.integers(0, N_CELLS - 1).map(lambda c: f"a[{c}]"),
    st.integers(0, N_CELLS - 1).map(lambda c: f"narrow[{c}]"),
    st.sampled_from(EDGE_I64).map(lambda v: f"({v})"),
)
_float_leaf = st.one_of(
    st.sampled_from(["u", "v", "NAN", "INF"]),
    st.integers(0, N_CELLS - 1).map(lambda c: f"x[{c}]"),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda v: f"({v!r})"),
)


def _expressions(
    depth: int,
) -> tuple[st.SearchStrategy[str], st.SearchStrategy[str], st.SearchStrategy[str]]:
    """Return strategies of int, float and bool expressions of at most a depth."""
    if depth == 0:
        return _int_leaf, _float_leaf, _binary(_float_leaf, _COMPARISONS, _float_leaf)
    i, f, b = _expressions(depth - 1)
    ints = st.one_of(
        i,
        st.sampled_from(_INT_CALLS).flatmap(lambda n: _call(n, i)),
        _binary(i, ["&", "|", "^"], i),
        _binary(i, ["//", "%"], st.sampled_from(["3", "8", "(-7)", "1000"])),
        _binary(i, [">>"], st.integers(0, 63).map(str)),
        st.tuples(i, b, i).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        f.map(lambda e: f"to_i64({e})"),
        f.map(lambda e: f"bits_of_f64({e})"),
        b.map(lambda e: f"int({e})"),
    )
    floats = st.one_of(
        f,
        st.sampled_from(_FLOAT_CALLS).flatmap(lambda n: _call(n, f)),
        _binary(f, ["+", "-", "*"], f),
        _binary(f, ["+", "-", "*"], i),
        f.map(lambda e: f"(-{e})"),
        i.map(lambda e: f"to_f64({e})"),
        st.tuples(f, b, f).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(b, f, f).map(lambda t: f"where_f64({', '.join(t)})"),
    )
    bools = st.one_of(
        b,
        _binary(i, _COMPARISONS, i),
        _binary(f, _COMPARISONS, i),
        _binary(f, _COMPARISONS, f),
        _binary(b, ["and", "or"], b),
        b.map(lambda e: f"(not {e})"),
        f.map(lambda e: f"isnan({e})"),
    )
    return ints, floats, bools


_INT, _FLOAT, _BOOL = _expressions(2)


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


_simple = st.one_of(
    _INT.map(lambda e: [f"m = {e}"]),
    _INT.map(lambda e: [f"n = {e}"]),
    _FLOAT.map(lambda e: [f"u = {e}"]),
    _INT.map(lambda e: [f"v = {e}"]),
    _FLOAT.map(lambda e: [f"v += {e}"]),
    st.tuples(st.integers(0, N_CELLS - 1), _INT).map(lambda t: [f"a[{t[0]}] = {t[1]}"]),
    st.tuples(_INT, _FLOAT).map(lambda t: [f"x[{t[0]} & 3] = {t[1]}"]),
    st.tuples(_INT, _INT).map(lambda t: [f"narrow[{t[0]} & 3] = ({t[1]}) & 65535"]),
    _FLOAT.map(lambda e: [f"put(x, m & 3, {e})"]),
)


def _compound(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    jump = st.sampled_from(["break", "continue"])
    return st.one_of(
        st.tuples(_BOOL, inner).map(lambda t: [f"if {t[0]}:", *_indent(t[1])]),
        st.tuples(_BOOL, inner, inner).map(
            lambda t: [f"if {t[0]}:", *_indent(t[1]), "else:", *_indent(t[2])]
        ),
        st.tuples(
            st.integers(-3, 3), st.integers(-3, 6), st.sampled_from([1, 2, -1, -3]), inner
        ).map(lambda t: [f"for i in range({t[0]}, {t[1]}, {t[2]}):", *_indent(t[3])]),
        st.tuples(_BOOL, _BOOL, jump, inner).map(
            lambda t: [
                "turns = 0",
                f"while turns < 5 and ({t[0]}):",
                "    turns += 1",
                f"    if {t[1]}:",
                f"        {t[2]}",
                *_indent(t[3]),
            ]
        ),
    )


_block = st.lists(_simple, min_size=1, max_size=3).map(lambda b: [line for s in b for line in s])
_body = st.lists(st.one_of(_simple, _compound(_block)), min_size=2, max_size=6).map(
    lambda b: [line for s in b for line in s]
)

HEAD = """
def put(x: "f64[n]", at: int, value: float) -> None:
    if value > 0:
        x[at] = value
        return
    x[(at + 1) & 3] = value

def kernel(a: "i64[4]", narrow: "i32[4]", x: "f64[4]") -> int:
    i = 0
    m = a[0]
    n = 3
    u = x[0]
    v = 1
"""


@settings(max_examples=N_EXAMPLES)
@given(
    body=_body,
    a=st.lists(st.sampled_from(EDGE_I64), min_size=N_CELLS, max_size=N_CELLS),
    x=st.lists(st.sampled_from(EDGE_F64), min_size=N_CELLS, max_size=N_CELLS),
    checked=st.booleans(),
)
def test_random_kernels_agree(body: list[str], a: list[int], x: list[float], checked: bool) -> None:
    tail = ["a[1] = m", "a[2] = n", "x[1] = u", "v += 0.5", "x[2] = v", "return i"]
    source = HEAD + "\n".join(_indent([*body, *tail])) + "\n"
    arrays = [np.array(a, np.int64), np.array([0, -1, 2**31 - 1, 7], np.int32), np.array(x)]
    assert_tiers_agree(source, arrays, checked=checked)
