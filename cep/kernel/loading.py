"""Loading: a `KernelSpec` becomes a `LoadedKernel` in one of the tiers."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from cep.errors import error
from cep.kernel.checker import check
from cep.kernel.modules import LIBRARY
from cep.kernel.object_cache import ObjectCache, cache_key
from cep.kernel.python_tier import python_functions
from cep.kernel.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from cep.graph.kernel import KernelSpec
    from cep.kernel.binding import Bound, MachineCalls
    from cep.kernel.modules import Library

Tier = Literal["python", "llvm"]

# Machine code of this process by cache key: rules with equal kernels share it.
_SHARED: WeakValueDictionary[str, MachineCalls] = WeakValueDictionary()
# The same for functions of the python tier, by what they were made from.
_SHARED_FUNCTIONS: WeakValueDictionary[tuple[Any, ...], Callable[..., int]] = WeakValueDictionary()
_SHARED_LOCK = threading.Lock()
_SHAPES = Shapes()


@dataclass(frozen=True, slots=True)
class LoadedKernel:
    """A kernel ready to be bound to arrays. Immutable and thread-safe.

    `compile_seconds` is the CPU time of loading in this thread (checker, compiler, linking;
    not the import of llvmlite);
    `spec` is the kernel, or that of its shape (`cep/kernel/shapes.py`), which takes parameters behind its arrays;
    `cache_hit` says that the machine code came from the disk or from an equal kernel of this process.
    """

    spec: KernelSpec
    tier: Tier
    checked: bool
    compile_seconds: float
    cache_hit: bool
    _code: Any  # MachineCalls, or the python function
    _parameters: tuple[np.ndarray, ...] = ()  # what code of a shape takes behind the arrays

    def bind(self, arrays: Sequence[np.ndarray]) -> Bound:
        """Return the kernel over these arrays, given in the order of `spec.arrays`.

        Those of a shape's parameters are put behind them. Arrays are borrowed and kept alive; they must be one-dimensional, contiguous, of the spec's
        dtypes, and must not overlap each other where the kernel writes. Raises TypeError or ValueError.
        """
        from cep.kernel.binding import MachineBound, PythonBound

        arrays = (*arrays, *self._parameters)
        if self.tier == "python":
            return PythonBound(self.spec, self._code, arrays)
        return MachineBound(self._code, arrays)


def is_checked() -> bool:
    """Whether the checked mode is asked for (`CEP_CHECKED=1`)."""
    return os.environ.get("CEP_CHECKED", "") not in {"", "0"}


def load(
    spec: KernelSpec,
    *,
    tier: Tier,
    checked: bool | None = None,
    library: Library = LIBRARY,
    cache: ObjectCache | None = None,
) -> LoadedKernel:
    """Check and load a kernel; the llvm tier compiles it, or takes it from the object cache.

    Args:
        spec: the kernel.
        tier: `python` is ready at once, `llvm` takes tens of milliseconds.
        checked: trap on bad indices and overflow (`KernelFault`); by default as `CEP_CHECKED` says.
        library: where `cep.kernellib` is read from.
        cache: the object cache; by default the one in the user's cache folder.

    Raises:
        CepError: CEP901 when the source is not in the kernel language; CEP902 when machine code
            cannot be made (llvmlite missing or failing).
    """
    checked = is_checked() if checked is None else checked
    machine = _machine() if tier == "llvm" else ()
    start = time.thread_time()
    # Faults tell lines of the kernel's own source, so checked code is never shared by a shape.
    shape = None if checked else _SHAPES.shared(spec)
    made = spec if shape is None else shape.spec
    code: Any
    if tier == "python":
        code, hit = _python_function(made, library, checked=checked)
    else:
        code, hit = _machine_calls(made, library, cache, machine, checked=checked)
    seconds = time.thread_time() - start
    parameters = () if shape is None else shape.parameters
    return LoadedKernel(made, tier, checked, seconds, hit, code, parameters)


def _python_function(
    spec: KernelSpec, library: Library, *, checked: bool
) -> tuple[Callable[..., int], bool]:
    arrays = tuple((a.name, a.dtype) for a in spec.arrays)
    key = (spec.source, spec.entry, arrays, id(library), checked)
    with _SHARED_LOCK:
        known = _SHARED_FUNCTIONS.get(key)
    if known is not None:
        return known, True
    program = check(spec, library)
    function = python_functions(program, checked=checked)[program.entry.key]
    with _SHARED_LOCK:
        _SHARED_FUNCTIONS[key] = function
    return function, False


def _machine() -> tuple[str, ...]:
    """Import the compiler; return what machine code depends on: llvmlite, triple, CPU, features."""
    try:
        import llvmlite

        from cep.kernel import llvm_tier
    except ImportError as problem:
        msg = f"the llvm tier needs llvmlite: {problem}"
        raise error("CEP902", msg, hint="pip install llvmlite, or tier='python'") from problem
    return llvmlite.__version__, *llvm_tier.host()


def _machine_calls(
    spec: KernelSpec,
    library: Library,
    cache: ObjectCache | None,
    machine: tuple[str, ...],
    *,
    checked: bool,
) -> tuple[MachineCalls, bool]:
    key = cache_key(spec, library, machine)
    shared = f"{key} {spec.entry} {checked}"
    with _SHARED_LOCK:
        known = _SHARED.get(shared)
    if known is not None:
        return known, True
    calls, hit = _link(spec, library, cache or ObjectCache(), key, checked=checked)
    with _SHARED_LOCK:
        _SHARED[shared] = calls
    return calls, hit


def _link(
    spec: KernelSpec, library: Library, cache: ObjectCache, key: str, *, checked: bool
) -> tuple[MachineCalls, bool]:
    """Return linked code from the cache or the compiler. Checked code is never cached on disk."""
    from cep.kernel import llvm_tier
    from cep.kernel.binding import MachineCalls

    stored = None if checked else cache.read(key)
    if stored is not None:
        return MachineCalls(spec, llvm_tier.link(stored), None), True
    program = check(spec, library)
    try:
        code, sites = llvm_tier.compile_program(program, checked=checked)
        linked = llvm_tier.link(code)
    except RuntimeError as problem:
        msg = f"kernel {spec.entry!r} cannot be compiled: {problem}"
        raise error("CEP902", msg) from problem
    if not checked:
        cache.write(key, code)
    return MachineCalls(spec, linked, sites if checked else None), False
