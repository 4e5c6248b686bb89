"""Arrow columns: IPC files, and any table another library hands over (needs the `arrow` extra)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded
from cep.connectors.base import Format
from cep.connectors.columns import clean, from_columns, nulls_allowed
from cep.errors import CepError, error
from cep.nested import NotNestedError, parse_json
from cep.times import EPOCH, TS_UNITS, scale_timestamp
from cep.types import MAX_I64, NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cep.graph.graph import StreamSpec
    from cep.schema import ColumnSpec
    from cep.strings import StringTable


def need_pyarrow() -> Any:
    """Return the pyarrow module.

    Raises:
        CepError: CEP503, it is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        msg = "reading and writing Arrow and Parquet needs pyarrow"
        raise error("CEP503", msg, hint="pip install 'cep[arrow]'") from None
    return pa


def from_record_batch(batch: Any, spec: StreamSpec, strings: StringTable) -> Decoded:
    """Return the rows of a pyarrow RecordBatch; columns are matched by name, missing ones are NULL.

    Columns whose Arrow type stands for the declared type are taken as they are (dictionaries without
    re-encoding); any other goes through Python values, where each bad value rejects its row.
    """
    names = batch.schema.names
    missing = spec.time_column
    if missing is not None and missing not in names:
        msg = f"stream {spec.name} lacks its time column {missing}"
        raise error("CEP502", msg)
    columns: dict[str, np.ndarray] = {}
    for target in spec.schema.columns:
        stored = None
        if target.name in names:
            stored = _direct(batch.column(names.index(target.name)), target, spec, strings)
        else:
            stored = np.full(batch.num_rows, target.type.null, dtype=target.type.dtype)
        if stored is None:
            return _by_values(batch, spec, strings)
        columns[target.name] = stored
    if not nulls_allowed(columns, spec):
        return _by_values(batch, spec, strings)
    return Decoded(columns, batch.num_rows)


def _by_values(batch: Any, spec: StreamSpec, strings: StringTable) -> Decoded:
    names = batch.schema.names
    nothing: list[object] = [None] * batch.num_rows
    wanted = spec.schema.names()
    lists = [_values(batch.column(names.index(n))) if n in names else nothing for n in wanted]
    lists = [
        [_nested(v, c.type) for v in values] if c.type.has_fields else values
        for values, c in zip(lists, spec.schema.columns, strict=True)
    ]
    rows = [dict(zip(wanted, row, strict=True)) for row in zip(*lists, strict=True)]
    return from_columns(lists, spec, strings, rows)


def _direct(
    array: Any, target: ColumnSpec, spec: StreamSpec, strings: StringTable
) -> np.ndarray | None:
    pa = need_pyarrow()
    kind = array.type
    match target.type:
        case Type.STRING:
            return _codes(array, strings)
        case Type.DOUBLE if pa.types.is_floating(kind) or pa.types.is_integer(kind):
            values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
            return clean(np.ascontiguousarray(values, dtype=np.float64), Type.DOUBLE)
        case Type.INT if pa.types.is_integer(kind) and kind != pa.uint64():
            return _integers(array.cast(pa.int64()))
        case Type.TIMESTAMP if pa.types.is_timestamp(kind):
            return _scaled(_integers(array.cast(pa.int64())), kind.unit)
        case Type.TIMESTAMP if pa.types.is_integer(kind) and kind != pa.uint64():
            return _scaled(_integers(array.cast(pa.int64())), spec.ts_unit)
        case Type.DURATION if pa.types.is_duration(kind):
            return _scaled(_integers(array.cast(pa.int64())), kind.unit)
        case Type.BOOLEAN if pa.types.is_boolean(kind):
            return np.ascontiguousarray(
                array.cast(pa.int8()).fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int8
            )
        case _:
            return None


def _integers(array: Any) -> np.ndarray:
    filled = array.fill_null(NULL_I64) if array.null_count else array
    return np.ascontiguousarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def _scaled(stored: np.ndarray, unit: str) -> np.ndarray | None:
    """Return times of a unit in us (ns rounded down), None when some do not fit."""
    numerator, denominator = TS_UNITS[unit]
    missing = stored == NULL_I64
    if denominator != 1:
        return np.where(missing, NULL_I64, stored // denominator)
    limit = MAX_I64 // numerator
    if (((stored > limit) | (stored < -limit)) & ~missing).any():
        return None
    return np.where(missing, NULL_I64, stored * numerator) if numerator != 1 else stored


def _values(array: Any) -> list[Any]:
    """Return Python values; those that Python has none for become `BadCell`s or text, which no column takes."""
    pa = need_pyarrow()
    if pa.types.is_timestamp(array.type) or pa.types.is_duration(array.type):
        stored = _integers(array.cast(pa.int64()))
        length = pa.types.is_duration(array.type)
        return [_moment(v, array.type.unit, length=length) for v in stored.tolist()]
    try:
        return list(array.to_pylist())
    except (ValueError, OverflowError, ArithmeticError):
        return [_value(array[i]) for i in range(len(array))]


def _moment(stored: int, unit: str, *, length: bool) -> object:
    if stored == NULL_I64:
        return None
    us = scale_timestamp(stored, unit)
    try:
        passed = timedelta(microseconds=us or 0)
        moment = passed if length else EPOCH + passed
    except OverflowError:
        us = None
    return f"{stored} {unit}" if us is None else moment


def _nested(value: object, kind: Type) -> object:
    """Return a value of a JSON column (kept as text) or a MAP (a list of pairs) as Python has it."""
    if kind is Type.JSON and isinstance(value, str):
        try:
            return parse_json(value)
        except NotNestedError:
            return BadCell(repr(value))
    if kind.is_map and isinstance(value, list):
        return dict(value)
    return value


def _value(cell: Any) -> object:
    try:
        return cell.as_py()
    except (ValueError, OverflowError, ArithmeticError) as problem:
        return BadCell(f"<{cell.type}: {problem}>")


class BadCell:
    """A cell that Python has no value for (text that is not UTF-8): no column takes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _codes(array: Any, strings: StringTable) -> np.ndarray | None:
    pa = need_pyarrow()
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        array = array.dictionary_encode()
    elif not (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)):
        return None
    try:
        known = strings.encode(array.dictionary.to_pylist())
    except UnicodeDecodeError:
        return None
    places = array.indices.fill_null(-1) if array.indices.null_count else array.indices
    places = np.asarray(places.to_numpy(zero_copy_only=False), dtype=np.int64)
    codes: np.ndarray = np.append(known, np.int32(-1))[places]
    return codes.astype(np.int32, copy=False)


def read_ipc(path: Path, spec: StreamSpec, strings: StringTable) -> Iterator[Decoded]:
    """Yield the rows of an Arrow IPC file or stream, a record batch at a time.

    Raises:
        CepError: CEP504, the file cannot be read.
    """
    pa = need_pyarrow()
    try:
        with pa.memory_map(str(path)) as mapped:
            try:
                reader = pa.ipc.open_file(mapped)
                batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
            except pa.ArrowInvalid:
                mapped.seek(0)
                batches = iter(pa.ipc.open_stream(mapped))
            for batch in batches:
                yield from_record_batch(batch, spec, strings)
    except CepError:
        raise
    except (pa.ArrowException, OSError) as problem:
        msg = f"cannot read {path}: {problem}"
        raise error("CEP504", msg) from problem


FORMAT = Format(name="arrow", endings=(".arrow", ".ipc", ".feather"), read=read_ipc)
