"""Bound kernels: a loaded kernel with its arrays, callable without arguments.

The llvm tier keeps one context block per binding: the addresses of the arrays in the order of the
spec; in checked mode then their lengths and the fault cells. A call passes the block's address only.
"""

from __future__ import annotations

import ctypes
import functools
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cep.kernel.faults import N_FAULT_CELLS, KernelFault, Trap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cep.graph.kernel import KernelSpec
    from cep.kernel.faults import Site
    from cep.kernel.llvm_tier import MachineCode

NUMPY_DTYPES = {
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "i8": np.dtype(np.int8),
    "u8": np.dtype(np.uint8),
    "f64": np.dtype(np.float64),
}
_METH_NOARGS = 4


class Bound(Protocol):
    """A kernel and the arrays it works on. It keeps the arrays alive.

    `call_small` keeps the GIL (about 60 ns in the llvm tier), `call_large` frees it (about 300 ns);
    both stay valid over `update`. One binding must not run in two threads at once.
    """

    call_small: Callable[[], int]
    call_large: Callable[[], int]
    arrays: list[np.ndarray]

    def update(self, index: int, array: np.ndarray) -> None:
        """Replace array number `index`, which has a new address or size."""


class _MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_NEW_BUILTIN = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.py_object
)(("PyCFunction_NewEx", ctypes.pythonapi))
_KERNEL_TYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)


_cell_at = ctypes.c_size_t.from_address
_HEADER_BYTES = object.__basicsize__


def _address_in_header(array: np.ndarray) -> int:
    """Return the address of the data from the first field of numpy's array object.

    100 ns; `array.ctypes.data` takes 900 ns, and input columns change with every batch.
    """
    return _cell_at(id(array) + _HEADER_BYTES).value


def _address_by_numpy(array: np.ndarray) -> int:
    return array.ctypes.data


def _pick_address() -> Callable[[np.ndarray], int]:
    sample = np.zeros(3)
    same = _address_in_header(sample) == _address_by_numpy(sample)
    return _address_in_header if same else _address_by_numpy


address_of = _pick_address()


PLAIN = 0x101  # C_CONTIGUOUS and ALIGNED in `array.flags.num`


def check_array(spec: KernelSpec, index: int, array: np.ndarray) -> None:
    """Raise when an array does not have the dtype of the spec or is not a plain row of cells."""
    wanted = spec.arrays[index]
    if array.dtype != NUMPY_DTYPES[wanted.dtype]:
        msg = f"array {wanted.name!r} of kernel {spec.entry!r} is {wanted.dtype}, not {array.dtype}"
        raise TypeError(msg)
    if array.ndim != 1 or array.flags.num & PLAIN != PLAIN:
        msg = (
            f"array {wanted.name!r} of kernel {spec.entry!r} must be one-dimensional and contiguous"
        )
        raise ValueError(msg)


def _check_arrays(spec: KernelSpec, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    if len(arrays) != len(spec.arrays):
        msg = f"kernel {spec.entry!r} takes {len(spec.arrays)} arrays, {len(arrays)} given"
        raise TypeError(msg)
    for index, array in enumerate(arrays):
        check_array(spec, index, array)
    return list(arrays)


class PythonBound:
    """A binding of the python tier: the function over memoryviews of the arrays."""

    __slots__ = ("_spec", "_views", "arrays", "call_large", "call_small")

    def __init__(
        self,
        spec: KernelSpec,
        function: Callable[..., int],
        arrays: Sequence[np.ndarray],
    ) -> None:
        self._spec = spec
        self.arrays = _check_arrays(spec, arrays)
        views = self._views = [a.data for a in self.arrays]

        def call() -> int:
            try:
                return function(*views)
            except Trap as trap:
                raise KernelFault(spec.entry, trap.kind, trap.site, trap.value) from None

        self.call_small = self.call_large = call

    def update(self, index: int, array: np.ndarray) -> None:
        """Replace one array."""
        check_array(self._spec, index, array)
        self.arrays[index] = array
        self._views[index] = array.data


class MachineCalls:
    """The ways into one piece of machine code; shared by all its bindings, which keep it alive."""

    def __init__(self, spec: KernelSpec, code: MachineCode, sites: tuple[Site, ...] | None) -> None:
        self.spec = spec
        self.sites = sites
        self.large = _KERNEL_TYPE(code.kernel)
        self._code = code
        self._method = _MethodDef(spec.entry.encode(), code.builtin, _METH_NOARGS, None)
        n = len(spec.arrays)
        self.block_type = ctypes.c_int64 * (n if sites is None else 2 * n + N_FAULT_CELLS)

    def small(self, address: int, keep: tuple[Any, ...]) -> Callable[[], int]:
        """Return a builtin function over the context block at `address`; it keeps `keep` alive."""
        method = ctypes.addressof(self._method)
        # The third argument becomes __module__, which may be any object: it owns what we need.
        return _NEW_BUILTIN(method, address, keep)  # type: ignore[no-any-return]

    def free(self, address: int, keep: tuple[Any, ...]) -> Callable[[], int]:
        """Return a call through ctypes, which frees the GIL; it keeps `keep` alive."""
        call = functools.partial(self.large, address)
        vars(call)["keep"] = keep
        return call


class MachineBound:
    """A binding of the llvm tier: a context block with the addresses of the arrays."""

    __slots__ = ("_block", "_calls", "_dtypes", "arrays", "call_large", "call_small")

    def __init__(self, calls: MachineCalls, arrays: Sequence[np.ndarray]) -> None:
        self._calls = calls
        self.arrays = _check_arrays(calls.spec, arrays)
        self._block = calls.block_type()
        self._dtypes = [NUMPY_DTYPES[a.dtype] for a in calls.spec.arrays]
        for index, array in enumerate(self.arrays):
            self.update(index, array)
        address = ctypes.addressof(self._block)
        keep = (calls, self._block, self.arrays)
        self.call_small = calls.small(address, keep)
        self.call_large = calls.free(address, keep)
        if calls.sites is not None:
            self.call_small = functools.partial(self._checked, self.call_small)
            self.call_large = functools.partial(self._checked, self.call_large)

    def update(self, index: int, array: np.ndarray) -> None:
        """Replace one array."""
        known = array.dtype is self._dtypes[index] and array.ndim == 1
        if not known or array.flags.num & PLAIN != PLAIN:
            check_array(self._calls.spec, index, array)
        self.arrays[index] = array
        self._block[index] = address_of(array)
        if self._calls.sites is not None:
            self._block[len(self.arrays) + index] = len(array)

    def _checked(self, call: Callable[[], int]) -> int:
        result = call()
        first = 2 * len(self.arrays)
        kind = self._block[first]
        if kind and self._calls.sites is not None:
            self._block[first] = 0
            site = self._calls.sites[self._block[first + 1]]
            raise KernelFault(self._calls.spec.entry, kind, site, self._block[first + 2])
        return result
