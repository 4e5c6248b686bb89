"""One event, a dict, to the stored values of its columns: a function made for a schema.

It takes the plain case of each type only and gives None for all else, which `columns.from_dicts` settles.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cep.times import TS_UNITS
from cep.types import MAX_I64, NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cep.graph.graph import StreamSpec
    from cep.schema import ColumnSpec

_EXACT = 1 << 53  # integers up to here are doubles

# type: lines that turn the value v into what is stored or give up; a NULL was settled before them.
_LINES: dict[Type, tuple[str, ...]] = {
    Type.TIMESTAMP: (
        "if type(v) is not int or not -LIMIT <= v <= LIMIT: return None",
        "v *= SCALE",
    ),
    Type.INT: (f"if type(v) is not int or not -{MAX_I64} <= v <= {MAX_I64}: return None",),
    Type.DURATION: (f"if type(v) is not int or not -{MAX_I64} <= v <= {MAX_I64}: return None",),
    Type.BOOLEAN: ("if type(v) is not bool: return None",),
    Type.DOUBLE: (
        "if type(v) is float:",
        "    if v - v != 0.0: return None",  # an infinity or NaN
        f"elif type(v) is not int or not -{_EXACT} <= v <= {_EXACT}: return None",
    ),
    Type.STRING: (
        "if type(v) is not str: return None",
        "v = TEXTS(v)",
        "if v is None: return None",
    ),
}
_GENERAL = ("return None",)
_NULLS = {Type.DOUBLE: "NAN", Type.BOOLEAN: "-1"}


def row_reader(
    spec: StreamSpec, texts: Mapping[str, Mapping[str, int]]
) -> Callable[[dict[Any, Any]], tuple[Any, ...] | None]:
    """Return a function from an event to the stored values in schema order, None when it is not plain.

    texts: for each STRING column the codes of texts that are plain; the caller may add to them.
    """
    columns: Sequence[ColumnSpec] = spec.schema.columns
    scale = TS_UNITS[spec.ts_unit][0]
    room: dict[str, Any] = {"NAN": math.nan, "SCALE": scale, "LIMIT": MAX_I64 // scale}
    lines = ["def read(event):", "    get = event.get"]
    for k, column in enumerate(columns):
        lines.append(f"    v = get({column.name!r})")
        plain = [line.replace("TEXTS", f"texts_{k}") for line in _LINES.get(column.type, _GENERAL)]
        if column.type is Type.STRING:
            room[f"texts_{k}"] = texts[column.name].get
        if column.not_null or column.name == spec.time_column:
            lines += [f"    {line}" for line in plain]
        else:
            null = "-1" if column.type.is_coded else _NULLS.get(column.type, str(NULL_I64))
            lines += [f"    if v is None: v = {null}", "    else:"]
            lines += [f"        {line}" for line in plain]
        lines.append(f"    v{k} = v")
    values = "".join(f"v{k}, " for k in range(len(columns)))
    lines.append(f"    return ({values})")
    exec("\n".join(lines), room)
    made: Callable[[dict[Any, Any]], tuple[Any, ...] | None] = room["read"]
    return made
