"""What the checker refuses, each with its line, and the types it finds."""

from __future__ import annotations

import pytest

from cep.errors import CepError
from cep.graph.kernel import Array, KernelSpec, Role
from cep.kernel.checker import check, check_library, check_source
from cep.kernel.modules import LIBRARY

HEAD = 'def kernel(a: "i64[n]", x: "f64[n]") -> int:\n'

# (body, line of the refusal within the body from 1, part of the message)
REFUSED_BODIES = [
    ("b = a[0] / 2\nreturn b", 1, "'/'"),
    ("return 0 < a[0] < 2", 1, "chained"),
    ("return a", 1, "needs an index"),
    ("return missing", 1, "before it is assigned"),
    ("if a[0]:\n    return 1\nreturn 0", 1, "must be a bool"),
    ("if a[0] > 0:\n    b = 1\nreturn b", 3, "may be read before"),
    ("for i in range(3):\n    pass\nreturn i", 3, "may be read before"),
    ("while a[0] > 0:\n    b = 1\nreturn b", 3, "may be read before"),
    ("a[0] = x[0]\nreturn 0", 1, "i64 expected, this is f64"),
    ("return x[0]", 1, "i64 expected"),
    ("return a[x[0]]", 1, "i64 expected"),
    ("return a[0:1]", 1, "slices"),
    ("b = x[0] // 2.0\nreturn 0", 1, "for integers"),
    ("b = x[0] % 2\nreturn 0", 1, "for integers"),
    ("b = ~x[0]\nreturn 0", 1, "i64 expected"),
    ("b = a[0] ** 2\nreturn 0", 1, "'Pow'"),
    ("b = True\nb = 1\nreturn 0", 2, "bool in one place"),
    ("b = True + 1\nreturn 0", 1, "a number is expected"),
    ("b = int(x[0])\nreturn 0", 1, "int() is for bools"),
    ("b = 1 if a[0] > 0 else a[0] > 1\nreturn 0", 1, "bool, the other a number"),
    ("a = 1\nreturn 0", 1, "array 'a' cannot be assigned"),
    ("b, c = 1, 2\nreturn 0", 1, "'Tuple'"),
    ("b, c = a[0]\nreturn 0", 1, "locals and array elements"),
    ("b = c = 1\nreturn 0", 1, "one target"),
    ("b: int = 1\nreturn 0", 1, "'AnnAssign'"),
    ("min = 1\nreturn 0", 1, "a name of the kernel language"),
    ("a__b = 1\nreturn 0", 1, "reserved"),
    ("b = (c := 1)\nreturn 0", 1, "'NamedExpr'"),
    ("for v in a:\n    pass\nreturn 0", 1, "range"),
    ("for i in range(0, 9, a[0]):\n    pass\nreturn 0", 1, "constant integer"),
    ("for i in range(0, 9, 0):\n    pass\nreturn 0", 1, "other than 0"),
    ("for i in range(3):\n    pass\nelse:\n    pass\nreturn 0", 1, "no else"),
    ("break\nreturn 0", 1, "not in a loop"),
    ("return 0\nb = 1", 2, "never run"),
    ("while True:\n    a[0] = 1\nreturn 0", 3, "never run"),
    ("a[0] = 1", 0, "end without a result"),
    ("return", 1, "annotated as i64"),
    ("sqrt(x[0])\nreturn 0", 1, "no effect"),
    ("a[0]\nreturn 0", 1, "no effect"),
    ("return sqrt(x[0], x[1])", 1, "1 argument(s) expected"),
    ("return add_i64(x[0], 1)", 1, "i64 expected"),
    ("return unknown(1)", 1, "no function"),
    ("return kernel(a, x)", 1, "calls itself"),
    ("return add_i64(a=1)", 1, "positional"),
    ("return len(a)", 1, "no function 'len'"),
    ("return a.size", 1, "'Attribute'"),
    ("b = [1]\nreturn 0", 1, "'List'"),
    ("b = 'text'\nreturn 0", 1, "literal"),
    ("b = None\nreturn 0", 1, "literal"),
    ("b = 1e999\nreturn 0", 1, "outside the range of float64"),
    ("b = 9223372036854775808\nreturn 0", 1, "outside the range of int64"),
    ("try:\n    pass\nfinally:\n    pass\nreturn 0", 1, "'Try'"),
    ("with a:\n    pass\nreturn 0", 1, "'With'"),
    ("assert True\nreturn 0", 1, "'Assert'"),
    ("raise a\nreturn 0", 1, "'Raise'"),
    ("del a\nreturn 0", 1, "'Delete'"),
    ("global g\nreturn 0", 1, "'Global'"),
    ("import math\nreturn 0", 1, "'Import'"),
    ("def f() -> int:\n    return 1\nreturn 0", 1, "'FunctionDef'"),
    ("b = lambda: 1\nreturn 0", 1, "'Lambda'"),
    ("if a[0] is a[1]:\n    pass\nreturn 0", 1, "'Is'"),
    ("b = True < False\nreturn 0", 1, "no order"),
    ("b = 1\nwhile b:\n    b = 0\nreturn 0", 2, "must be a bool"),
]


@pytest.mark.parametrize(
    ("body", "line", "part"), REFUSED_BODIES, ids=[b[0] for b in REFUSED_BODIES]
)
def test_refused_in_a_body(body: str, line: int, part: str) -> None:
    source = HEAD + "".join(f"    {text}\n" for text in body.split("\n"))
    with pytest.raises(CepError) as caught:
        check_source(source, "kernel")
    assert caught.value.code == "CEP901"
    assert part in caught.value.message
    assert caught.value.span.line == line + 1
    assert caught.value.span.source is not None
    assert caught.value.span.source.name == "<kernel kernel>"


GOOD = HEAD + "    return 0\n"

REFUSED_MODULES = [
    ("import math\n" + GOOD, 1, "'Import'"),
    ("from math import sqrt\n" + GOOD, 1, "only imports from"),
    ("from cep.kernellib.nothing_here import f\n" + GOOD, 1, "no module"),
    ("from cep.kernellib.runs import nothing_here\n" + GOOD, 1, "has no 'nothing_here'"),
    ("A = 1\nA = 2\n" + GOOD, 2, "defined twice"),
    ("A = B\n" + GOOD, 1, "constant"),
    ("A = True\n" + GOOD, 1, "constant"),
    ("A = 1 // 0\n" + GOOD, 1, "constant"),
    ("sqrt = 1\n" + GOOD, 1, "a name of the kernel language"),
    ("class A:\n    pass\n" + GOOD, 1, "'ClassDef'"),
    (
        "def f(a: int) -> int:\n    return 1\ndef f(a: int) -> int:\n    return 1\n" + GOOD,
        3,
        "twice",
    ),
    ("def kernel(a) -> int:\n    return 0", 1, "needs an annotation"),
    ('def kernel(a: "u64[n]") -> int:\n    return 0', 1, "not a type"),
    ('def kernel(a: "i64[n]"):\n    return 0', 1, "result must be annotated"),
    ('def kernel(a: "i64[n]", a: "i64[n]") -> int:\n    return 0', 1, "same name"),
    ('def kernel(a: "i64[n]" = 1) -> int:\n    return 0', 1, "without defaults"),
    ('def kernel(*a: "i64[n]") -> int:\n    return 0', 1, "plain positional"),
    ("def kernel(a: int) -> int:\n    return 0", 1, "arrays only"),
    ('def kernel(a: "i64[n]") -> float:\n    return 0.0', 1, "returns an int"),
    ('def other(a: "i64[n]") -> int:\n    return 0', 1, "no function 'kernel'"),
    ("def kernel(:\n", 1, "not Python"),
    ("A = 1\n" + 'def kernel(A: "i64[n]") -> int:\n    return 0', 2, "also a constant"),
    ("@f\n" + GOOD, 2, "decorators"),
]


@pytest.mark.parametrize(("source", "line", "part"), REFUSED_MODULES)
def test_refused_in_a_module(source: str, line: int, part: str) -> None:
    with pytest.raises(CepError) as caught:
        check_source(source, "kernel")
    assert part in caught.value.message
    assert caught.value.span.line == line


CALLS = """
def scalar(a: int, x: float) -> int:
    return a
def first(a: "i64[n]", b: "i64[n]") -> int:
    return a[0] + b[0]
def nothing(a: "i64[n]") -> None:
    a[0] = 1
def kernel(a: "i64[n]", b: "i64[n]", x: "f64[n]") -> int:
    return {}
"""


@pytest.mark.parametrize(
    ("call", "part"),
    [
        ("scalar(1.5, 2.0)", "i64 expected"),
        ("scalar(a, 2.0)", "needs an index"),
        ("first(a, a)", "handed over twice"),
        ("first(a, 1)", "takes an array"),
        ("first(a, x)", "takes i64, 'x' is f64"),
        ("first(a)", "2 argument(s) expected"),
        ("nothing(a)", "no result"),
    ],
)
def test_refused_calls(call: str, part: str) -> None:
    with pytest.raises(CepError, match=r"CEP901") as caught:
        check_source(CALLS.format(call), "kernel")
    assert part in caught.value.message
    assert caught.value.span.line == 9


def test_a_local_that_is_also_called_is_refused() -> None:
    source = CALLS.format("scalar(1, 2)").replace(
        "    return scalar", "    scalar = 1\n    return scalar"
    )
    with pytest.raises(CepError, match="also a local"):
        check_source(source, "kernel")


def test_mutual_recursion_is_refused() -> None:
    source = """
def f(a: int) -> int:
    return g(a)
def g(a: int) -> int:
    return f(a)
def kernel(a: "i64[n]") -> int:
    return f(1)
"""
    with pytest.raises(CepError, match="calls itself"):
        check_source(source, "kernel")


def test_an_int_local_becomes_a_float_when_a_float_flows_in() -> None:
    source = (
        HEAD
        + "    s = 0\n    t = s\n    for i in range(3):\n        t = s\n        s += x[i]\n    return 0\n"
    )
    kinds = dict(check_source(source, "kernel").entry.local_kinds)
    assert kinds == {"s": "f64", "t": "f64", "i": "i64"}


def test_the_parameters_must_be_the_arrays_of_the_spec() -> None:
    spec = KernelSpec("kernel", GOOD, (Array("a", "i64", Role.STATE),))
    with pytest.raises(CepError, match="arrays of the spec"):
        check(spec)


def test_deep_nesting_is_refused_and_long_conditions_are_not() -> None:
    deep = " + ".join(["a[0]"] * 2000)
    with pytest.raises(CepError, match="nested too deeply"):
        check_source(HEAD + f"    return {deep}\n", "kernel")
    wide = " or ".join(f"a[0] == {n}" for n in range(2000))
    assert check_source(HEAD + f"    return 1 if {wide} else 0\n", "kernel").entry.key == ".kernel"


@pytest.mark.parametrize("name", LIBRARY.names())
def test_kernellib_is_in_the_language(name: str) -> None:
    check_library(name)
