"""Python values to typed columns: whole columns at once, row by row only where one value does not fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded, Reject
from cep.nested import NotNestedError, bytes_of, bytes_text, json_text, text_of
from cep.times import EPOCH, from_datetime, parse_duration, parse_timestamp, scale_timestamp
from cep.types import MAX_I64, NESTED_TYPES, NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cep.graph.graph import StreamSpec
    from cep.schema import ColumnSpec
    from cep.strings import StringTable

_NONE = type(None)
_LONGEST_QUOTE = 60
_LONGEST_RAW = 10_000
MISSING = "NULL where a value is required"


class BadValueError(ValueError):
    """A value does not fit its column; the text is the reason."""


def _bad(value: object, kind: Type) -> BadValueError:
    return BadValueError(f"{_shown(value, _LONGEST_QUOTE)} is not a {kind.value}")


def _shown(value: object, longest: int) -> str:
    """Return what a value looks like, whatever it is (a number of 5,000 digits has no repr)."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= longest else text[:longest] + "..."


def _plain(value: object) -> object:
    """Return a numpy scalar as a Python value; anything else as it is."""
    return value.item() if isinstance(value, np.number | np.bool_) else value


def _double(value: object, unit: str) -> float:
    del unit
    value = _plain(value)
    if value is None:
        return math.nan
    if isinstance(value, float):
        return value if math.isfinite(value) else math.nan
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise _bad(value, Type.DOUBLE)


def _int(value: object, unit: str) -> int:
    del unit
    value = _plain(value)
    if value is None:
        return NULL_I64
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    else:
        raise _bad(value, Type.INT)
    if not -MAX_I64 <= number <= MAX_I64:
        raise _bad(value, Type.INT)
    return number


def _boolean(value: object, unit: str) -> int:
    del unit
    value = _plain(value)
    if value is None:
        return -1
    if isinstance(value, bool):
        return int(value)
    raise _bad(value, Type.BOOLEAN)


def _moment(value: object) -> object:
    """Return numpy times as int us times their unit settles: datetimes, timedeltas, None for NaT."""
    if not isinstance(value, np.datetime64 | np.timedelta64):
        return _plain(value)
    if np.isnat(value):
        return None
    us = int(value.astype(f"{value.dtype.kind}8[us]").view(np.int64))
    try:
        length = timedelta(microseconds=us)
        return length if isinstance(value, np.timedelta64) else EPOCH + length
    except OverflowError:
        return value


def _timestamp(value: object, unit: str) -> int:
    us: int | None = None
    value = _moment(value)
    if value is None:
        return NULL_I64
    if isinstance(value, str):
        us = parse_timestamp(value)
    elif isinstance(value, datetime):
        us = from_datetime(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        us = scale_timestamp(value, unit)
    if us is None:
        raise _bad(value, Type.TIMESTAMP)
    return us


def _duration(value: object, unit: str) -> int:
    us: int | None = None
    value = _moment(value)
    if value is None:
        return NULL_I64
    if isinstance(value, str):
        us = parse_duration(value)
    elif isinstance(value, timedelta):
        us = value // timedelta(microseconds=1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        us = scale_timestamp(value, "us")
    del unit
    if us is None:
        raise _bad(value, Type.DURATION)
    return us


def _string(value: object, unit: str) -> str | None:
    del unit
    if value is None:
        return None
    if isinstance(value, str):
        value.encode()  # half a surrogate pair could not be written
        return value if type(value) is str else str.__str__(value)
    raise _bad(value, Type.STRING)


def _nested(kind: Type) -> Callable[[object, str], str | None]:
    """Return what reads a list as an ARRAY, a dict as a MAP: every element as a column of its type is read."""
    element, wanted = kind.element or Type.NULL, list if kind.is_array else dict

    def read(value: object, unit: str) -> str | None:
        if value is None:
            return None
        if kind.is_array and isinstance(value, np.ndarray | tuple):
            value = list(value)
        if not isinstance(value, wanted):
            raise _bad(value, kind)
        if isinstance(value, dict):
            if not all(isinstance(name, str) for name in value):
                raise _bad(value, kind)
            return text_of({str(n): _item(v, element, unit) for n, v in value.items()})
        return text_of([_item(v, element, unit) for v in value])

    return read


def _item(value: object, kind: Type, unit: str) -> Any:
    """Return an element as a value of the language."""
    stored: Any = _ONE_VALUE[kind](value, unit)
    if stored is None or stored == kind.null or stored != stored:
        return None
    if kind is Type.BOOLEAN:
        return stored == 1
    return stored + 0.0 if kind is Type.DOUBLE else stored


def _json(value: object, unit: str) -> str | None:
    del unit
    try:
        return None if value is None else json_text(value)
    except (NotNestedError, RecursionError) as problem:
        msg = f"{_shown(value, _LONGEST_QUOTE)} is not a JSON: {problem}"
        raise BadValueError(msg) from None


def _bytes(value: object, unit: str) -> str | None:
    del unit
    if value is None:
        return None
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes_text(bytes(value))
    try:
        return bytes_text(bytes_of(value)) if isinstance(value, str) else _no_bytes(value)
    except NotNestedError:
        return _no_bytes(value)


def _no_bytes(value: object) -> str:
    raise _bad(value, Type.BYTES)


_ONE_VALUE: dict[Type, Callable[[object, str], float | int | str | None]] = {
    Type.DOUBLE: _double,
    Type.INT: _int,
    Type.BOOLEAN: _boolean,
    Type.TIMESTAMP: _timestamp,
    Type.DURATION: _duration,
    Type.STRING: _string,
    Type.JSON: _json,
    Type.BYTES: _bytes,
}
_ONE_VALUE |= {kind: _nested(kind) for kind in NESTED_TYPES if kind.element is not None}


def one_value(value: object, kind: Type, unit: str) -> float | int | str | None:
    """Return a Python value in the form its column stores it (strings as text, None for NULL text).

    Raises:
        BadValueError: the value does not fit the type.
    """
    return _ONE_VALUE[kind](value, unit)


def column(
    values: Sequence[object],
    kind: Type,
    unit: str,
    strings: StringTable,
    types: frozenset[type] | None = None,
) -> np.ndarray:
    """Return a column of Python values; `types` are those they may have, where that is known.

    Raises:
        BadValueError: some value does not fit the type.
    """
    if types is None:
        types = frozenset(map(type, values))
    fast = _fast_column(values, types, kind, unit, strings)
    if fast is not None:
        return fast
    convert = _ONE_VALUE[kind]
    stored = list(map(convert, values, repeat(unit)))
    if kind.is_coded:
        return strings.encode(stored)  # type: ignore[arg-type]
    return clean(np.array(stored, dtype=kind.dtype), kind)


def _fast_column(
    values: Sequence[object], kinds: frozenset[type], kind: Type, unit: str, strings: StringTable
) -> np.ndarray | None:
    """Return the column where all values have types that numpy converts as the language wants, else None."""
    if kind is Type.DOUBLE and kinds <= {float, _NONE}:
        return clean(np.array(values, dtype=np.float64), kind)
    if kind is Type.STRING and kinds <= {str, _NONE}:
        return strings.encode(values)  # type: ignore[arg-type]
    if (kind is Type.INT and kinds == {int}) or (
        kind is Type.TIMESTAMP and kinds == {int} and unit == "us"
    ):
        try:
            whole = np.array(values, dtype=np.int64)
        except OverflowError:
            return None
        # The number that stands for NULL is no value.
        return None if len(whole) and whole.min() == NULL_I64 else whole
    if kind is Type.TIMESTAMP and kinds == {int} and unit in ("ms", "s"):
        factor = 1_000 if unit == "ms" else 1_000_000
        try:
            raw = np.array(values, dtype=np.int64)
        except OverflowError:
            return None
        limit = MAX_I64 // factor
        if len(raw) and (int(raw.max()) > limit or int(raw.min()) < -limit):
            return None
        return raw * factor
    return None


def clean(stored: np.ndarray, kind: Type) -> np.ndarray:
    """Return a DOUBLE column with infinities as NULL; other columns as they are."""
    if kind is Type.DOUBLE and len(stored):
        with np.errstate(all="ignore"):
            # One pass instead of two: a finite sum has no infinity and no NaN in it. (A dot product is
            # no faster, and spreads over threads that burn CPU time from 10,001 rows on.)
            all_finite = np.isfinite(np.add.reduce(stored))
        if not all_finite:
            infinite = np.isinf(stored)
            if infinite.any():
                return np.where(infinite, np.nan, stored)
    return stored


def _row_problem(row: Sequence[object], spec: StreamSpec) -> str | None:
    """Return why a row does not fit its schema, None if it does."""
    for value, target in zip(row, spec.schema.columns, strict=True):
        problem = _value_problem(value, target, spec)
        if problem is not None:
            return problem
    return None


def _value_problem(value: object, target: ColumnSpec, spec: StreamSpec) -> str | None:
    try:
        stored = one_value(value, target.type, spec.ts_unit)
    except (BadValueError, UnicodeEncodeError, OverflowError) as problem:
        return f"column {target.name}: {problem}"
    missing = stored is None or stored == target.type.null or stored != stored
    if missing and (target.not_null or target.name == spec.time_column):
        return f"column {target.name}: {MISSING}"
    return None


def nulls_allowed(
    columns: dict[str, np.ndarray], spec: StreamSpec, valued: frozenset[str] = frozenset()
) -> bool:
    """Whether no column that must have values holds a NULL; `valued` columns are known to have none."""
    for target in spec.schema.columns:
        if target.name in valued or not (target.not_null or target.name == spec.time_column):
            continue
        stored = columns[target.name]
        empty = np.isnan(stored) if target.type is Type.DOUBLE else stored == target.type.null
        if empty.any():
            return False
    return True


def from_columns(
    lists: Sequence[Sequence[object]],
    spec: StreamSpec,
    strings: StringTable,
    raws: Sequence[object],
    types: Sequence[frozenset[type] | None] | None = None,
) -> Decoded:
    """Return the decoded rows of one list of Python values a column of the schema, in schema order.

    `types` tells for each column which types its values may have, where that is known. `raws` holds what
    each row looked like, for the rejects. All columns are converted at once; only if that fails is each row
    tested, so that one bad value rejects one row.
    """
    rows = len(raws)
    try:
        columns = {
            target.name: column(values, target.type, spec.ts_unit, strings, known)
            for target, values, known in zip(
                spec.schema.columns, lists, types or repeat(None), strict=types is not None
            )
        }
    except (BadValueError, UnicodeEncodeError, OverflowError):
        columns = None
    if columns is not None and nulls_allowed(columns, spec):
        return Decoded(columns, rows)
    return _row_by_row(lists, spec, strings, raws)


def _row_by_row(
    lists: Sequence[Sequence[object]],
    spec: StreamSpec,
    strings: StringTable,
    raws: Sequence[object],
) -> Decoded:
    good: list[int] = []
    rejects: list[Reject] = []
    for number, row in enumerate(zip(*lists, strict=True)):
        reason = _row_problem(row, spec)
        if reason is None:
            good.append(number)
        else:
            kind = "null" if reason.endswith(MISSING) else "value"
            rejects.append(Reject(number, raw_text(raws[number]), reason, kind))
    columns = {
        target.name: column([values[i] for i in good], target.type, spec.ts_unit, strings)
        for target, values in zip(spec.schema.columns, lists, strict=True)
    }
    return Decoded(columns, len(raws), np.array(good, dtype=np.int64), tuple(rejects))


def raw_text(raw: object) -> str:
    """Return what a bad row looked like, as text."""
    if isinstance(raw, bytes):
        raw = raw[:_LONGEST_RAW].decode("utf-8", "backslashreplace")
    return raw[:_LONGEST_RAW] if isinstance(raw, str) else _shown(raw, _LONGEST_RAW)


def from_dicts(rows: Sequence[object], spec: StreamSpec, strings: StringTable) -> Decoded:
    """Return the decoded rows of mappings from column name to Python value; missing names are NULL."""
    odd = [i for i, row in enumerate(rows) if not isinstance(row, Mapping)]
    if odd:
        reason = "an event must be a mapping from column names to values"
        rejects = [Reject(i, raw_text(rows[i]), reason, "syntax") for i in odd]
        keep = sorted(set(range(len(rows))) - set(odd))
        decoded = from_dicts([rows[i] for i in keep], spec, strings)
        return renumber(decoded, np.array(keep, dtype=np.int64), len(rows), tuple(rejects))
    names = spec.schema.names()
    lists = [[row.get(name) for row in rows] for name in names]  # type: ignore[attr-defined]
    return from_columns(lists, spec, strings, rows)


def renumber(
    decoded: Decoded, numbers: np.ndarray, rows_read: int, more: tuple[Reject, ...]
) -> Decoded:
    """Return a result over some of the rows as one over all: `numbers` are their numbers among all rows."""
    inner = decoded.numbers
    moved = tuple(replace(r, row=int(numbers[r.row])) for r in decoded.rejects)
    rejects = tuple(sorted(moved + more, key=lambda r: r.row))
    return Decoded(
        decoded.columns, rows_read, numbers if inner is None else numbers[inner], rejects
    )
