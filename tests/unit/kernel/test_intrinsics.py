"""Every intrinsic: python function and machine code give the same bits."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from cep.kernel import intrinsics_python as python
from cep.kernel.intrinsics import CONSTANTS, GENERIC, INTRINSICS, Intrinsic
from tests.unit.kernel.kernels import (
    EDGE_F64,
    EDGE_I64,
    MAX_I64,
    NULL_I64,
    assert_tiers_agree,
    bits,
)

_EDGES = {
    "i64": np.array(EDGE_I64, dtype=np.int64),
    "f64": np.array(EDGE_F64, dtype=np.float64),
    "bool": np.array([0, 1], dtype=np.int64),
}
_READ = {"i64": "{0}[i]", "f64": "{0}[i]", "bool": "{0}[i] == 1"}
_DTYPE = {"i64": "i64", "f64": "f64", "bool": "i64"}
_WRITE = {"i64": "{0}", "f64": "{0}", "bool": "int({0})"}


def _source(entry: Intrinsic) -> str:
    names = [f"a{j}" for j in range(len(entry.parameters))]
    parameters = [f'{n}: "{_DTYPE[k]}[n]"' for n, k in zip(names, entry.parameters, strict=True)]
    arguments = [_READ[k].format(n) for n, k in zip(names, entry.parameters, strict=True)]
    call = f"{entry.name}({', '.join(arguments)})"
    return f"""
def kernel({", ".join(parameters)}, out: "{_DTYPE[entry.result]}[n]", size: "i64[1]") -> int:
    for i in range(size[0]):
        out[i] = {_WRITE[entry.result].format(call)}
    return 0
"""


def _arguments(entry: Intrinsic) -> list[np.ndarray]:
    """Return all combinations of edge values, and for floats many random values too."""
    grids = np.meshgrid(*(_EDGES[k] for k in entry.parameters), indexing="ij")
    columns = [g.ravel() for g in grids]
    if entry.parameters in {("f64",), ("f64", "f64")}:
        rng = np.random.default_rng(5)
        scales = (1.0, 1e3, 1e-5)
        for j, column in enumerate(columns):
            extra = [rng.standard_normal(1500) * s for s in scales]
            columns[j] = np.concatenate([column, *extra, rng.integers(-30, 30, 500).astype(float)])
    return columns


@pytest.mark.parametrize("name", INTRINSICS)
def test_both_tiers_give_the_same_bits(name: str) -> None:
    entry = INTRINSICS[name]
    columns = _arguments(entry)
    n = len(columns[0])
    out = np.zeros(n, dtype=np.float64 if entry.result == "f64" else np.int64)
    _, after = assert_tiers_agree(_source(entry), [*columns, out, np.array([n])])
    direct = entry.python(
        *(
            bool(c[0]) if k == "bool" else c[0].item()
            for c, k in zip(columns, entry.parameters, strict=True)
        )
    )
    assert after[-2][0] == direct or direct != direct


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (python.add_i64(MAX_I64, 1), NULL_I64),
        (python.add_i64(NULL_I64, 1), NULL_I64),
        (python.sub_i64(NULL_I64 + 1, 1), NULL_I64),
        (python.mul_i64(2**32, 2**31), NULL_I64),
        (python.mul_i64(3, -4), -12),
        (python.neg_i64(NULL_I64), NULL_I64),
        (python.abs_i64(NULL_I64), NULL_I64),
        (python.div_i64(-7, 2), -3),
        (python.div_i64(7, 0), NULL_I64),
        (python.mod_i64(-7, 2), -1),
        (python.mod_i64(7, -2), 1),
        (python.wrap_mul(2**62, 4), 0),
        (python.shift_right_logical(-1, 60), 15),
        (python.leading_zeros(1), 63),
        (python.trailing_zeros(8), 3),
        (python.to_i64(1e19), NULL_I64),
        (python.to_i64(-1.9), -1),
        (python.bits_of_f64(-math.nan), bits(math.nan)),
        (python.round_half_away(2.5), 3.0),
        (python.round_half_away(-2.5), -3.0),
        (python.round_half_away(0.49999999999999994), 0.0),
    ],
)
def test_meaning(call: int | float, expected: int | float) -> None:
    assert call == expected


@pytest.mark.parametrize(
    "call",
    [
        python.div_f64(1.0, 0.0),
        python.finite(math.inf),
        INTRINSICS["sqrt"].python(-1.0),
        INTRINSICS["log"].python(0.0),
        INTRINSICS["exp"].python(1000.0),
        INTRINSICS["pow"].python(math.nan, 0.0),
        INTRINSICS["mod_f64"].python(1.0, 0.0),
        python.to_f64(NULL_I64),
    ],
)
def test_undefined_is_nan(call: float) -> None:
    assert math.isnan(call)


def test_zero_keeps_its_sign() -> None:
    assert math.copysign(1.0, python.ceil(-0.5)) == -1.0
    assert math.copysign(1.0, python.round_half_away(-0.2)) == -1.0


def test_the_language_page_names_everything() -> None:
    page = (Path(python.__file__).parent / "README.md").read_text(encoding="utf-8")
    table = page[page.index("| intrinsics |") : page.index("# The room")]
    named = set(re.findall(r"\w+", table))
    assert set(INTRINSICS) | set(GENERIC) | set(CONSTANTS) <= named


def test_generic_names_choose_by_kind() -> None:
    source = """
def kernel(f: "f64[3]", i: "i64[3]") -> int:
    f[0] = min(f[1], 2)
    f[1] = max(f[1], f[2])
    f[2] = abs(f[2])
    i[0] = min(i[1], i[2]) + max(i[1], i[2])
    i[1] = abs(i[1])
    return 0
"""
    _, (f, i) = assert_tiers_agree(source, [np.array([0.0, 2.5, -4.0]), np.array([0, -5, 3])])
    assert f.tolist() == [2.0, 2.5, 4.0]
    assert i.tolist() == [-2, 5, 3]
    assert set(GENERIC) == {"min", "max", "abs"}
