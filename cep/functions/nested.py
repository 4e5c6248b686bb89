"""Functions of ARRAY, MAP, JSON and BYTES. They run on the host: once per distinct value.

A value is given as its text (`cep.nested`). Positions count from 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.functions.casts import FUNCTIONS as CASTS
from cep.functions.function import Function, Signature
from cep.functions.reference import settle, strict
from cep.nested import (
    NotNestedError,
    bytes_of,
    bytes_text,
    json_text,
    parse_json,
    text_of,
    value_of,
)
from cep.times import format_duration, format_timestamp
from cep.types import ARRAYS, MAPS, WIDER, Type

if TYPE_CHECKING:
    from collections.abc import Callable

BOOLEAN, INT, DOUBLE, STRING = Type.BOOLEAN, Type.INT, Type.DOUBLE, Type.STRING
JSON, BYTES = Type.JSON, Type.BYTES


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is NULL for NULL, and for a text that stands for a value of another type.

    Tables by code are filled for texts of other columns too; nothing reads those cells.
    """

    def guarded(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (AttributeError, TypeError):
            return None

    return strict(guarded)


def _array(*values: Any) -> str:
    return text_of([_unsigned(v) for v in values])


def _unsigned(value: Any) -> Any:
    """Return a value without the sign of zero: equal numbers have one text."""
    return value + 0.0 if isinstance(value, float) else value


def _element(text: str, place: Any) -> Any:
    whole = value_of(text)
    if isinstance(whole, list):
        return whole[place - 1] if 1 <= place <= len(whole) else None
    return whole.get(place)


def _json_element(text: str, place: Any) -> str | None:
    whole = value_of(text)
    if isinstance(whole, list) and isinstance(place, int):
        found = whole[place - 1] if 1 <= place <= len(whole) else None
    else:
        found = whole.get(place) if isinstance(whole, dict) and isinstance(place, str) else None
    return None if found is None else text_of(found)


def _cardinality(text: str) -> int | None:
    whole = value_of(text)
    return len(whole) if isinstance(whole, list | dict) else None


def _contains(text: str, value: Any) -> bool:
    # TRUE is no 1, though Python has them equal; elements have the type of the value.
    return value in value_of(text)


def _keys(text: str) -> str:
    return text_of(list(value_of(text)))


def _json_kind(text: str) -> str:
    return {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}.get(
        type(value_of(text)), "object"
    )


# ---------------------------------------------------------------------- casts

_TIMES: dict[Type, Callable[[int], str]] = {
    Type.TIMESTAMP: format_timestamp,
    Type.DURATION: format_duration,
}
_PLAIN_CASTS: dict[str, Callable[..., Any]] = {f.name: f.scalar for f in CASTS}


def _plain_cast(kind: Type) -> Callable[[Any], Any]:
    """Return the CAST of a text, number or truth value to a plain type; NULL where the language has none."""
    plain = _PLAIN_CASTS[f"to_{kind.value.lower()}"]
    if kind not in _TIMES:
        return plain
    return lambda value: plain(value) if type(value) in (str, int) else None


def _from_json(kind: Type) -> Any:
    """Return the CAST of JSON to a type: as that of the value that it is."""
    plain = _plain_cast(kind)

    def convert(text: str) -> Any:
        value = value_of(text)
        if isinstance(value, list | dict):
            return text if kind is STRING else None
        return plain(value)

    return convert


def _read_as(kind: Type) -> Any:
    """Return JSON as a value of a type, where it is one; anything else is NULL."""

    def read(text: str) -> Any:
        value = value_of(text)
        match kind:
            case Type.DOUBLE if isinstance(value, int | float) and not isinstance(value, bool):
                return settle(float(value))
            case Type.STRING if isinstance(value, str):
                return value
            case Type.BOOLEAN if isinstance(value, bool):
                return value
            case Type.TIMESTAMP | Type.DURATION:
                return _plain_cast(kind)(value)
            case _:
                return None

    return read


def _parsed(text: str) -> str | None:
    try:
        value = parse_json(text)
        return None if value is None else json_text(value)
    except NotNestedError:
        return None


def _to_json(value: Any) -> str:
    return json_text(value)


def _times_to_json(change: Any) -> Any:
    def convert(text: str) -> str:
        whole = value_of(text)
        if isinstance(whole, dict):
            return json_text({n: None if v is None else change(v) for n, v in whole.items()})
        return json_text([None if v is None else change(v) for v in whole])

    return convert


def _to_container(kind: Type) -> Any:
    """Return the CAST of JSON to an ARRAY or MAP: every element is read as one of its type."""
    element = kind.element or DOUBLE
    wanted = list if kind.is_array else dict
    plain = _plain_cast(element)

    def one(value: Any) -> Any:
        if value is None or isinstance(value, list | dict):
            return None
        return _unsigned(plain(value))

    def convert(text: str) -> str | None:
        whole = value_of(text)
        if not isinstance(whole, wanted):
            return None
        if isinstance(whole, dict):
            return text_of({name: one(v) for name, v in whole.items()})
        return text_of([one(v) for v in whole])

    return convert


def _bytes_to_string(text: str) -> str | None:
    try:
        return bytes_of(text).decode()
    except UnicodeDecodeError:
        return None


def _host(name: str, result: Type, scalar: Any, kind: Type = JSON, *, total: bool = False) -> Any:
    return Function(
        name, (Signature((kind,), result, total=total),), _strict(scalar), operator=True, doc=name
    )


_CONTAINERS = (*ARRAYS.values(), *MAPS.values())
_FROM_JSON = (INT, DOUBLE, BOOLEAN, STRING, Type.TIMESTAMP, Type.DURATION)

# What further signatures the casts of `cep.functions.casts` have, by the name of the function.
MORE_CASTS: dict[str, tuple[Signature, ...]] = {
    f"to_{kind.value.lower()}": (Signature((JSON,), kind, host=f"json_to_{kind.value.lower()}"),)
    for kind in _FROM_JSON
}
MORE_CASTS["to_string"] += (
    *(Signature((k,), STRING, host="nested_to_string", total=True) for k in _CONTAINERS),
    Signature((BYTES,), STRING, host="bytes_to_string"),
)

FUNCTIONS = (
    Function(
        "array",
        tuple(Signature((t,), ARRAYS[t], variadic=True, total=True) for t in ARRAYS),
        _array,
        strict=False,
        operator=True,
        doc="[a, b, ..]",
    ),
    Function(
        "element",
        (
            *(Signature((ARRAYS[t], INT), t) for t in ARRAYS),
            *(Signature((MAPS[t], STRING), t, total=True) for t in MAPS),
            Signature((JSON, INT), JSON, host="json_element", total=True),
            Signature((JSON, STRING), JSON, host="json_element", total=True),
        ),
        _strict(_element),
        operator=True,
        doc="array[n], counted from 1; map[key]; json[n], json['name'], json.name",
    ),
    Function(
        "json_element",
        (Signature((JSON, INT), JSON), Signature((JSON, STRING), JSON)),
        _strict(_json_element),
        operator=True,
        doc="json[n], json['name']",
    ),
    Function(
        "cardinality",
        (
            *(Signature((t,), INT, total=True) for t in _CONTAINERS),
            Signature((JSON,), INT),
        ),
        _strict(_cardinality),
        doc="CARDINALITY(a): number of elements of an array, a map or JSON",
    ),
    Function(
        "array_contains",
        tuple(Signature((ARRAYS[t], t), BOOLEAN, total=True) for t in ARRAYS),
        _strict(_contains),
        doc="ARRAY_CONTAINS(a, x): whether an element equals x",
    ),
    Function(
        "map_keys",
        tuple(Signature((t,), ARRAYS[STRING], total=True) for t in MAPS.values()),
        _strict(_keys),
        doc="MAP_KEYS(m): the keys in order, as an array",
    ),
    Function(
        "json_type",
        (Signature((JSON,), STRING, total=True),),
        _strict(_json_kind),
        doc="JSON_TYPE(j): object, array, string, number or boolean",
    ),
    Function(
        "octet_length",
        (Signature((BYTES,), INT, total=True),),
        _strict(lambda text: len(bytes_of(text))),
        doc="OCTET_LENGTH(b): number of bytes",
    ),
    Function(
        "to_json",
        (
            Signature((STRING,), JSON, host="text_to_json"),
            *(Signature((t,), JSON, total=True) for t in (INT, DOUBLE, BOOLEAN)),
            *(
                Signature((whole,), JSON, host=f"{t.value.lower()}s_to_json", total=True)
                for wholes in (ARRAYS, MAPS)
                for t, whole in wholes.items()
            ),
        ),
        _strict(_to_json),
        operator=True,
        doc="CAST(x AS JSON): a text is read as JSON",
    ),
    Function(
        "to_bytes",
        (Signature((STRING,), BYTES, total=True),),
        _strict(lambda text: bytes_text(text.encode())),
        operator=True,
        doc="CAST(text AS BYTES): UTF-8",
    ),
    *(
        Function(
            f"to_{k.value.lower()}",
            (Signature((JSON,), k), *(Signature((n,), k) for n in WIDER if WIDER[n] is k)),
            _strict(_to_container(k)),
            operator=True,
            doc=f"CAST(x AS {k.value})",
        )
        for k in _CONTAINERS
    ),
    *(_host(f"json_to_{k.value.lower()}", k, _from_json(k)) for k in _FROM_JSON),
    *(
        _host(f"json_as_{k.value.lower()}", k, _read_as(k), total=True)
        for k in _FROM_JSON
        if k is not INT
    ),
    _host("text_to_json", JSON, _parsed, STRING),
    *(
        _host(
            f"{t.value.lower()}s_to_json",
            JSON,
            _times_to_json(_TIMES.get(t, lambda v: v)),
            ARRAYS[t],
            total=True,
        )
        for t in ARRAYS
    ),
    _host("nested_to_string", STRING, lambda text: text, ARRAYS[STRING], total=True),
    _host("bytes_to_string", STRING, _bytes_to_string, BYTES),
)
