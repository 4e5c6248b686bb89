"""JSON lines: one object a line; unknown fields are ignored, missing ones are NULL."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded, Reject
from cep.connectors.base import Format
from cep.connectors.columns import from_columns, raw_text, renumber
from cep.nested import output_text
from cep.times import format_timestamp
from cep.types import NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.batch import EventBatch
    from cep.graph.graph import StreamSpec
    from cep.schema import Schema
    from cep.strings import StringTable


# What values of a type mostly are: blocks in which all of them are so need no look at each value.
# Times and integers may be missing: then the numpy conversion fails, and the general one follows.
_USUAL: dict[Type, tuple[Any, frozenset[type] | None]] = {
    Type.STRING: (str | None, frozenset({str, type(None)})),
    Type.DOUBLE: (float | None, frozenset({float, type(None)})),
    Type.INT: (int | None, None),
    Type.TIMESTAMP: (int | None, None),
    Type.BOOLEAN: (bool | None, None),
    Type.DURATION: (Any, None),
}


class JsonLinesDecoder:
    """Decodes blocks of JSON lines with msgspec structures made for the schema: of usual values, else of any.

    Memory: nothing outlives a call but the structure.
    """

    def __init__(self, spec: StreamSpec, strings: StringTable) -> None:
        import msgspec

        names = spec.schema.names()
        fields = [f"f{i}" for i in range(len(names))]
        usual = [_USUAL.get(c.type, (Any, None)) for c in spec.schema.columns]

        def decoder(kinds: list[Any]) -> Any:
            row_type = msgspec.defstruct(
                "Row",
                [(field, kind, None) for field, kind in zip(fields, kinds, strict=True)],
                rename=dict(zip(fields, names, strict=True)),
                gc=False,
            )
            return msgspec.json.Decoder(row_type)

        self._spec = spec
        self._strings = strings
        self._begun = False  # whether the start of the file, with its byte order mark, was seen
        self._decoder = decoder([Any] * len(names))
        self._usual_decoder = decoder([kind for kind, _ in usual])
        self._usual_types = [types for _, types in usual]
        self._getters: list[Callable[[Any], object]] = [attrgetter(field) for field in fields]

    def cut(self, block: bytes) -> int:
        """Return how many bytes at the start of the block are whole lines."""
        return block.rfind(b"\n") + 1

    def decode(self, block: bytes) -> Decoded:
        """Return columns and bad rows of a block of whole lines; blank lines are no rows."""
        import msgspec

        if not self._begun:
            block = block.removeprefix(b"\xef\xbb\xbf")
            self._begun = True
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        types: list[frozenset[type] | None] | None = self._usual_types
        try:
            rows = self._usual_decoder.decode_lines(block) if block else []
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            rows, types = self._any_rows(block), None
        # Between objects line ends stand like this, and never inside one: then each line is one object.
        if len(rows) != lines or block.count(b"}\n{") != lines - 1:
            return self._line_by_line(block)
        return self._columns(rows, _Lines(block, lines), types)

    def _any_rows(self, block: bytes) -> list[Any]:
        """Return the rows with values of any type, none if some line is no object."""
        import msgspec

        try:
            return self._decoder.decode_lines(block)  # type: ignore[no-any-return]
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return []

    def _columns(
        self,
        rows: list[Any],
        raws: Sequence[object],
        types: list[frozenset[type] | None] | None = None,
    ) -> Decoded:
        lists = [list(map(get, rows)) for get in self._getters]
        return from_columns(lists, self._spec, self._strings, raws, types)

    def _line_by_line(self, block: bytes) -> Decoded:
        import msgspec

        lines = [line for line in block.split(b"\n") if line.strip()]
        rows: list[Any] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        for number, line in enumerate(lines):
            try:
                rows.append(self._decoder.decode(line))
                numbers.append(number)
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
                rejects.append(
                    Reject(number, raw_text(line), f"not a JSON object: {problem}", "syntax")
                )
        decoded = self._columns(rows, [lines[n] for n in numbers])
        return renumber(decoded, np.array(numbers, dtype=np.int64), len(lines), tuple(rejects))


class _Lines(Sequence[bytes]):
    """The lines of a block, split when one is asked for (of a row that is rejected)."""

    def __init__(self, block: bytes, count: int) -> None:
        self._block = block
        self._count = count
        self._lines: list[bytes] = []

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: Any) -> Any:
        if not self._lines:
            self._lines = self._block.split(b"\n")
        return self._lines[number]


class JsonLinesEncoder:
    """Encodes rows with the columns in schema order (interfaces.md, section 6)."""

    def __init__(self, schema: Schema, strings: StringTable) -> None:
        import msgspec

        self._schema = schema
        self._strings = strings
        self._encoder = msgspec.json.Encoder()

    def begin(self) -> bytes:
        """Return nothing: JSON lines have no header."""
        return b""

    def encode(self, batch: EventBatch) -> bytes:
        """Return one line a row."""
        names = self._schema.names()
        lists = [self._values(batch.columns[c.name], c.type) for c in self._schema.columns]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]
        return self._encoder.encode_lines(rows)

    def _values(self, stored: np.ndarray, kind: Type) -> list[Any]:
        """Return a column as what the encoder takes; a text that is JSON already goes in as it is."""
        import msgspec

        values = text_values(stored, kind, self._strings)
        if not kind.is_nested or kind is Type.BYTES:
            return values
        return [None if v is None else msgspec.Raw(v.encode()) for v in values]


def text_values(stored: np.ndarray, kind: Type, strings: StringTable) -> list[Any]:
    """Return a column as the Python values that outputs are written from, None for NULL."""
    if kind is Type.STRING:
        return strings.decode(stored)
    if kind.is_nested:
        return [None if t is None else output_text(t, kind) for t in strings.decode(stored)]
    values = stored.tolist()
    match kind:
        case Type.DOUBLE:
            return [v if v == v else None for v in values]
        case Type.TIMESTAMP:
            return [None if v == NULL_I64 else format_timestamp(v) for v in values]
        case Type.BOOLEAN | Type.NULL:
            return [None if v < 0 else v == 1 for v in values]
        case _:
            return [None if v == NULL_I64 else v for v in values]


FORMAT = Format(
    name="jsonl",
    endings=(".jsonl", ".ndjson", ".json"),
    decoder=JsonLinesDecoder,
    encoder=JsonLinesEncoder,
)
