"""The shape of a kernel: its source without its name, its comments and its large literals.

Kernels of one shape differ in constants only, as those of a thousand rules made from one template do. From
the fourth kernel of a shape on they share one piece of code, whose literals are read from two arrays at the
start of a call; the first ones keep their literals, because constants make slightly faster code.

Lifted are float literals and integers of four digits or more (durations, thresholds): smaller integers are mostly
places of the kernel's own arrays. Equal literals are one parameter, so that the compiler still sees that they are.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cep.graph.kernel import Array, KernelSpec, Role

if TYPE_CHECKING:
    import numpy as np

ALONE = 3
"""So many kernels of a shape have code of their own."""
ENTRY = "kernel"
_MAX_INT = 2**63 - 1
_COMMENT = re.compile(r"[ \t]*#[^\n]*")
_LITERAL = re.compile(
    r"(?<![\w.])(?:(\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)|(\d{4,}))(?![\w.])"
)
_ARRAYS = (
    Array("shape_ints", "i64", Role.TABLE),
    Array("shape_floats", "f64", Role.TABLE),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A kernel with its literals as parameters.

    Attributes:
        spec: the kernel of the shape; it takes `shape_ints` and `shape_floats` behind the arrays of the original.
        parameters: these two arrays, with the literals of the original in order of their first place.
    """

    spec: KernelSpec
    parameters: tuple[np.ndarray, np.ndarray]


class _Lifted:
    """The literals of a source, each with the local that stands for it."""

    def __init__(self) -> None:
        self.ints: dict[int, str] = {}
        self.floats: dict[float, str] = {}

    def name(self, found: re.Match[str]) -> str:
        """Return the local that holds a literal; the literal itself where no array cell can."""
        text_of_float, text_of_int = found.groups()
        if text_of_float is not None:
            return self.floats.setdefault(float(text_of_float), f"shape_f{len(self.floats)}")
        value = int(text_of_int)
        return (
            text_of_int
            if value > _MAX_INT
            else self.ints.setdefault(value, f"shape_i{len(self.ints)}")
        )

    def loads(self) -> str:
        """Return the statements that read the locals."""
        ints = (f"    {name} = shape_ints[{i}]\n" for i, name in enumerate(self.ints.values()))
        floats = (
            f"    {name} = shape_floats[{i}]\n" for i, name in enumerate(self.floats.values())
        )
        return "".join((*ints, *floats))

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the values, an array of ints and one of floats, of one cell at least."""
        import numpy as np

        return (
            np.array([*self.ints] or [0], np.int64),
            np.array([*self.floats] or [0.0], np.float64),
        )


def shape_of(spec: KernelSpec) -> Shape | None:
    """Return the shape of a kernel; None if its source is not one generated function behind imports."""
    head, found, rest = spec.source.partition(f"def {spec.entry}(\n")
    parameters, arrow, body = rest.partition("\n) -> int:\n")
    lines = body.splitlines()
    if not found or not arrow or "shape_" in spec.source or '"' in body or "'" in _code(body):
        return None
    if any(line[:1].strip() for line in lines):
        return None
    lifted = _Lifted()
    body = _LITERAL.sub(lifted.name, _code(body))
    extra = "".join(f'\n    {a.name}: "{a.dtype}[n]",' for a in _ARRAYS)
    source = f"{head}def {ENTRY}(\n{parameters}{extra}\n) -> int:\n{lifted.loads()}{body}"
    shared = replace(spec, entry=ENTRY, source=source, arrays=(*spec.arrays, *_ARRAYS))
    return Shape(shared, lifted.arrays())


def _code(text: str) -> str:
    """Return a text without comments."""
    return _COMMENT.sub("", text)


class Shapes:
    """The shapes that a process has met, and which kernels of each keep code of their own. Thread-safe."""

    def __init__(self) -> None:
        self._alone: dict[bytes, set[bytes]] = {}
        self._lock = threading.Lock()

    def shared(self, spec: KernelSpec) -> Shape | None:
        """Return the shape whose code a kernel is to use; None if it has code of its own.

        A kernel gets the same answer whenever it is asked for again.
        """
        shape = shape_of(spec)
        if shape is None:
            return None
        key, own = _digest(shape.spec), _digest(spec)
        with self._lock:
            alone = self._alone.setdefault(key, set())
            if len(alone) < ALONE:
                alone.add(own)
            return None if own in alone else shape


def _digest(spec: KernelSpec) -> bytes:
    """Return a digest of all that a kernel's code depends on but the library."""
    arrays = " ".join(f"{a.name}:{a.dtype}" for a in spec.arrays)
    text = f"{spec.entry}\n{arrays}\n{spec.source}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
