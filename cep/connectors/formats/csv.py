"""CSV as RFC 4180 has it: UTF-8, a header that names the columns, an empty unquoted field is NULL."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded, Reject
from cep.connectors.base import Format
from cep.connectors.columns import from_columns, raw_text, renumber
from cep.connectors.formats.jsonl import text_values
from cep.connectors.records import fields, records, whole_bytes
from cep.errors import error, nearest
from cep.nested import NotNestedError, parse_json
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.batch import EventBatch
    from cep.graph.graph import StreamSpec
    from cep.schema import Schema
    from cep.strings import StringTable

_DOUBLE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_INT = re.compile(r"[+-]?\d+\Z", re.ASCII)
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_LONGEST_NUMBER = 400
# Characters of a column whose every non-empty field float() reads as the language does.
_PLAIN_DOUBLES = re.compile(r"[0-9.eE+-]*\Z")
_PLAIN_INTS = re.compile(r"[0-9-]*\Z")


class CsvDecoder:
    """Decodes blocks of CSV records; the first record of the first block is the header.

    Invariants: `_places` is None until the header was read, then the field number of each schema column
    (-1: not in the file).
    """

    def __init__(self, spec: StreamSpec, strings: StringTable) -> None:
        self._spec = spec
        self._strings = strings
        self._places: list[int] | None = None
        self._width = 0

    def cut(self, block: bytes) -> int:
        """Return how many bytes at the start of the block are whole records (quotes may hold line ends)."""
        return whole_bytes(block)

    def decode(self, block: bytes) -> Decoded:
        """Return columns and bad rows of a block of whole records."""
        if self._places is None:
            block = self._read_header(block)
        if b'"' in block:
            return self._one_by_one(records(block))
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            return self._one_by_one(records(block))
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        rows = [line.split(",") for line in text.split("\n") if line]
        return self._records([[field or None for field in row] for row in rows])

    def read_header(self, line: bytes) -> None:
        """Take a header read elsewhere (when a source goes on in the middle of its file)."""
        self._read_header(line)

    def _read_header(self, block: bytes) -> bytes:
        block = block.removeprefix(b"\xef\xbb\xbf")
        found = next(records(block), (b"", True))[0]
        end = block.find(found) + len(found)
        names = fields(found.decode("utf-8", "replace"))
        wanted = self._spec.schema.names()
        known = [n for n in wanted if n in names]
        shown = [n or "" for n in names]
        if not known:
            msg = f"CSV header of stream {self._spec.name} names none of its columns: {', '.join(shown)}"
            raise error("CEP502", msg, hint=nearest(shown[0], wanted))
        missing = self._spec.time_column
        if missing is not None and missing not in names:
            msg = f"CSV header of stream {self._spec.name} lacks its time column {missing}"
            raise error("CEP502", msg, hint=nearest(missing, shown))
        self._places = [names.index(n) if n in names else -1 for n in wanted]
        self._width = len(names)
        return block[end:]

    def _one_by_one(self, found: Iterable[tuple[bytes, bool]]) -> Decoded:
        """Decode records where there are quotes, or bytes that are not UTF-8."""
        rejects: list[Reject] = []
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        read = 0
        for number, (record, good) in enumerate(found):
            read += 1
            if not good:
                reason = "a quote is not closed, or text follows it"
                rejects.append(Reject(number, raw_text(record), reason, "syntax"))
                continue
            try:
                rows.append(fields(record.decode("utf-8")))
                numbers.append(number)
            except UnicodeDecodeError:
                rejects.append(Reject(number, raw_text(record), "not UTF-8", "encoding"))
        decoded = self._records(rows)
        if not rejects:
            return decoded
        return renumber(decoded, np.array(numbers, dtype=np.int64), read, tuple(rejects))

    def _records(self, rows: list[list[str | None]]) -> Decoded:
        odd = [i for i, row in enumerate(rows) if len(row) != self._width]
        if odd:
            rejects = tuple(
                Reject(
                    i,
                    _joined(rows[i]),
                    f"{len(rows[i])} fields where the header has {self._width}",
                    "syntax",
                )
                for i in odd
            )
            bad = set(odd)
            keep = [i for i in range(len(rows)) if i not in bad]
            decoded = self._records([rows[i] for i in keep])
            return renumber(decoded, np.array(keep, dtype=np.int64), len(rows), rejects)
        columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * self._width
        nothing: list[object] = [None] * len(rows)
        lists = [
            nothing if place < 0 else _values(columns[place], target.type)
            for place, target in zip(self._places or (), self._spec.schema.columns, strict=True)
        ]
        return from_columns(lists, self._spec, self._strings, [_Raw(row) for row in rows])


class _Raw:
    """A row kept as it came, made into text only if it is rejected."""

    __slots__ = ("row",)

    def __init__(self, row: list[str | None]) -> None:
        self.row = row

    def __repr__(self) -> str:
        return _joined(self.row)


def _joined(row: list[str | None]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(["" if f is None else f for f in row])
    return out.getvalue()


def _values(column: tuple[str | None, ...], kind: Type) -> list[Any]:
    """Return a column of fields as Python values; a field that does not fit stays text (and is rejected)."""
    match kind:
        case Type.DOUBLE:
            if None not in column and _PLAIN_DOUBLES.match("".join(column)):  # type: ignore[arg-type]
                try:
                    values = list(map(float, column))  # type: ignore[arg-type]
                except ValueError:
                    values = [math.inf]
                if math.inf not in values and -math.inf not in values:
                    return values
            return [_number(f, _DOUBLE, float) for f in column]
        case Type.INT | Type.DURATION | Type.TIMESTAMP:
            if None not in column and _PLAIN_INTS.match("".join(column)):  # type: ignore[arg-type]
                try:
                    return list(map(int, column))  # type: ignore[arg-type]
                except ValueError:
                    pass
            if kind is Type.TIMESTAMP:
                return [
                    _number(f, _INT, int) if _is_int(f) else _number(f, _DOUBLE, float)
                    for f in column
                ]
            return [_number(f, _INT, int) for f in column]
        case Type.BOOLEAN:
            return [None if f is None else _BOOLEANS.get(f.lower(), f) for f in column]
        case _ if kind.is_nested and kind is not Type.BYTES:
            return [None if f is None else _nested(f) for f in column]
        case _:
            return list(column)


class _NoJson:
    """A field that is no JSON text: no column takes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return repr(self._text)


def _nested(field: str) -> object:
    try:
        return parse_json(field)
    except NotNestedError:
        return _NoJson(field)


def _is_int(field: str | None) -> bool:
    return field is not None and len(field) < _LONGEST_NUMBER and _INT.match(field) is not None


def _number(field: str | None, shape: re.Pattern[str], convert: type[int] | type[float]) -> object:
    if field is None or len(field) >= _LONGEST_NUMBER or not shape.match(field):
        return field
    value = convert(field)
    return field if value in (math.inf, -math.inf) else value


class CsvEncoder:
    """Encodes rows as CSV with a header; NULL is an empty field, an empty text is quoted."""

    def __init__(self, schema: Schema, strings: StringTable) -> None:
        self._schema = schema
        self._strings = strings

    def begin(self) -> bytes:
        """Return the header record."""
        return (",".join(_field(n) for n in self._schema.names()) + "\n").encode()

    def encode(self, batch: EventBatch) -> bytes:
        """Return one record a row."""
        lists = [
            text_values(batch.columns[c.name], c.type, self._strings) for c in self._schema.columns
        ]
        rows = [",".join(map(_field, row)) for row in zip(*lists, strict=True)]
        return "".join(row + "\n" for row in rows).encode()


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else repr(value)
    if not text or any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


FORMAT = Format(name="csv", endings=(".csv",), decoder=CsvDecoder, encoder=CsvEncoder)
