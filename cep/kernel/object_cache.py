"""Object code on disk, in the user's cache folder; a hit needs no checker and no IR.

The key is a hash of everything the code depends on: the kernel's source and entry, the sources of all
kernellib modules it can reach, the names and dtypes of its arrays, this room's own sources, the layout of
the context block, the CPU, the versions of llvmlite and Python.
"""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cep.cache import CacheFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.graph.kernel import KernelSpec
    from cep.kernel.modules import Library

LAYOUT_VERSION = 1  # of the context block and of the object's symbols
_IMPORT = re.compile(r"from\s+cep\.kernellib\.(\w+)\s+import")


def reachable_modules(source: str, library: Library) -> dict[str, str]:
    """Return the kernellib modules a source can reach, by name, with their texts."""
    found: dict[str, str] = {}
    waiting = [source]
    while waiting:
        for name in _IMPORT.findall(waiting.pop()):
            if name not in found and library.path(name).is_file():
                found[name] = library.text(name)
                waiting.append(found[name])
    return found


@functools.cache
def _own_sources() -> bytes:
    """Return a digest of the compiler itself, so that a changed emitter leaves no stale code."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def cache_key(spec: KernelSpec, library: Library, machine: Iterable[str]) -> str:
    """Return the key of a kernel's object code; `machine` names CPU, features and versions."""
    modules = reachable_modules(spec.source, library)
    parts = [
        f"layout {LAYOUT_VERSION}",
        sys.version,
        *machine,
        spec.entry,
        spec.source,
        *(f"{a.name}:{a.dtype}" for a in spec.arrays),
        *(f"{name}\n{text}" for name, text in sorted(modules.items())),
    ]
    digest = hashlib.sha256(_own_sources())
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()


class ObjectCache(CacheFolder):
    """Object code by key, in the folder `kernels` of the user's cache folder (or of `root`)."""

    def __init__(self, root: Path | None = None) -> None:
        super().__init__("kernels", root, ".o")
