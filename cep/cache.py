"""The user's cache folder: parser tables and object code, which others must not be able to put there.

`CEP_CACHE_DIR`, else `XDG_CACHE_HOME/cep`, else `~/.cache/cep`; in it one folder a kind of files, of mode
0700, used only if it is ours and nobody else may write to it. Files appear by rename and carry a digest, so
that a torn or foreign file is a miss. Every failure only means that the content is made again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

MAX_FILES = 2000
_DIGEST_BYTES = 32


def cache_root() -> Path:
    """Return the user's cache folder (it may not exist)."""
    own = os.environ.get("CEP_CACHE_DIR")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "cep"


class CacheFolder:
    """Files of one kind by key.

    Memory: at most `MAX_FILES` files; the oldest quarter goes when there are more.
    """

    def __init__(self, kind: str, root: Path | None = None, suffix: str = "") -> None:
        self.folder = (cache_root() if root is None else root) / kind
        self._suffix = suffix

    def read(self, key: str) -> bytes | None:
        """Return the content stored under a key, or None."""
        try:
            if not self._is_ours(create=False):
                return None
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, kept = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        return kept if hashlib.sha256(kept).digest() == digest else None

    def write(self, key: str, content: bytes) -> None:
        """Store content under a key; failures are ignored, the cache is only a shortcut."""
        with suppress(OSError):
            if not self._is_ours(create=True):
                return
            handle, name = tempfile.mkstemp(dir=self.folder)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(content).digest() + content)
                temporary.replace(self._path(key))
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            self._prune()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{self._suffix}"

    def _is_ours(self, *, create: bool) -> bool:
        """Whether the folder belongs to us and nobody else may write to it."""
        if create:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not hasattr(os, "getuid"):
            return self.folder.is_dir()
        status = self.folder.stat()
        return status.st_uid == os.getuid() and not status.st_mode & 0o022

    def _prune(self) -> None:
        files = list(self.folder.glob(f"*{self._suffix}"))
        if len(files) > MAX_FILES:
            by_age = sorted(files, key=lambda p: p.stat().st_mtime)
            for path in by_age[: len(files) // 4]:
                path.unlink(missing_ok=True)
