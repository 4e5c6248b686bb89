"""The types of the language: how each is stored in columns, and which value stands for NULL.

| type | column dtype | NULL | unit |
|---|---|---|---|
| BOOLEAN | int8 | -1 | 0 or 1 |
| INT | int64 | -2**63 | |
| DOUBLE | float64 | NaN | |
| STRING | int32 code of the string table | -1 | |
| TIMESTAMP | int64 | -2**63 | us since 1970-01-01T00:00:00Z |
| DURATION | int64 | -2**63 | us |
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
    NULL = "NULL"  # the type of a bare NULL literal; converts to any other

    @property
    def dtype(self) -> str:
        """Name of the numpy dtype of a column of this type."""
        return _STORAGE[self][0]

    @property
    def kernel_dtype(self) -> str:
        """Name of the dtype in the kernel language (`i8 i32 i64 f64`)."""
        return _STORAGE[self][1]

    @property
    def null(self) -> int | float:
        """The in-band value that stands for NULL."""
        return _STORAGE[self][2]

    @property
    def is_number(self) -> bool:
        """Whether this is INT or DOUBLE."""
        return self in (Type.INT, Type.DOUBLE)

    @property
    def is_integer_stored(self) -> bool:
        """Whether values are int64 with NULL_I64 as NULL (INT, TIMESTAMP, DURATION)."""
        return self in (Type.INT, Type.TIMESTAMP, Type.DURATION)


_STORAGE: dict[Type, tuple[str, str, int | float]] = {
    Type.BOOLEAN: ("int8", "i8", NULL_BOOLEAN),
    Type.INT: ("int64", "i64", NULL_I64),
    Type.DOUBLE: ("float64", "f64", math.nan),
    Type.STRING: ("int32", "i32", NULL_CODE),
    Type.TIMESTAMP: ("int64", "i64", NULL_I64),
    Type.DURATION: ("int64", "i64", NULL_I64),
    Type.NULL: ("int8", "i8", NULL_BOOLEAN),
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
}

# Types of the language that this version refuses with CEP3xx.
TYPE_NAMES_LATER = frozenset({"DECIMAL", "NUMERIC", "BYTES", "ARRAY", "MAP", "JSON"})


def null_column(kind: Type, rows: int) -> np.ndarray:
    """Return a column of `rows` NULLs of a type."""
    import numpy as np

    return np.full(rows, kind.null, dtype=kind.dtype)
