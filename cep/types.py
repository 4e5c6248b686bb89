"""The types of the language: how each is stored in columns, and which value stands for NULL.

| type | column dtype | NULL | unit |
|---|---|---|---|
| BOOLEAN | int8 | -1 | 0 or 1 |
| INT | int64 | -2**63 | |
| DOUBLE | float64 | NaN | |
| STRING | int32 code of the string table | -1 | |
| TIMESTAMP | int64 | -2**63 | us since 1970-01-01T00:00:00Z |
| DURATION | int64 | -2**63 | us |
| ARRAY, MAP, JSON, BYTES | int32 code of the canonical text (`cep.nested`) | -1 | |
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

NULL_I64 = -(2**63)
MAX_I64 = 2**63 - 1
NULL_CODE = -1
NULL_BOOLEAN = -1


class Type(Enum):
    """A type of the language; `value` is its name in rule text."""

    BOOLEAN = "BOOLEAN"
    INT = "INT"
    DOUBLE = "DOUBLE"
    STRING = "STRING"
    TIMESTAMP = "TIMESTAMP"
    DURATION = "DURATION"
    JSON = "JSON"
    BYTES = "BYTES"
    ARRAY_BOOLEAN = "ARRAY<BOOLEAN>"
    ARRAY_INT = "ARRAY<INT>"
    ARRAY_DOUBLE = "ARRAY<DOUBLE>"
    ARRAY_STRING = "ARRAY<STRING>"
    ARRAY_TIMESTAMP = "ARRAY<TIMESTAMP>"
    ARRAY_DURATION = "ARRAY<DURATION>"
    MAP_BOOLEAN = "MAP<STRING, BOOLEAN>"
    MAP_INT = "MAP<STRING, INT>"
    MAP_DOUBLE = "MAP<STRING, DOUBLE>"
    MAP_STRING = "MAP<STRING, STRING>"
    MAP_TIMESTAMP = "MAP<STRING, TIMESTAMP>"
    MAP_DURATION = "MAP<STRING, DURATION>"
    NULL = "NULL"  # the type of a bare NULL literal; converts to any other

    @property
    def dtype(self) -> str:
        """Name of the numpy dtype of a column of this type."""
        return _STORAGE.get(self, _CODED)[0]

    @property
    def kernel_dtype(self) -> str:
        """Name of the dtype in the kernel language (`i8 i32 i64 f64`)."""
        return _STORAGE.get(self, _CODED)[1]

    @property
    def null(self) -> int | float:
        """The in-band value that stands for NULL."""
        return _STORAGE.get(self, _CODED)[2]

    @property
    def is_number(self) -> bool:
        """Whether this is INT or DOUBLE."""
        return self in (Type.INT, Type.DOUBLE)

    @property
    def is_integer_stored(self) -> bool:
        """Whether values are int64 with NULL_I64 as NULL (INT, TIMESTAMP, DURATION)."""
        return self in (Type.INT, Type.TIMESTAMP, Type.DURATION)

    @property
    def is_coded(self) -> bool:
        """Whether values are codes of the string table (STRING, and all that are kept as text)."""
        return self not in _STORAGE or self is Type.STRING

    @property
    def is_nested(self) -> bool:
        """Whether this is an ARRAY, a MAP, JSON or BYTES: kept as canonical text, equal or not, without order."""
        return self not in _STORAGE

    @property
    def is_array(self) -> bool:
        """Whether this is an ARRAY."""
        return self.value.startswith("ARRAY<")

    @property
    def is_map(self) -> bool:
        """Whether this is a MAP."""
        return self.value.startswith("MAP<")

    @property
    def has_fields(self) -> bool:
        """Whether `value.name` is a field: JSON and MAP."""
        return self is Type.JSON or self.is_map

    @property
    def element(self) -> Type | None:
        """Type of the elements of an ARRAY, of the values of a MAP; None for other types."""
        return _ELEMENTS.get(self)


_STORAGE: dict[Type, tuple[str, str, int | float]] = {
    Type.BOOLEAN: ("int8", "i8", NULL_BOOLEAN),
    Type.INT: ("int64", "i64", NULL_I64),
    Type.DOUBLE: ("float64", "f64", math.nan),
    Type.STRING: ("int32", "i32", NULL_CODE),
    Type.TIMESTAMP: ("int64", "i64", NULL_I64),
    Type.DURATION: ("int64", "i64", NULL_I64),
    Type.NULL: ("int8", "i8", NULL_BOOLEAN),
}
_CODED = _STORAGE[Type.STRING]

# The types that have an order; ARRAY and MAP hold values of them.
PLAIN_TYPES: tuple[Type, ...] = tuple(kind for kind in _STORAGE if kind is not Type.NULL)
NESTED_TYPES: tuple[Type, ...] = tuple(kind for kind in Type if kind not in _STORAGE)
# By the type of what is in it: the ARRAY, and the MAP with keys of type STRING.
ARRAYS: dict[Type, Type] = {kind: Type(f"ARRAY<{kind.value}>") for kind in PLAIN_TYPES}
MAPS: dict[Type, Type] = {kind: Type(f"MAP<STRING, {kind.value}>") for kind in PLAIN_TYPES}
# What a type becomes where the other is wanted: INT is a DOUBLE, alone and inside.
WIDER: dict[Type, Type] = {wholes[Type.INT]: wholes[Type.DOUBLE] for wholes in (ARRAYS, MAPS)} | {
    Type.INT: Type.DOUBLE
}
_ELEMENTS: dict[Type, Type] = {
    whole: kind for wholes in (ARRAYS, MAPS) for kind, whole in wholes.items()
}

# Spellings accepted in CREATE STREAM, PARAM and CAST, in upper case.
TYPE_NAMES: dict[str, Type] = {
    "BOOLEAN": Type.BOOLEAN,
    "BOOL": Type.BOOLEAN,
    "INT": Type.INT,
    "INTEGER": Type.INT,
    "BIGINT": Type.INT,
    "LONG": Type.INT,
    "DOUBLE": Type.DOUBLE,
    "FLOAT": Type.DOUBLE,
    "REAL": Type.DOUBLE,
    "STRING": Type.STRING,
    "VARCHAR": Type.STRING,
    "TEXT": Type.STRING,
    "TIMESTAMP": Type.TIMESTAMP,
    "DURATION": Type.DURATION,
    "JSON": Type.JSON,
    "BYTES": Type.BYTES,
    "VARBINARY": Type.BYTES,
}

# Types of the language that this version refuses with CEP3xx.
TYPE_NAMES_LATER = frozenset({"DECIMAL", "NUMERIC"})


def null_column(kind: Type, rows: int) -> np.ndarray:
    """Return a column of `rows` NULLs of a type."""
    import numpy as np

    return np.full(rows, kind.null, dtype=kind.dtype)
