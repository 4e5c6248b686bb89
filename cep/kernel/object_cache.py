"""Object code on disk, in the user's cache folder; a hit needs no checker and no IR.

The key is a hash of everything the code depends on: the kernel's source and entry, the sources of all
kernellib modules it can reach, the names and dtypes of its arrays, this room's own sources, the layout of
the context block, the CPU, the versions of llvmlite and Python. The folder has mode 0700 and must be
ours; files appear by rename, and carry a digest so that a torn or foreign file is a miss.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.graph.kernel import KernelSpec
    from cep.kernel.modules import Library

LAYOUT_VERSION = 1  # of the context block and of the object's symbols
MAX_FILES = 2000
_SUFFIX = ".o"
_IMPORT = re.compile(r"from\s+cep\.kernellib\.(\w+)\s+import")


def cache_folder() -> Path:
    """Return the user's cache folder: CEP_CACHE_DIR, else XDG_CACHE_HOME/cep, else ~/.cache/cep."""
    own = os.environ.get("CEP_CACHE_DIR")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "cep"


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


class ObjectCache:
    """One folder of object files.

    Memory: at most `MAX_FILES` files; the oldest quarter goes when there are more. Every failure
    (not writable, not ours, torn file) only means that the kernel is compiled in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (cache_folder() if folder is None else folder) / "kernels"

    def read(self, key: str) -> bytes | None:
        """Return the object code stored under a key, or None."""
        try:
            if not self._is_ours(create=False):
                return None
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, code = content[:32], content[32:]
        return code if hashlib.sha256(code).digest() == digest else None

    def write(self, key: str, code: bytes) -> None:
        """Store object code under a key; failures are ignored, the cache is only a shortcut."""
        with suppress(OSError):
            if not self._is_ours(create=True):
                return
            handle, name = tempfile.mkstemp(dir=self.folder)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(code).digest() + code)
                temporary.replace(self._path(key))
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            self._prune()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _is_ours(self, *, create: bool) -> bool:
        """Whether the folder belongs to us and nobody else may write to it."""
        if create:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not hasattr(os, "getuid"):
            return self.folder.is_dir()
        status = self.folder.stat()
        return status.st_uid == os.getuid() and not status.st_mode & 0o022

    def _prune(self) -> None:
        files = list(self.folder.glob(f"*{_SUFFIX}"))
        if len(files) > MAX_FILES:
            by_age = sorted(files, key=lambda p: p.stat().st_mtime)
            for path in by_age[: len(files) // 4]:
                path.unlink(missing_ok=True)
