"""The C reference from Python: builds the shared library with gcc and calls it on numpy columns.

The library is built once per source text into a cache directory (`$CEP_BENCH_CACHE`, else
`~/.cache/cep-bench`). Each workload is a class with `step(columns)` and `flush()`, which return
the number of output rows made, so that the runner can treat it like the engine.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from benchmarks.workloads.generate import Readings

SOURCES = Path(__file__).parent
FLAGS = ("-O3", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


class Columns(ctypes.Structure):
    """`columns` of reference.h: pointers to the input columns of one step."""

    _fields_: ClassVar = [
        ("ts", ctypes.c_void_p),
        ("sensor", ctypes.c_void_p),
        ("room", ctypes.c_void_p),
        ("kind", ctypes.c_void_p),
        ("value", ctypes.c_void_p),
    ]


def gcc() -> str | None:
    """The path of gcc, None when there is none."""
    return shutil.which("gcc")


def cache_directory() -> Path:
    """Where built libraries are kept."""
    return Path(os.environ.get("CEP_BENCH_CACHE", Path.home() / ".cache" / "cep-bench"))


@cache
def library() -> ctypes.CDLL:
    """Builds (once per source text) and loads the reference library.

    Raises:
        FileNotFoundError: there is no gcc.
        subprocess.CalledProcessError: the sources do not compile; gcc's message is on stderr.
    """
    compiler = gcc()
    if compiler is None:
        msg = "the C reference needs gcc"
        raise FileNotFoundError(msg)
    sources = sorted(SOURCES.glob("*.c"))
    texts = [path.read_bytes() for path in [*sources, SOURCES / "reference.h"]]
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True).stdout
    key = hashlib.sha256(b"\0".join([*texts, version, " ".join(FLAGS).encode()])).hexdigest()[:16]
    target = cache_directory() / f"reference-{key}.so"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        building = target.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, *FLAGS, "-o", str(building), *map(str, sources)], check=True)
        building.replace(target)
    return ctypes.CDLL(str(target))


def slices(readings: Readings, batch_rows: int) -> list[Columns]:
    """The columns of each batch. The arrays of `readings` must outlive the result."""
    arrays = (readings.ts, readings.sensor, readings.room, readings.kind, readings.value)
    contiguous = all(array.flags.c_contiguous for array in arrays)
    if not contiguous:
        msg = "the reference reads contiguous columns"
        raise ValueError(msg)
    return [
        Columns(*(array.ctypes.data + start * array.itemsize for array in arrays))
        for start in range(0, len(readings), batch_rows)
    ]


class Workload:
    """One workload of the reference, with its state; free it with `close`.

    Attributes:
        prefix: name of its C functions before `_new`, `_step`, `_flush`, `_free`.
    """

    def __init__(self, prefix: str, *parameters: Any, flushes: bool = False) -> None:
        functions = library()
        self._free = getattr(functions, f"{prefix}_free")
        self._free.argtypes, self._free.restype = [ctypes.c_void_p], None
        self._step = getattr(functions, f"{prefix}_step")
        self._step.argtypes = [ctypes.c_void_p, ctypes.c_int64, Columns]
        self._step.restype = ctypes.c_int64
        self._flush: Any = None
        if flushes:
            self._flush = getattr(functions, f"{prefix}_flush")
            self._flush.argtypes, self._flush.restype = [ctypes.c_void_p], ctypes.c_int64
        new = getattr(functions, f"{prefix}_new")
        new.restype = ctypes.c_void_p
        self.prefix = prefix
        self._state: int | None = new(*parameters)

    def step(self, rows: int, columns: Columns) -> int:
        """Takes the next rows and returns the number of output rows they made."""
        return int(self._step(self._state, rows, columns))

    def flush(self) -> int:
        """End of input; returns the number of output rows it made."""
        return int(self._flush(self._state)) if self._flush is not None else 0

    def close(self) -> None:
        """Frees the state; the workload cannot be used afterwards."""
        if self._state is not None:
            self._free(self._state)
            self._state = None


def new(name: str, readings: Readings) -> Workload:
    """The reference of a workload: `w1`, `w3`, `w4`, `w4_hot` or `w5`.

    Raises:
        KeyError: there is no reference for that workload.
    """
    sensors = ctypes.c_int32(len(readings.sensor_names))
    rooms = ctypes.c_int32(len(readings.room_names))
    double, milliseconds = ctypes.c_double, ctypes.c_int64
    match name:
        case "w1":
            return Workload("w1")
        case "w2":
            return Workload("w2", rooms, milliseconds(10_000), flushes=True)
        case "sliding":
            return Workload("sliding", sensors, milliseconds(10_000))
        case "w3":
            return Workload("w3", sensors, milliseconds(1000), flushes=True)
        case "w4":
            thresholds = (double(40.0), double(10.0), double(0.2))
            return Workload("w4", rooms, milliseconds(60_000), *thresholds)
        case "w4_hot":
            thresholds = (double(22.0), double(2.5), double(0.03))
            return Workload("w4", rooms, milliseconds(60_000), *thresholds)
        case "w5":
            return Workload("w5", sensors, flushes=True)
        case _:
            raise KeyError(name)


def count(name: str, readings: Readings, batch_rows: int = 10_000) -> int:
    """Runs one workload over all readings and returns the number of output rows."""
    workload = new(name, readings)
    total = 0
    for number, columns in enumerate(slices(readings, batch_rows)):
        rows = min(batch_rows, len(readings) - number * batch_rows)
        total += workload.step(rows, columns)
    total += workload.flush()
    workload.close()
    return total
