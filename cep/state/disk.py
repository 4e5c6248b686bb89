"""The file system as checkpoints see it: the one place where it can be replaced, to let any of its calls fail."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Disk:
    """File operations that are durable when they return, in the order they are called."""

    def write(self, path: Path, content: bytes) -> None:
        """Write a file anew.

        Raises:
            OSError: it cannot be written, or not to its end.
        """
        with path.open("wb", buffering=0) as file:
            view = memoryview(content)
            while view:
                view = view[file.write(view) :]

    def sync(self, path: Path) -> None:
        """Bring the content of a file or folder to the medium.

        Raises:
            OSError: that cannot be done.
        """
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file a name, in place of the file that has it.

        Raises:
            OSError: that cannot be done.
        """
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file.

        Raises:
            OSError: that cannot be done.
        """
        path.unlink()

    def read(self, path: Path) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: it cannot be read.
        """
        return path.read_bytes()

    def reached(self, point: str) -> None:
        """Be told that the work is at a named point, at which tests let it crash."""
