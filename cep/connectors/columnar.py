"""Columns in memory to decoded rows: numpy arrays, pandas frames, anything that exports Arrow; no per-row Python.

A column whose dtype does not stand for the declared type goes through Python values, where each bad value
rejects its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cep.batch import Decoded
from cep.connectors.columns import clean, from_columns, nulls_allowed
from cep.connectors.intake import Intake
from cep.errors import error, nearest
from cep.tables import Coded
from cep.times import TS_UNITS
from cep.types import MAX_I64, NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cep.graph.graph import StreamSpec
    from cep.kernel import BackgroundCompiler
    from cep.schema import ColumnSpec
    from cep.strings import StringTable


class ColumnarReader:
    """Reads tables for one stream; remembers the dictionaries of coded columns it has seen.

    Memory: one mapping a string column, of the last dictionary only.
    """

    def __init__(
        self,
        spec: StreamSpec,
        strings: StringTable,
        needed: frozenset[str] | None = None,
        *,
        tier: str = "python",
        compiler: BackgroundCompiler | None = None,
    ) -> None:
        self._spec = spec
        self._strings = strings
        # Columns that no rule reads are not looked at.
        self._targets = [c for c in spec.schema.columns if needed is None or c.name in needed]
        self._dictionaries: dict[str, Dictionary] = {}
        self._intake = Intake(spec, self._targets, tier, compiler)

    def read(self, table: Any) -> Iterator[Decoded]:
        """Yield the rows of a table.

        Raises:
            CepError: CEP402, it is no table, its columns differ in length, or the time column is missing.
        """
        exports_arrow = hasattr(table, "__arrow_c_stream__") or hasattr(table, "__arrow_c_array__")
        if exports_arrow and not hasattr(table, "iloc"):
            yield from self._arrow(table)
            return
        if hasattr(table, "iloc"):
            table = {name: _pandas_column(table[name]) for name in table.columns}
        if not hasattr(table, "keys"):
            msg = f"a {type(table).__name__} is not a table of columns"
            raise error(
                "CEP402", msg, hint="give a dict of arrays, a pandas frame or an Arrow table"
            )
        yield self._columns(table)

    def recycle(self, decoded: Decoded) -> None:
        """Say that rows are not needed any more: if they were the last ones read, the next may be written over them."""
        self._intake.recycle(decoded)

    def _arrow(self, table: Any) -> Iterator[Decoded]:
        from cep.connectors.formats.arrow import from_record_batch, need_pyarrow

        pa = need_pyarrow()
        if hasattr(table, "__arrow_c_stream__"):
            batches = pa.RecordBatchReader.from_stream(table)
        else:
            batches = [pa.record_batch(table)]
        for batch in batches:
            yield from_record_batch(batch, self._spec, self._strings)

    def _columns(self, table: Mapping[str, Any]) -> Decoded:
        plain = self._intake.read(table, self._dictionary)
        if plain is not None:
            return plain
        spec = self._spec
        lengths = {len(table[n]) for n in spec.schema.names() if n in table}
        time = spec.time_column
        if time is not None and time not in table:
            msg = f"the table for stream {spec.name} lacks its time column {time}"
            raise error("CEP402", msg, hint=nearest(time, table))
        if len(lengths) != 1:
            names = ", ".join(spec.schema.names())
            msg = f"the columns of the table differ in length, or none is of {spec.name} ({names})"
            raise error("CEP402", msg)
        rows = lengths.pop()
        columns: dict[str, np.ndarray] = {}
        for target in self._targets:
            given = table.get(target.name)
            stored = (
                np.full(rows, target.type.null, target.type.dtype)
                if given is None
                else self._direct(given, target)
            )
            if stored is None:
                return self._by_values(table, rows)
            columns[target.name] = stored
        in_order, valued = False, frozenset[str]()
        if time is not None and _in_order(columns[time]):
            # In order from a first time that is no NULL (the smallest value), none is NULL.
            in_order = True
            valued = frozenset({time} if columns[time][0] != NULL_I64 else ())
        if not nulls_allowed(columns, spec, valued):
            return self._by_values(table, rows)
        return Decoded(columns, rows, in_order=in_order)

    def _by_values(self, table: Mapping[str, Any], rows: int) -> Decoded:
        spec = self._spec
        lists = [
            _python_list(table[n]) if n in table else [None] * rows for n in spec.schema.names()
        ]
        return from_columns(lists, spec, self._strings, list(zip(*lists, strict=True)))

    def _direct(self, given: Any, target: ColumnSpec) -> np.ndarray | None:
        """Return the stored form of a column whose dtype fits its type, else None."""
        if target.type is Type.STRING:
            return self._strings_column(given, target)
        if isinstance(given, Coded) or not isinstance(given, np.ndarray):
            return None
        kind = given.dtype.kind
        match target.type:
            case Type.DOUBLE if kind in "fiu" and given.dtype.itemsize <= 8:
                return clean(np.ascontiguousarray(given, np.float64), Type.DOUBLE)
            case Type.INT if kind in "iu" and given.dtype != np.uint64:
                return np.ascontiguousarray(given, np.int64)
            case Type.TIMESTAMP if kind == "M":
                return np.ascontiguousarray(given.astype("datetime64[us]")).view(np.int64)
            case Type.TIMESTAMP if kind in "iu" and given.dtype != np.uint64:
                return self._scaled(given)
            case Type.DURATION if kind == "m":
                return np.ascontiguousarray(given.astype("timedelta64[us]")).view(np.int64)
            case Type.DURATION if kind in "iu" and given.dtype != np.uint64:
                return np.ascontiguousarray(given, np.int64)
            case Type.BOOLEAN if kind == "b":
                return given.astype(np.int8)
            case _:
                return None

    def _scaled(self, given: np.ndarray) -> np.ndarray | None:
        numerator, denominator = TS_UNITS[self._spec.ts_unit]
        stored = np.ascontiguousarray(given, np.int64)
        if denominator != 1:
            return np.where(stored == NULL_I64, NULL_I64, stored // denominator)
        if numerator == 1 or not len(stored):
            return stored
        limit = MAX_I64 // numerator
        ends = (stored[0], stored[-1]) if _in_order(stored) else (stored.min(), stored.max())
        if int(ends[1]) > limit or int(ends[0]) < -limit:
            return None
        return stored * numerator

    def _strings_column(self, given: Any, target: ColumnSpec) -> np.ndarray | None:
        if isinstance(given, Coded):
            return self._coded(given, target.name)
        if isinstance(given, np.ndarray) and given.dtype.kind == "U":
            distinct, codes = np.unique(given, return_inverse=True)
            return self._strings.encode(distinct.tolist())[codes]
        values: list[Any] = given.tolist() if isinstance(given, np.ndarray) else list(given)
        if not set(map(type, values)) <= {str, type(None)}:
            return None
        return self._strings.encode(values)

    def _dictionary(self, name: str, values: Sequence[str]) -> Dictionary:
        known = self._dictionaries.get(name)
        if known is None or not known.holds(values):
            known = self._dictionaries[name] = Dictionary(values, self._strings)
        return known

    def _coded(self, given: Coded, name: str) -> np.ndarray:
        known = self._dictionary(name, given.values)
        codes = np.asarray(given.codes)
        if not len(codes):
            return np.empty(0, np.int32)
        if int(codes.max()) >= known.size:
            msg = (
                f"column {name} has code {int(codes.max())}, its dictionary has {known.size} values"
            )
            raise error("CEP402", msg)
        return known.map(codes)


class Dictionary:
    """The codes of a column's own dictionary in the string table.

    codes: int32[size + 1], the last one that of NULL. first: the codes are this number and the next ones,
    -1 if they are not.
    """

    def __init__(self, values: Sequence[str], strings: StringTable) -> None:
        self._values = values
        self.size = len(values)
        self.codes = np.append(strings.encode(list(values)), np.int32(-1))
        # New texts get consecutive codes, so that mostly an addition maps a column.
        first = int(self.codes[0])
        run = (self.codes[:-1] == np.arange(first, first + self.size)).all()
        self.first = first if run else -1

    def holds(self, values: Sequence[str]) -> bool:
        """Whether this is the mapping of that list, as long as it was."""
        return self._values is values and self.size == len(values)

    def map(self, codes: np.ndarray) -> np.ndarray:
        """Return string table codes of codes below `size`; negative ones become NULL."""
        lowest = int(codes.min())
        if self.first >= 0 and lowest >= 0 and codes.dtype == np.int32:
            return codes + np.int32(self.first) if self.first else codes
        if lowest < -1:
            codes = np.maximum(codes, -1)
        return self.codes.take(codes)


def _in_order(times: np.ndarray) -> bool:
    return len(times) > 0 and not (times[1:] < times[:-1]).any()


def _pandas_column(series: Any) -> Any:
    """Return a pandas column as numpy array, `Coded` or list, with None for missing values."""
    kind = series.dtype
    if hasattr(series, "cat") and set(map(type, kind.categories)) <= {str}:
        return Coded(np.asarray(series.cat.codes), kind.categories.tolist())
    if hasattr(kind, "tz"):
        return series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if isinstance(kind, np.dtype) and kind.kind in "fiumMb":
        return series.to_numpy()
    values = series.astype(object)
    return values.where(series.notna(), None).tolist()


def _python_list(given: Any) -> list[Any]:
    if isinstance(given, Coded):
        texts = [*given.values, None]
        return [texts[c] if c >= 0 else None for c in np.asarray(given.codes).tolist()]
    if isinstance(given, np.ndarray):
        if given.dtype.kind in "mM":
            # Python's own times hold us; numpy gives ns as bare numbers.
            return list(given.astype(f"{given.dtype.kind}8[us]").tolist())
        values: list[Any] = given.tolist()
        # In arrays of integers the smallest stands for NULL, as it does where columns are taken as they are.
        return [None if v == NULL_I64 else v for v in values] if given.dtype.kind == "i" else values
    return list(given)
