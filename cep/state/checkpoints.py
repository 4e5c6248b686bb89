"""A folder of checkpoints: written whole or not at all, the last two kept, the last good one read."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cep.errors import error
from cep.state.checkpoint_file import DamagedError, decode, encode
from cep.state.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    from cep.errors import CepError

LOGGER = logging.getLogger("cep")
KEPT = 2
_NAME = re.compile(r"checkpoint-(\d{10,})")
_UNFINISHED = "checkpoint.unfinished"


@dataclass(slots=True)
class Checkpoints:
    """The checkpoints in a folder, which is made when the first one is written.

    One process writes at a time. A checkpoint counts once its file has its name: it is written under another one, brought to the
    medium, then renamed, and the folder is brought to the medium too.
    """

    folder: Path
    disk: Disk = field(default_factory=Disk)

    def _known(self) -> list[tuple[int, Path]]:
        """Return the checkpoints by number, the newest first."""
        if not self.folder.is_dir():
            return []
        found = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return sorted(((int(m[1]), path) for m, path in found if m is not None), reverse=True)

    def there(self) -> bool:
        """Whether there are checkpoints, good or not."""
        return bool(self._known())

    def save(self, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> tuple[Path, int]:
        """Write a checkpoint; return its path and its size in bytes.

        Raises:
            CepError: CEP508, it cannot be written; those before are as they were.
        """
        content = encode(arrays, meta)
        self.make()
        try:
            return self._write(content), len(content)
        except OSError as problem:
            raise self._failure(problem, "the last good one is kept") from problem

    def make(self) -> None:
        """Make the folder if it is not there.

        Raises:
            CepError: CEP508, that cannot be done.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise self._failure(problem, "give another folder") from problem

    def _failure(self, problem: OSError, hint: str) -> CepError:
        reason = problem.strerror or problem
        return error("CEP508", f"cannot write a checkpoint to {self.folder}: {reason}", hint=hint)

    def _write(self, content: bytes) -> Path:
        disk, unfinished = self.disk, self.folder / _UNFINISHED
        known = self._known()
        path = self.folder / f"checkpoint-{known[0][0] + 1 if known else 1:010}"
        disk.write(unfinished, content)
        disk.reached("after_write")
        disk.sync(unfinished)
        disk.reached("after_fsync")
        disk.rename(unfinished, path)
        disk.sync(self.folder)
        disk.reached("after_rename")
        for _, old in known[KEPT - 1 :]:
            disk.remove(old)
        return path

    def latest(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return the last good checkpoint, None if there is none at all; damaged ones are passed over and logged.

        Raises:
            CepError: CEP509, there are checkpoints, but none can be read.
        """
        damaged = []
        for _, path in self._known():
            try:
                return decode(self.disk.read(path))
            except (OSError, DamagedError) as problem:
                damaged.append(f"{path.name}: {problem}")
                LOGGER.warning("checkpoint %s is passed over: %s", path, problem)
        if damaged:
            msg = f"no checkpoint in {self.folder} can be read"
            raise error("CEP509", msg, hint="; ".join(damaged))
        return None
