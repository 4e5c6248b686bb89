"""What the tests of formats share: a schema of all types, and reading bytes in blocks of any size."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from cep.connectors.file import RecordSource
from cep.connectors.formats import format_named
from cep.graph.graph import StreamSpec
from cep.schema import ColumnSpec, Schema
from cep.strings import StringTable
from cep.tables import python_values
from cep.types import Type

if TYPE_CHECKING:
    from cep.batch import Decoded

ALL_TYPES = Schema((
    ColumnSpec("ts", Type.TIMESTAMP, not_null=True),
    ColumnSpec("s", Type.STRING),
    ColumnSpec("x", Type.DOUBLE),
    ColumnSpec("n", Type.INT),
    ColumnSpec("b", Type.BOOLEAN),
    ColumnSpec("d", Type.DURATION),
))


def spec_of(schema: Schema = ALL_TYPES, **options: Any) -> StreamSpec:
    return StreamSpec("s", schema, 0, **{"time_column": "ts", **options})


class Trickle(io.BytesIO):
    """A file whose `read1` gives blocks of a size, as a pipe may."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read1(self, size: int | None = -1, /) -> bytes:
        del size
        return self.read(self._size)


def rows_of(decoded: Decoded, schema: Schema, strings: StringTable) -> list[tuple[Any, ...]]:
    lists = [
        python_values(decoded.columns[c.name], c.type, strings, raw_time=True)
        for c in schema.columns
    ]
    return list(zip(*lists, strict=True))


def read_bytes(
    content: bytes, name: str, spec: StreamSpec, *, block: int = 1 << 20
) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str, str]], int, list[int]]:
    """Return rows, rejects (numbered over all), rows read, and the numbers of the good rows."""
    strings = StringTable()
    made = format_named(name)
    assert made.decoder is not None
    source = RecordSource(Trickle(content, block), made.decoder(spec, strings))
    rows: list[tuple[Any, ...]] = []
    rejects: list[Any] = []
    numbers: list[int] = []
    read = 0
    while (decoded := source.poll()) is not None:
        if not decoded.rows_read:
            continue
        found = rows_of(decoded, spec.schema, strings)
        rows += found
        inner = range(len(found)) if decoded.numbers is None else decoded.numbers.tolist()
        numbers += [read + i for i in inner]
        rejects += [(read + r.row, r.raw, r.reason, r.kind) for r in decoded.rejects]
        read += decoded.rows_read
    source.close()
    return rows, rejects, read, numbers
