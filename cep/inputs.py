"""What `Engine.read` takes: files, tables in memory and mappings as sources of decoded rows, cut down to a span of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cep.connectors.between import Between
from cep.connectors.columnar import ColumnarReader
from cep.connectors.columns import BadValueError, from_dicts, one_value
from cep.connectors.file import input_names, open_sources
from cep.engine.pipeline import Input
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


def inputs_of(core: EngineCore, stream: str, given: Any, span: tuple[int, int]) -> list[Input]:
    """Return the partitions of an input, cut down to a span of event time."""
    column = core.source(stream).spec.time_column
    found = _whole_sources(core, stream, given)
    names = input_names(str(given)) if isinstance(given, str | Path) else [""] * len(found)
    if column is not None and span != (-MAX_I64, MAX_I64):
        found = [Between(source, column, *span) for source in found]
    named = zip(found, names, strict=True)
    return [Input(stream, number, source, name) for number, (source, name) in enumerate(named)]


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
    """A source over decoded batches in memory; its position counts rows."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches = iter(batches)
        self._position = 0

    def poll(self) -> Any:
        decoded = next(self._batches, None)
        self._position += 0 if decoded is None else decoded.rows_read
        return decoded

    def position(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        while self._position < position and self.poll() is not None:
            pass

    def close(self) -> None:
        self._batches = iter(())
