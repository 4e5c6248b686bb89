"""Arrays a kernel reads that the host makes: computed columns, functions of strings by code, constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cep.functions import FUNCTIONS
from cep.state.arrays import grown
from cep.types import NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.graph.kernel import Computed, StringMap
    from cep.strings import StringTable

MOST_REMEMBERED = 100_000


class _Scalars(dict[str, Any]):
    """Functions by name, as the text of host expressions calls them."""

    def __missing__(self, name: str) -> Any:
        scalar = self[name] = FUNCTIONS[name].scalar
        return scalar


_SCALARS = _Scalars()


def host_function(source: str) -> Callable[[Any, Any, Any], Any]:
    """Return the Python function of a host expression over v (values), f (functions), c (constants).

    The text is made by the code generator from names of its own; constants are passed beside it.
    """
    made: Callable[[Any, Any, Any], Any] = eval(f"lambda v, f, c: {source}", {"__builtins__": {}})
    return made


def stored(value: Any, kind: Type, strings: StringTable) -> int | float:
    """Return a Python value (None: NULL) as a column of its type stores it."""
    if kind.is_coded:
        return strings.code(value)
    if value is None:
        return kind.null
    if kind is Type.DOUBLE:
        number = float(value)
        return number if abs(number) != float("inf") else kind.null
    return int(value)


def values_of(column: np.ndarray, kind: Type, strings: StringTable) -> list[Any]:
    """Return a column as the Python values that scalar functions take (times as int us)."""
    if kind.is_coded:
        return list(strings.decode(column))
    values = column.tolist()
    if kind is Type.DOUBLE:
        return [v if v == v else None for v in values]
    if kind is Type.BOOLEAN:
        return [None if v < 0 else v == 1 for v in values]
    return [None if v == NULL_I64 else v for v in values]


class ComputedColumn:
    """A column computed on the host from other columns of the same row, each distinct tuple once.

    Memory: at most `MOST_REMEMBERED` remembered tuples.
    """

    def __init__(self, source: Computed, strings: StringTable) -> None:
        self._columns = source.columns
        self._constants = source.constants
        self._kind = Type(source.type_name)
        self._function = host_function(source.source)
        self._strings = strings
        self._many = FUNCTIONS[source.call].rows if source.call else None
        self._memo: dict[tuple[Any, ...], int | float] = {}

    def compute(self, columns: dict[str, np.ndarray], kinds: dict[str, Type]) -> np.ndarray:
        """Return the column for the rows of a batch."""
        lists = [values_of(columns[n], kinds[n], self._strings) for n in self._columns]
        rows = list(zip(*lists, strict=True))
        if len(self._memo) > MOST_REMEMBERED:
            self._memo.clear()
        memo = self._memo
        fresh = list(set(rows) - memo.keys())
        for row, value in zip(fresh, self._values(fresh), strict=True):
            memo[row] = stored(value, self._kind, self._strings)
        return np.array([memo[row] for row in rows], dtype=self._kind.dtype)

    def _values(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        """Return the value of each row; from one call for all rows without a NULL where there is such a form."""
        if self._many is None:
            return [self._function(row, _SCALARS, self._constants) for row in rows]
        whole = [row for row in rows if None not in row]
        values = dict(zip(whole, self._many(whole), strict=True)) if whole else {}
        return [values.get(row) for row in rows]


class StringMapTable:
    """A function of one string as a table indexed by code; cells are filled when a code first appears.

    Memory: one cell a code of the string table.
    """

    def __init__(self, source: StringMap, strings: StringTable) -> None:
        self.columns = source.columns
        self._constants = source.constants
        self._kind = Type(source.type_name)
        self._function = host_function(source.source)
        self._strings = strings
        self.cells = np.full(64, self._kind.null, dtype=self._kind.dtype)
        self._known = np.zeros(64, dtype=bool)
        self._all_below = 0

    def fill_all(self) -> None:
        """Fill the cells of all codes there are now."""
        count = len(self._strings)
        if self._all_below < count:
            self._make_room()
            self._fill(range(self._all_below, count))
            self._all_below = count

    def fill(self, codes: np.ndarray) -> None:
        """Fill the cells of the codes of a column."""
        self._make_room()
        present = codes[codes >= 0]
        missing = present[~self._known[present]]
        if len(missing):
            self._fill(np.unique(missing).tolist())
            self._make_room()

    def _fill(self, codes: Any) -> None:
        texts = self._strings.texts()
        for code in codes:
            value = self._function((texts[code],), _SCALARS, self._constants)
            self.cells[code] = stored(value, self._kind, self._strings)
            self._known[code] = True

    def _make_room(self) -> None:
        """Make room for every code of the string table (results may have added some)."""
        self.cells = grown(self.cells, len(self._strings), self._kind.null)
        self._known = grown(self._known, len(self._strings), 0)
