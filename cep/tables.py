"""What users get and give: events and tables of output streams, and coded string columns as input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import empty_batch
from cep.nested import moment_of, python_value
from cep.times import to_datetime
from cep.types import NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cep.batch import EventBatch
    from cep.schema import Schema
    from cep.strings import StringTable


@dataclass(frozen=True, slots=True)
class Coded:
    """A string column as input: integer `codes` (below 0: NULL) into the list `values`.

    codes: integer array[n]. values: the distinct texts, in the order of their codes.
    """

    codes: np.ndarray
    values: Sequence[str]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.codes)


def python_values(
    stored: np.ndarray, kind: Type, strings: StringTable, *, raw_time: bool
) -> list[Any]:
    """Return a column as Python values: None for NULL, aware datetimes and timedeltas unless `raw_time`.

    Times outside the years 1-9999 are int us in any case.
    """
    match kind:
        case Type.STRING:
            return strings.decode(stored)
        case _ if kind.is_nested:
            moment = None if raw_time else moment_of(kind)
            texts = strings.decode(stored)
            return [None if t is None else python_value(t, kind, moment) for t in texts]
        case Type.DOUBLE:
            return [v if v == v else None for v in stored.tolist()]
        case Type.BOOLEAN | Type.NULL:
            return [None if v < 0 else v == 1 for v in stored.tolist()]
        case Type.TIMESTAMP if not raw_time:
            return [None if v == NULL_I64 else _datetime(v) for v in stored.tolist()]
        case Type.DURATION if not raw_time:
            return [None if v == NULL_I64 else timedelta(microseconds=v) for v in stored.tolist()]
        case _:
            return [None if v == NULL_I64 else v for v in stored.tolist()]


def _datetime(us: int) -> Any:
    """Return an aware datetime, or us as they are outside the years that Python has."""
    try:
        return to_datetime(us)
    except OverflowError:
        return us


class Event(Mapping[str, Any]):
    """One output event: a read-only mapping from column names to Python values.

    stream: the output stream. ts: its time T (aware datetime, or int us with `raw_time`). rule: the rule
    that made it. match_id: 16 hex digits that identify the match or incident, equal whenever the same
    input is read again from its beginning; None for rows that are no matches.
    """

    __slots__ = ("_values", "match_id", "rule", "stream", "ts")

    def __init__(
        self, stream: str, ts: Any, rule: str | None, match_id: str | None, values: dict[str, Any]
    ) -> None:
        self.stream = stream
        self.ts = ts
        self.rule = rule
        self.match_id = match_id
        self._values = values

    def __getitem__(self, name: str) -> Any:
        """Return the value of a column.

        Raises:
            KeyError: the stream has no such column.
        """
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the column names in schema order."""
        return iter(self._values)

    def __len__(self) -> int:
        """Number of columns."""
        return len(self._values)

    def to_dict(self) -> dict[str, Any]:
        """Return the columns and values as a new dict."""
        return dict(self._values)

    def __repr__(self) -> str:
        inner = ", ".join(f"{k}={v!r}" for k, v in self._values.items())
        return f"Event({self.stream}: {inner})"


class Table:
    """All rows of one output stream, in order.

    Iteration gives dicts. Columns stay numpy arrays with string codes until asked for.
    """

    def __init__(
        self, name: str, schema: Schema, strings: StringTable, *, raw_time: bool = False
    ) -> None:
        self.name = name
        self.schema = schema
        self._strings = strings
        self._raw_time = raw_time
        self._batches: list[EventBatch] = []
        self._rows = 0

    def append(self, batch: EventBatch) -> None:
        """Add the rows of a batch at the end (borrows its columns)."""
        self._batches.append(batch)
        self._rows += len(batch)

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in schema order."""
        return self.schema.names()

    def _stored(self, name: str) -> np.ndarray:
        parts = [batch.columns[name] for batch in self._batches]
        return np.concatenate(parts) if parts else empty_batch(self.schema).columns[name]

    def __getitem__(self, name: str) -> list[Any]:
        """Return a column as a list of Python values.

        Raises:
            KeyError: there is no such column.
        """
        column = self.schema.find(name)
        if column is None:
            raise KeyError(name)
        return python_values(
            self._stored(name), column.type, self._strings, raw_time=self._raw_time
        )

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts of Python values."""
        names = self.columns
        return [
            dict(zip(names, row, strict=True))
            for row in zip(*(self[name] for name in names), strict=True)
        ]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows as dicts."""
        return iter(self.to_dicts())

    def to_numpy(self) -> dict[str, np.ndarray]:
        """Return the columns as numpy arrays.

        DOUBLE as float64 (NULL: NaN), INT as int64 (float64 with NaN when there are NULLs), TIMESTAMP as
        datetime64[us] and DURATION as timedelta64[us] (NULL: NaT), STRING as objects, BOOLEAN as bool
        (objects with None when there are NULLs).
        """
        return {
            column.name: self._numpy(column.name, column.type) for column in self.schema.columns
        }

    def _numpy(self, name: str, kind: Type) -> np.ndarray:
        stored = self._stored(name)
        match kind:
            case Type.STRING:
                return np.array(self._strings.decode(stored), dtype=object)
            case _ if kind.is_nested:
                found = np.empty(len(stored), dtype=object)
                found[:] = python_values(stored, kind, self._strings, raw_time=self._raw_time)
                return found
            case Type.TIMESTAMP:
                return stored.view("datetime64[us]")  # NULL_I64 is numpy's NaT
            case Type.DURATION:
                return stored.view("timedelta64[us]")
            case Type.INT if (stored == NULL_I64).any():
                return np.where(stored == NULL_I64, np.nan, stored)
            case Type.BOOLEAN | Type.NULL if (stored < 0).any():
                return np.array([None if v < 0 else v == 1 for v in stored.tolist()], dtype=object)
            case Type.BOOLEAN:
                return stored.astype(bool)
            case _:
                return stored

    def to_arrow(self) -> Any:
        """Return a `pyarrow.Table` (strings dictionary-encoded, times in UTC)."""
        import pyarrow as pa

        return pa.table({c.name: self._arrow(pa, c.name, c.type) for c in self.schema.columns})

    def _arrow(self, pa: Any, name: str, kind: Type) -> Any:
        stored = self._stored(name)
        missing = np.isnan(stored) if kind is Type.DOUBLE else stored == kind.null
        match kind:
            case Type.STRING:
                codes, places = np.unique(stored[~missing], return_inverse=True)
                indices = np.zeros(len(stored), dtype=np.int32)
                indices[~missing] = places
                return pa.DictionaryArray.from_arrays(
                    pa.array(indices, mask=missing),
                    pa.array(self._strings.decode(codes), pa.string()),
                )
            case _ if kind.is_nested:
                return self._arrow_nested(pa, stored, kind)
            case Type.BOOLEAN | Type.NULL:
                return pa.array(stored == 1, mask=missing)
            case Type.TIMESTAMP:
                return pa.array(stored, pa.timestamp("us", "UTC"), mask=missing)
            case Type.DURATION:
                return pa.array(stored, pa.duration("us"), mask=missing)
            case _:
                return pa.array(stored, mask=missing)

    def _arrow_nested(self, pa: Any, stored: np.ndarray, kind: Type) -> Any:
        """Return an ARRAY as a list, BYTES as binary, a MAP as a map, JSON as its text."""
        texts = self._strings.decode(stored)
        if kind is Type.JSON:
            return pa.array(texts, pa.string())
        values = [None if t is None else python_value(t, kind, moment_of(kind)) for t in texts]
        if kind is Type.BYTES:
            return pa.array(values, pa.binary())
        inner = {
            Type.BOOLEAN: pa.bool_(),
            Type.INT: pa.int64(),
            Type.DOUBLE: pa.float64(),
            Type.STRING: pa.string(),
            Type.TIMESTAMP: pa.timestamp("us", "UTC"),
            Type.DURATION: pa.duration("us"),
        }[kind.element or Type.STRING]
        if kind.is_array:
            return pa.array(values, pa.list_(inner))
        pairs = [None if v is None else list(v.items()) for v in values]
        return pa.array(pairs, pa.map_(pa.string(), inner))

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame`."""
        import pandas as pd

        frame = pd.DataFrame(self.to_numpy())
        for column in self.schema.columns:
            if column.type is Type.TIMESTAMP:
                frame[column.name] = frame[column.name].dt.tz_localize("UTC")
        return frame

    def to_polars(self) -> Any:
        """Return a `polars.DataFrame` (by way of Arrow)."""
        import polars as pl

        return pl.from_arrow(self.to_arrow())

    def __repr__(self) -> str:
        return f"Table({self.name}: {len(self)} rows, columns {', '.join(self.columns)})"
