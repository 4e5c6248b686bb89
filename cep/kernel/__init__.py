"""The kernel language: checker, python tier, llvm tier, object cache, calls. See `README.md`.

The door for the engine: `load` a spec, `bind` it to arrays, call it; `BackgroundCompiler` for `auto`.
"""

from cep.kernel.background import BackgroundCompiler, CompileBox
from cep.kernel.faults import KernelFault
from cep.kernel.loading import LoadedKernel, Tier, is_checked, load

__all__ = [
    "BackgroundCompiler",
    "CompileBox",
    "KernelFault",
    "LoadedKernel",
    "Tier",
    "is_checked",
    "load",
]
