"""Files, standard input and output, and files that grow (`tail:`)."""

from __future__ import annotations

import contextlib
import glob
import io
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cep.batch import Decoded
from cep.connectors.formats import format_named, format_of_path
from cep.errors import CepError, error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cep.batch import EventBatch
    from cep.connectors.base import Decoder, Encoder, Format, Sink, Source
    from cep.graph.graph import StreamSpec
    from cep.schema import Schema
    from cep.strings import StringTable

BLOCK_BYTES = 1 << 20
LONGEST_RECORD_BYTES = 64 << 20
TAIL = "tail:"


class RecordSource:
    """Reads records of bytes in blocks and decodes whole ones.

    `follow`: at the end of the file there may be more later, so `poll` returns no rows instead of None.
    Memory: one block and the unfinished record behind it, at most `LONGEST_RECORD_BYTES`.
    """

    def __init__(self, file: BinaryIO, decoder: Decoder, *, follow: bool = False) -> None:
        self._file = file
        self._decoder = decoder
        self._follow = follow
        self._rest = b""
        self._position = 0
        self._ended = False

    def poll(self) -> Decoded | None:
        """Return the rows of the next block of whole records, None at the end."""
        if self._ended:
            return None
        # read1 gives what a pipe has at once instead of waiting for a full block.
        read = getattr(self._file, "read1", self._file.read)
        more: bytes = read(BLOCK_BYTES)
        self._ended = not more and not self._follow
        block = self._rest + more
        end = self._whole(block, at_end=self._ended)
        self._rest = block[end:]
        self._position += end
        if end == 0:
            return None if self._ended else Decoded({}, 0)
        return self._decoder.decode(block[:end])

    def _whole(self, block: bytes, *, at_end: bool) -> int:
        """Return how many bytes to decode now: whole records, or all at the end or past the longest record."""
        end = len(block) if at_end else self._decoder.cut(block)
        return len(block) if end == 0 and len(block) > LONGEST_RECORD_BYTES else end

    def position(self) -> int:
        """Return the number of bytes of the records handed out."""
        return self._position

    def share(self) -> float | None:
        """Return which part of the file was read, None where its size says nothing (pipes, `tail:`)."""
        try:
            status = os.fstat(self._file.fileno())
        except (OSError, ValueError, AttributeError):
            return 1.0 if self._ended else None
        if self._follow or not stat.S_ISREG(status.st_mode) or not status.st_size:
            return None
        return min(1.0, self._position / status.st_size)

    def seek(self, position: int) -> None:
        """Go on at a byte offset that `position` returned."""
        if position and hasattr(self._decoder, "read_header"):
            self._decoder.read_header(self._file.readline())
        self._file.seek(position)
        self._position = position

    def close(self) -> None:
        """Close the file (standard input stays open)."""
        if self._file is not sys.stdin.buffer:
            self._file.close()


class TableSource:
    """Reads a file of columns; its position counts rows."""

    def __init__(self, tables: Iterator[Decoded]) -> None:
        self._tables = tables
        self._position = 0
        self._skip = 0

    def poll(self) -> Decoded | None:
        """Return the next batch of rows, None at the end."""
        decoded = next(self._tables, None)
        if decoded is None:
            return None
        self._position += decoded.rows_read
        while self._skip and self._position <= self._skip:
            decoded = next(self._tables, None)
            if decoded is None:
                return None
            self._position += decoded.rows_read
        self._skip = 0
        return decoded

    def position(self) -> int:
        """Return the number of rows handed out."""
        return self._position

    def seek(self, position: int) -> None:
        """Skip the batches before a position that `position` returned."""
        self._skip = position

    def close(self) -> None:
        """Release the reader."""
        self._tables = iter(())


def _format_for(uri: str, spec_format: str | None, span_hint: str) -> Format:
    found = format_of_path(uri)
    if found is not None:
        return found
    if spec_format is not None:
        return format_named(spec_format)
    if uri == "-":
        return format_named("jsonl")
    msg = f"cannot tell the format of {uri!r}"
    raise error("CEP505", msg, hint=span_hint)


def open_sources(uri: str, spec: StreamSpec, strings: StringTable) -> list[Source]:
    """Return one source for each file a URI names (each is a partition of the stream, in sorted order).

    URIs: a path, a glob, `-` for standard input, `tail:PATH` for a file that grows.

    Raises:
        CepError: CEP504 no such file or not readable, CEP505 unknown format.
    """
    follow = uri.startswith(TAIL)
    place = uri.removeprefix(TAIL)
    hint = "use a known ending (.jsonl .csv .parquet .arrow) or WITH (format = '...')"
    if place == "-":
        made = _format_for("-", spec.format, hint)
        if made.decoder is None:
            msg = f"format {made.name} cannot be read from standard input"
            raise error("CEP505", msg)
        return [RecordSource(sys.stdin.buffer, made.decoder(spec, strings))]
    paths = _paths(place)
    if not paths:
        msg = f"no file matches {place!r}"
        raise error("CEP504", msg)
    opened: list[Source] = []
    try:
        for path in paths:
            opened.append(_open_file(path, spec, strings, hint, follow=follow))
    except CepError:
        for source in opened:
            source.close()
        raise
    return opened


def input_names(uri: str) -> list[str]:
    """Return the names of the sources that `open_sources` opens for a URI, in their order."""
    place = uri.removeprefix(TAIL)
    return [place] if place == "-" else _paths(place)


def _paths(place: str) -> list[str]:
    """Return the files that a path or glob names, in sorted order; a file may have `[` in its name."""
    if not glob.has_magic(place) or Path(place).exists():
        return [place]
    return sorted(p for p in glob.glob(place, recursive=True) if not Path(p).is_dir())  # noqa: PTH207


def _open_file(
    path: str, spec: StreamSpec, strings: StringTable, hint: str, *, follow: bool
) -> Source:
    made = _format_for(path, spec.format, hint)
    if made.read is not None:
        if follow:
            msg = f"format {made.name} cannot be read while it grows"
            raise error("CEP505", msg, hint=f"read {path} without {TAIL}")
        if not Path(path).is_file():
            msg = f"cannot read {path}: no such file"
            raise error("CEP504", msg)
        return TableSource(made.read(Path(path), spec, strings))
    if made.decoder is None:
        msg = f"format {made.name} cannot be read"
        raise error("CEP505", msg)
    try:
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115
    except OSError as problem:
        msg = f"cannot read {path}: {problem.strerror}"
        raise error("CEP504", msg) from problem
    return RecordSource(file, made.decoder(spec, strings), follow=follow)


def _writable(made: Format) -> Callable[[Schema, StringTable], Encoder]:
    """Return what writes a format.

    Raises:
        CepError: CEP505, it can only be read.
    """
    if made.encoder is None:
        msg = f"format {made.name} cannot be written"
        raise error("CEP505", msg, hint="use a known ending (.jsonl .csv)")
    return made.encoder


class RecordSink:
    """Writes the rows of one stream to a file or to standard output.

    Memory: rows wait in the file's buffer until `flush`.
    """

    def __init__(
        self,
        file: BinaryIO,
        made: Format,
        schema: Schema,
        strings: StringTable,
        position: int | None = None,
    ) -> None:
        self._file = file
        self._encoder = _writable(made)(schema, strings)
        self._position = position or 0
        begin = self._encoder.begin()
        if position is None:
            self._put(begin)

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self._position += len(content)

    def write(self, batch: EventBatch) -> None:
        """Take the rows of a batch."""
        self._put(self._encoder.encode(batch))

    def flush(self) -> None:
        """Hand the rows to the operating system."""
        self._file.flush()

    def sync(self) -> None:
        """Bring the rows to the medium; there is nothing left to do when it is closed."""
        if self._file.closed:
            return
        self._file.flush()
        with contextlib.suppress(io.UnsupportedOperation):
            number = self._file.fileno()
            if stat.S_ISREG(os.fstat(number).st_mode):
                os.fsync(number)

    def position(self) -> int:
        """Return the number of bytes written."""
        return self._position

    def close(self) -> None:
        """Flush and close (standard output stays open)."""
        if self._file.closed:
            return
        try:
            self._file.flush()
        finally:
            if self._file is not sys.stdout.buffer:
                # What could not be flushed is lost; closing would say so once more.
                with contextlib.suppress(OSError):
                    self._file.close()


def open_sink(uri: str, schema: Schema, strings: StringTable, position: int | None = None) -> Sink:
    """Return a sink for a path or `-` (standard output, JSON lines).

    position: go on behind so many bytes of the file; what stands behind them is cut off. None: a new file.

    Raises:
        CepError: CEP504 not writable, or shorter than `position`; CEP505 unknown format.
    """
    if uri == "-":
        return RecordSink(sys.stdout.buffer, format_named("jsonl"), schema, strings)
    made = _format_for(uri, None, "use a known ending (.jsonl .csv)")
    _writable(made)
    try:
        file = _opened(Path(uri), position)
    except OSError as problem:
        msg = f"cannot write {uri}: {problem.strerror or os.strerror(problem.errno or 0)}"
        raise error("CEP504", msg) from problem
    return RecordSink(file, made, schema, strings, position)


def _opened(path: Path, position: int | None) -> BinaryIO:
    """Return a new file, or one cut off behind a position.

    Raises:
        CepError: CEP504, it is shorter. OSError: it cannot be opened.
    """
    if position is None:
        return path.open("wb")
    if path.stat().st_size < position:
        msg = f"cannot go on with {path}: it is shorter than at the checkpoint"
        raise error("CEP504", msg, hint=f"it had {position} bytes")
    os.truncate(path, position)
    return path.open("ab")
