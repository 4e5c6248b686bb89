"""The event walk: poll, decode, reorder, run operators, write; over bounded inputs and endless ones."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from contextlib import AbstractContextManager

    from cep.connectors.base import Source
    from cep.engine.core import EngineCore

NOTHING_NEW_SECONDS = 0.05


@dataclass(slots=True)
class Input:
    """One partition of a source stream: where its rows come from, under which name.

    position: of the source, behind the rows that were processed.
    """

    stream: str
    partition: int
    source: Source
    name: str = ""
    position: int = 0


def drive(
    core: EngineCore, inputs: Sequence[Input], lock: AbstractContextManager[object] | None = None
) -> Generator[int, None, None]:
    """Read the inputs to their end and process everything; yields after every step the rows read in it.

    The partition whose watermark is furthest behind is read next, so that little has to wait. Rows made
    so far have been handed to the engine's `emit` when this yields. Streams without input end at once.
    lock: held while the engine works, not while rows are awaited. Sources are closed at the end, come what may.
    """
    try:
        yield from _drive(core, inputs, lock or nullcontext())
    finally:
        for item in inputs:
            item.source.close()


def _drive(
    core: EngineCore, inputs: Sequence[Input], lock: AbstractContextManager[object]
) -> Generator[int, None, None]:
    with lock:
        for item in inputs:
            core.open_partition(item.stream, item.partition)
        for name in core.sources:
            if name not in {item.stream for item in inputs}:
                core.end_stream(name)
    waiting, quiet = list(inputs), list[Input]()
    while waiting or quiet:
        if not waiting:
            waiting, quiet = quiet, []
            with lock:
                core.tick()
            time.sleep(NOTHING_NEW_SECONDS)
        item = min(waiting, key=lambda i: core.partition_watermark(i.stream, i.partition))
        decoded = item.source.poll()
        if decoded is None:
            item.source.close()
            with lock:
                core.end_partition(item.stream, item.partition)
        elif decoded.rows_read:
            with lock:
                core.ingest(item.stream, decoded, partition=item.partition)
                item.position = item.source.position()
            yield decoded.rows_read
            continue
        else:
            quiet.append(item)
        waiting.remove(item)
        yield 0
    with lock:
        core.flush()
    yield 0
