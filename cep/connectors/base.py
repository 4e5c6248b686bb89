"""What connectors and formats promise: sources, sinks, decoders, encoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cep.batch import Decoded, EventBatch
    from cep.graph.graph import StreamSpec
    from cep.schema import Schema
    from cep.strings import StringTable


class Source(Protocol):
    """Rows of one partition of a stream, in arrival order."""

    def poll(self) -> Decoded | None:
        """Return the next rows, an empty result while there are none yet, None at the end.

        Called again and again by one thread; never called after it returned None. Never raises for bad
        rows: those are in `Decoded.rejects`.
        """
        ...

    def position(self) -> int:
        """Return where the next `poll` goes on (bytes or rows, only this source's `seek` understands it)."""
        ...

    def seek(self, position: int) -> None:
        """Go on at a position returned earlier; called before the first `poll` only."""
        ...

    def close(self) -> None:
        """Release the file or connection; may be called twice."""
        ...


class Sink(Protocol):
    """Takes the batches of one output stream in order."""

    def write(self, batch: EventBatch) -> None:
        """Take the rows of a batch; they may stay in a buffer until `flush`."""
        ...

    def flush(self) -> None:
        """Hand everything written so far to the outside."""
        ...

    def sync(self) -> None:
        """Bring everything written so far to the medium; raises OSError when that fails."""
        ...

    def position(self) -> int:
        """Return the number of bytes handed out so far."""
        ...

    def close(self) -> None:
        """Flush and release; may be called twice."""
        ...


class Decoder(Protocol):
    """Turns blocks of bytes of one partition into columns."""

    def cut(self, block: bytes) -> int:
        """Return how many bytes at the start of `block` are whole records (0: read more first)."""
        ...

    def decode(self, block: bytes) -> Decoded:
        """Return the columns and the bad rows of a block of whole records."""
        ...


class Encoder(Protocol):
    """Turns batches into bytes."""

    def begin(self) -> bytes:
        """Return what stands before the first row (a CSV header), may be empty."""
        ...

    def encode(self, batch: EventBatch) -> bytes:
        """Return the rows as bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name, its file endings, and how to read and write it.

    Formats of records in bytes have a `decoder`; formats that are files of columns have `read`, which
    yields the rows of a file in batches. `encoder` None: this format cannot be written.
    """

    name: str
    endings: tuple[str, ...]
    decoder: Callable[[StreamSpec, StringTable], Decoder] | None = None
    read: Callable[[Path, StreamSpec, StringTable], Iterator[Decoded]] | None = None
    encoder: Callable[[Schema, StringTable], Encoder] | None = None
