"""What a checkpoint holds beside the state: rule texts, rejects, and where the engine is in the files it reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.engine.histogram import Histogram
from cep.errors import error
from cep.state.checkpoints import Checkpoints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from cep.connectors.base import Sink
    from cep.engine.core import EngineCore
    from cep.engine.pipeline import Input
    from cep.errors import SourceText

STANDARD = "-"
CHECKPOINT_BOUNDS = (0.001, 0.01, 0.1, 1.0, 10.0)


class CheckpointCounts:
    """How long an engine's checkpoints took, size (bytes) and wall clock (s) of the last one."""

    def __init__(self) -> None:
        self._times = Histogram(CHECKPOINT_BOUNDS)
        self._size = 0
        self._at = 0.0

    def count(self, seconds: float, size: int, at: float) -> None:
        """Count one more."""
        self._times.count(seconds)
        self._size, self._at = size, at

    def stats(self) -> dict[str, Any]:
        """Return what was counted as plain values."""
        return {"seconds": self._times.stats(), "bytes": self._size, "timestamp": self._at}


class Places:
    """Inputs and outputs of an engine, with those of the checkpoint that it goes on from, if there is one.

    Invariants: an input's position is that behind the last row the engine has processed.
    """

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self._outputs: list[tuple[str, str, Sink]] = []
        self._read: dict[str, list[list[Any]]] = {}
        self._written: dict[tuple[str, str], int] = {}

    def go_on(self, meta: Mapping[str, Any]) -> None:
        """Take the positions that a checkpoint holds."""
        self._read = dict(meta["inputs"])
        self._written = {(stream, uri): position for stream, uri, position in meta["outputs"]}

    def open_inputs(self, opened: list[Input]) -> None:
        """Take the inputs that are read from now on, each at its position in the checkpoint.

        Raises:
            CepError: CEP506, they are not those of the checkpoint, or cannot be read again.
        """
        for stream, known in self._read.items():
            mine = [item for item in opened if item.stream == stream]
            if mine and [item.name for item in mine[: len(known)]] != [name for name, _ in known]:
                msg = f"the input of stream {stream} is not that of the checkpoint"
                names = ", ".join(name or "a table in memory" for name, _ in known)
                raise error("CEP506", msg, hint=f"it was {names}")
            for item, (name, position) in zip(mine, known, strict=False):
                if name == STANDARD:
                    msg = (
                        f"stream {stream} was read from standard input, which cannot be read again"
                    )
                    raise error("CEP506", msg)
                item.source.seek(position)
                item.position = position
        self.inputs = opened

    def written(self, stream: str, uri: str) -> int | None:
        """Return how many bytes of a file are in the checkpoint, None for a file that begins anew."""
        return self._written.get((stream, uri))

    def open_output(self, stream: str, uri: str, sink: Sink) -> None:
        """Take a sink whose position checkpoints hold."""
        self._outputs.append((stream, uri, sink))

    def saved(self) -> dict[str, Any]:
        """Bring all outputs to their medium and return the positions of inputs and outputs, as JSON values.

        Raises:
            OSError: an output cannot be written.
        """
        read: dict[str, list[list[Any]]] = {**self._read}
        for item in self.inputs:
            if item.partition == 0:
                read[item.stream] = []
            read[item.stream].append([item.name, item.position])
        written = dict(self._written)
        for stream, uri, sink in self._outputs:
            sink.sync()
            written[stream, uri] = sink.position()
        return {"inputs": read, "outputs": [[*key, n] for key, n in written.items()]}


def described(
    core: EngineCore,
    places: Places,
    sources: Sequence[SourceText],
    params: Mapping[str, object] | None,
) -> dict[str, Any]:
    """Return what a checkpoint holds beside the state, as JSON values, when all outputs are on their medium.

    Raises:
        CepError: CEP508, an output cannot be written.
    """
    try:
        saved = places.saved()
    except OSError as problem:
        msg = f"cannot write an output: {problem.strerror or problem}"
        raise error("CEP508", msg, hint="the last good checkpoint is kept") from problem
    return {
        "rules": [[source.name, source.text] for source in sources],
        "params": {name: _plain(value) for name, value in (params or {}).items()},
        "rejects": [[bad.stream, bad.seq, bad.raw, bad.reason] for bad in core.rejects],
        **saved,
    }


def _plain(value: object) -> object:
    """Return the value of a parameter as JSON has it; what is no number or text as its text."""
    return value if isinstance(value, bool | int | float | str) else str(value)


def last_checkpoint(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the state and what `described` said in the last good checkpoint of a folder.

    Raises:
        CepError: CEP509, there is none, none can be read, or a newer version wrote it.
    """
    found = Checkpoints(folder).latest()
    if found is None:
        msg = f"there is no checkpoint in {folder}"
        raise error("CEP509", msg)
    return found
