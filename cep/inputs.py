"""What `Engine.read` takes: files, tables in memory and mappings as sources of decoded rows, cut down to a span of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cep.connectors.between import Between
from cep.connectors.columnar import ColumnarReader
from cep.connectors.columns import BadValueError, from_dicts, one_value
from cep.connectors.file import open_sources
from cep.errors import error
from cep.types import MAX_I64, NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.engine.core import EngineCore

PART_ROWS = 10_000


def instant(ts: Any, missing: int = NULL_I64) -> int:
    """Return a time in us, `missing` for None.

    Raises:
        CepError: CEP405, it is no time.
    """
    if ts is None and missing != NULL_I64:
        return missing
    try:
        us = one_value(ts, Type.TIMESTAMP, "us")
    except BadValueError as problem:
        raise error("CEP405", str(problem)) from None
    if us == NULL_I64:
        msg = "event time cannot be NULL"
        raise error("CEP405", msg, hint="an aware datetime, ISO-8601 text or a number of us")
    return int(us)  # type: ignore[arg-type]


def sources_of(core: EngineCore, stream: str, given: Any, span: tuple[int, int]) -> list[Any]:
    """Return the partitions of an input, cut down to a span of event time."""
    column = core.source(stream).spec.time_column
    found = _whole_sources(core, stream, given)
    if column is None or span == (-MAX_I64, MAX_I64):
        return found
    return [Between(source, column, *span) for source in found]


def _whole_sources(core: EngineCore, stream: str, given: Any) -> list[Any]:
    spec = core.source(stream).spec
    if isinstance(given, str | Path):
        return list(open_sources(str(given), spec, core.strings))
    is_table = (
        hasattr(given, "keys") or hasattr(given, "__arrow_c_stream__") or hasattr(given, "iloc")
    )
    if is_table:
        return [_Given(ColumnarReader(spec, core.strings).read(given))]
    rows = list(given)
    parts = range(0, len(rows), PART_ROWS)
    return [_Given(from_dicts(rows[i : i + PART_ROWS], spec, core.strings) for i in parts)]


class _Given:
    """A source over decoded batches in memory."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches = iter(batches)

    def poll(self) -> Any:
        return next(self._batches, None)

    def position(self) -> int:
        return 0

    def seek(self, position: int) -> None:
        del position

    def close(self) -> None:
        self._batches = iter(())
