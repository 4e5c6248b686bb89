"""Kernels as test data: specs built from source, both tiers run on equal arrays, bits compared."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from cep.graph.kernel import Array, KernelSpec, Role
from cep.kernel.checker import check_source
from cep.kernel.loading import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.kernel.object_cache import ObjectCache

NULL_I64 = -(2**63)
MAX_I64 = 2**63 - 1


def spec_of(source: str, entry: str = "kernel") -> KernelSpec:
    """Return a spec whose arrays are the parameters of the entry, as annotated."""
    parameters = check_source(source, entry).entry.parameters
    arrays = tuple(Array(p.name, p.dtype, Role.STATE) for p in parameters if p.dtype)
    return KernelSpec(entry, source, arrays)


def canonical(array: np.ndarray) -> bytes:
    """Return the bytes of an array with every NaN written alike."""
    if array.dtype == np.float64:
        array = np.where(np.isnan(array), np.nan, array)
    return array.tobytes()


def run(
    spec: KernelSpec,
    arrays: Sequence[np.ndarray],
    tier: str,
    *,
    checked: bool = False,
    cache: ObjectCache | None = None,
) -> tuple[int, list[np.ndarray]]:
    """Run a kernel on copies of the arrays; return its result and the arrays afterwards."""
    copies = [a.copy() for a in arrays]
    bound = load(spec, tier=tier, checked=checked, cache=cache).bind(copies)
    return bound.call_small(), copies


def assert_tiers_agree(
    source: str, arrays: Sequence[np.ndarray], *, checked: bool = False
) -> tuple[int, list[np.ndarray]]:
    """Run a source in both tiers, compare result and arrays bit by bit, return the python tier's."""
    spec = spec_of(source)
    result, after = run(spec, arrays, "python", checked=checked)
    machine_result, machine_after = run(spec, arrays, "llvm", checked=checked)
    assert machine_result == result
    for array, left, right in zip(spec.arrays, after, machine_after, strict=True):
        assert canonical(left) == canonical(right), (array.name, left, right)
    return result, after


def bits(x: float) -> int:
    """Return the bits of a double."""
    return struct.unpack("<q", struct.pack("<d", x))[0]


EDGE_I64 = (
    NULL_I64, NULL_I64 + 1, -(2**62), -(2**53) - 1, -86400000000, -65, -64, -63, -8, -7, -3, -2, -1,
    0, 1, 2, 3, 7, 8, 10, 63, 64, 65, 1000003, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**62, MAX_I64 - 1,
    MAX_I64,
)  # fmt: skip

EDGE_F64 = (
    float("-inf"), -1.7976931348623157e308, -1e300, -9223372036854775808.0, -9.3e18, -2.0**53, -1000.5,
    -745.2, -3.5, -2.5, -1.5, -1.0000000000000002, -1.0, -0.75, -0.5, -0.49999999999999994, -1e-8,
    -2.2250738585072014e-308, -5e-324, -0.0, 0.0, 5e-324, 2.2250738585072014e-308, 1e-8, 0.1,
    0.49999999999999994, 0.5, 0.75, 1.0, 1.0000000000000002, 1.5, 2.0, 2.5, 3.0, 3.141592653589793, 10.0,
    22.0, 709.7, 709.8, 1000.0, 4503599627370495.5, 4503599627370497.0, 9223372036854774784.0,
    9223372036854775808.0, 1e19, 1e22, 1e300, 1.7976931348623157e308, float("inf"), float("nan"),
)  # fmt: skip
