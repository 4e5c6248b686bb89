"""The llvm tier: IR to object code, object code to addresses. The one door to llvmlite's compiler."""

from __future__ import annotations

import ctypes
import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llvmlite import binding

from cep.kernel.emit_llvm import BUILTIN_SYMBOL, KERNEL_SYMBOL, emit_module
from cep.kernel.intrinsics_llvm import C_FUNCTIONS, C_PREFIX

if TYPE_CHECKING:
    from cep.kernel.faults import Site
    from cep.kernel.tree import Program

_LOCK = threading.RLock()


class Counters:
    """How often this process built IR; tests assert that a cache hit builds none."""

    modules_emitted = 0


@dataclass(frozen=True, slots=True)
class MachineCode:
    """Linked machine code. `engine` owns the memory and must outlive every call."""

    kernel: int  # address of i64 (i64 context)
    builtin: int  # address of PyObject *(PyObject *context, PyObject *unused)
    engine: Any


@functools.cache
def _set_up() -> None:
    """Initialise LLVM and name the functions that machine code may call."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    for name in C_FUNCTIONS:
        binding.add_symbol(C_PREFIX + name, _c_address(name))
    for name in ("PyLong_AsLongLong", "PyLong_FromLongLong"):
        pointer = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p)
        binding.add_symbol(name, pointer.value)


def _c_address(name: str) -> int:
    """Return the address of a function of the C library, the one CPython's math module calls."""
    for library in (None, "libm.so.6", "ucrtbase"):
        try:
            pointer = ctypes.cast(getattr(ctypes.CDLL(library), name), ctypes.c_void_p)
        except (OSError, TypeError, AttributeError):
            continue
        if pointer.value:
            return pointer.value
    msg = f"the C library has no {name}"
    raise OSError(msg)


@functools.cache
def host() -> tuple[str, str, str]:
    """Return (triple, CPU name, CPU features) of this machine."""
    _set_up()
    features = binding.get_host_cpu_features().flatten()
    return binding.get_process_triple(), binding.get_host_cpu_name(), features


def _machine() -> Any:
    triple, cpu, features = host()
    target = binding.Target.from_triple(triple)
    return target.create_target_machine(cpu=cpu, features=features, opt=2, jit=True)


def compile_program(program: Program, *, checked: bool = False) -> tuple[bytes, tuple[Site, ...]]:
    """Return the object code of a program, and the sites of its fault cells in checked mode."""
    with _LOCK:
        Counters.modules_emitted += 1
    machine = _machine()
    module, sites = emit_module(program, checked=checked)
    module.triple = host()[0]
    module.data_layout = str(machine.target_data)
    parsed = binding.parse_assembly(str(module))
    options = binding.create_pipeline_tuning_options(speed_level=2)
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    return machine.emit_object(parsed), sites


def link(code: bytes) -> MachineCode:
    """Load object code into executable memory."""
    machine = _machine()
    empty = binding.parse_assembly("")
    engine = binding.create_mcjit_compiler(empty, machine)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    kernel = engine.get_function_address(KERNEL_SYMBOL)
    builtin = engine.get_function_address(BUILTIN_SYMBOL)
    return MachineCode(kernel, builtin, engine)
