"""The user's cache folder: parser tables and object code, which others must not be able to put there.

A folder for each kind of files in `CEP_CACHE_DIR`, else `XDG_CACHE_HOME/cep`, else `~/.cache/cep`; mode 0700 and owned by this user, else it
is not used. Whatever cannot be read or written is made again in memory.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def cache_folder(kind: str) -> Path | None:
    """Return the folder for one kind of files, made if needed, or None when there is none that is safe to use."""
    named = os.environ.get("CEP_CACHE_DIR")
    if named:
        root = Path(named)
    else:
        base = os.environ.get("XDG_CACHE_HOME")
        root = (Path(base) if base else Path.home() / ".cache") / "cep"
    folder = root / kind
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError):
        return None
    foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
    if foreign or stat.S_IMODE(status.st_mode) & 0o077:
        return None
    return folder


def read_cached(kind: str, name: str) -> bytes | None:
    """Return the content of a cache file, or None."""
    folder = cache_folder(kind)
    if folder is None:
        return None
    try:
        path = folder / name
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            return None
        return path.read_bytes()
    except OSError:
        return None


def write_cached(kind: str, name: str, content: bytes) -> None:
    """Write a cache file at once or not at all; failure is silent, the cache is never needed."""
    folder = cache_folder(kind)
    if folder is None:
        return
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(folder / name)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
