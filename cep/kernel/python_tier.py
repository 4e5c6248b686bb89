"""The python tier: a typed program as a Python function over memoryviews. Always there.

Used at start, for debugging and as the oracle of the llvm tier. It writes to the same arrays.
"""

from __future__ import annotations

import linecache
import math
from typing import TYPE_CHECKING, Any

from cep.kernel.checker import check_library
from cep.kernel.emit_python import emit_function, global_name
from cep.kernel.intrinsics import INTRINSICS
from cep.kernel.python_checks import checks

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.kernel.tree import Program

_NAMES: dict[str, Any] = {
    **{name: entry.python for name, entry in INTRINSICS.items()},
    "NAN": math.nan,
    "INF": math.inf,
    "INF__negative": -math.inf,
}


def library_functions(name: str, *, checked: bool = False) -> dict[str, Callable[..., Any]]:
    """Return the functions of a kernellib module by name, with the intrinsics they use.

    They take memoryviews (or numpy arrays) and numbers; this is how `kernellib` is unit-tested.
    """
    functions = python_functions(check_library(name), checked=checked)
    start = f"{name}."
    return {key[len(start) :]: f for key, f in functions.items() if key.startswith(start)}


def python_functions(program: Program, *, checked: bool = False) -> dict[str, Callable[..., Any]]:
    """Return the functions of a program by key (`ring.push`, `.w4`), ready to be called.

    In checked mode they raise `faults.Trap`. Tracebacks show the lines of the kernel's source.
    """
    spaces: dict[str, dict[str, Any]] = {}
    functions: dict[str, Callable[..., Any]] = {}
    for module, (file, text) in program.texts.items():
        spaces[module] = {**_NAMES, **(checks(file) if checked else {})}
        if file.startswith("<"):
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    for function in program.functions:
        space = spaces[function.module]
        file = program.texts[function.module][0]
        code = compile(emit_function(function, checked=checked), file, "exec")
        exec(code, space)  # our own, checked source
        made = space[global_name(function.key)]
        functions[function.key] = made
        for other in spaces.values():
            other[global_name(function.key)] = made
    return functions
