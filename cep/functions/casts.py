"""CAST between types; a value that does not convert gives NULL."""

from __future__ import annotations

import re
from typing import Any

from cep.functions.function import Function, Signature
from cep.functions.reference import strict, truncated
from cep.times import format_duration, format_timestamp, parse_duration, parse_timestamp
from cep.types import Type

BOOLEAN, INT, DOUBLE, STRING = Type.BOOLEAN, Type.INT, Type.DOUBLE, Type.STRING
TIMESTAMP, DURATION = Type.TIMESTAMP, Type.DURATION

_INT = re.compile(r"[+-]?[0-9]{1,19}")
_DOUBLE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_TRUTH = {"true": True, "t": True, "yes": True, "1": True} | {
    "false": False,
    "f": False,
    "no": False,
    "0": False,
}


def _to_int(value: Any) -> Any:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if _INT.fullmatch(text) else None
    return truncated(value) if isinstance(value, float) else int(value)


def _to_double(value: Any) -> Any:
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _DOUBLE.fullmatch(text) else None
    return float(value)


def _to_boolean(value: Any) -> Any:
    return _TRUTH.get(value.strip().lower()) if isinstance(value, str) else value != 0


def _to_string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # The sign of zero is not a value: equal numbers have one text.
    return repr(value + 0.0) if isinstance(value, float) else str(value)


def _to_timestamp(value: Any) -> Any:
    return parse_timestamp(value) if isinstance(value, str) else value


def _to_duration(value: Any) -> Any:
    return parse_duration(value.strip()) if isinstance(value, str) else value


_BOOLEAN_TO_INT = "(NULL_I64 if {0} < 0 else {0})"
_BOOLEAN_TO_DOUBLE = "(NAN if {0} < 0 else to_f64({0}))"

FUNCTIONS = (
    Function(
        "to_int",
        (
            Signature((DOUBLE,), INT, "to_i64({0})", "trunc_i64({0})"),
            Signature((BOOLEAN,), INT, _BOOLEAN_TO_INT, total=True),
            Signature((STRING,), INT),
            Signature((TIMESTAMP,), INT, "{0}", "{0}", total=True),
            Signature((DURATION,), INT, "{0}", "{0}", total=True),
        ),
        strict(_to_int),
        operator=True,
        doc="CAST(x AS INT): truncates; times as us",
    ),
    Function(
        "to_double",
        (
            Signature((INT,), DOUBLE, "to_f64({0})", "to_f64({0})", total=True),
            Signature((BOOLEAN,), DOUBLE, _BOOLEAN_TO_DOUBLE, total=True),
            Signature((STRING,), DOUBLE),
        ),
        strict(_to_double),
        operator=True,
        doc="CAST(x AS DOUBLE)",
    ),
    Function(
        "to_boolean",
        (
            Signature(
                (INT,),
                BOOLEAN,
                "(-1 if {0} == NULL_I64 else where_i64({0} == 0, 0, 1))",
                total=True,
            ),
            Signature((STRING,), BOOLEAN),
        ),
        strict(_to_boolean),
        operator=True,
        doc="CAST(x AS BOOLEAN): 0 and 'false' are FALSE",
    ),
    Function(
        "to_string",
        (
            Signature((INT,), STRING, total=True),
            Signature((DOUBLE,), STRING, total=True),
            Signature((BOOLEAN,), STRING, total=True),
            Signature((TIMESTAMP,), STRING, host="timestamp_to_string", total=True),
            Signature((DURATION,), STRING, host="duration_to_string", total=True),
        ),
        strict(_to_string),
        operator=True,
        doc="CAST(x AS STRING)",
    ),
    Function(
        "timestamp_to_string",
        (Signature((TIMESTAMP,), STRING, total=True),),
        strict(format_timestamp),
        operator=True,
        doc="a time as ISO-8601 text",
    ),
    Function(
        "duration_to_string",
        (Signature((DURATION,), STRING, total=True),),
        strict(format_duration),
        operator=True,
        doc="a duration as text such as 1h30m",
    ),
    Function(
        "to_timestamp",
        (
            Signature((STRING,), TIMESTAMP),
            Signature((INT,), TIMESTAMP, "{0}", "{0}", total=True),
        ),
        strict(_to_timestamp),
        aliases=("timestamp",),
        doc="TIMESTAMP(text): ISO-8601; TIMESTAMP(n): us since 1970",
    ),
    Function(
        "to_duration",
        (
            Signature((STRING,), DURATION),
            Signature((INT,), DURATION, "{0}", "{0}", total=True),
        ),
        strict(_to_duration),
        aliases=("duration",),
        doc="DURATION(text): such as '1h30m'; DURATION(n): us",
    ),
)
