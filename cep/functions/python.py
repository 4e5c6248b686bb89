"""Functions written in Python: found by module and name, called with Python values, never stopping a stream."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import logging
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cep.errors import error, nearest
from cep.functions.function import Function, Signature
from cep.functions.reference import settle
from cep.nested import bytes_text, json_text, python_value, text_of
from cep.times import from_datetime, to_datetime
from cep.types import NESTED_TYPES, NULL_I64, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

LOGGER = logging.getLogger("cep")
_VECTORIZED = "__cep_vectorized__"
_MICROSECOND = timedelta(microseconds=1)
_LOADED: dict[tuple[str, str], ModuleType] = {}  # modules beside rule files by path and digest

F = TypeVar("F")


def vectorized(function: F) -> F:
    """Mark a function that takes numpy arrays: it is called once for many rows.

    Each argument is an array of n rows without a NULL: float64 (DOUBLE), int64 (INT), bool (BOOLEAN), object
    array of str (STRING), datetime64[us] in UTC (TIMESTAMP), timedelta64[us] (DURATION). It returns n values of the
    type that RETURNS names, as an array, a list, or one value for all rows; NaN, NaT and None are NULL.
    """
    setattr(function, _VECTORIZED, True)
    return function


def load(module: str, name: str, folder: Path | None) -> tuple[Callable[..., Any], str]:
    """Return what a module calls `name`, and a digest of the text of the module ("" if it has none).

    Args:
        module: `geo` or `pkg.geo`: first a file `geo.py` in `folder`, then an installed module.
        name: a callable of it, `haversine_km` or `Class.method`.
        folder: that of the rule file.

    Raises:
        CepError: CEP271, module missing or failing, or no such callable in it.
    """
    path = None if folder is None else folder.joinpath(*module.split(".")).with_suffix(".py")
    beside = path if path is not None and path.is_file() else None
    try:
        found = importlib.import_module(module) if beside is None else _beside(module, beside)
    except (Exception, SystemExit) as problem:
        msg = f"cannot import {module}: {type(problem).__name__}: {problem}"
        hint = f"it is looked for at {path}, then among the installed modules"
        raise error("CEP271", msg, hint="" if beside else hint) from problem
    value: Any = found
    for part in name.split("."):
        value = getattr(value, part, None)
    if not callable(value):
        msg = f"{module} has no function {name!r}"
        own = [n for n, v in vars(found).items() if callable(v) and not n.startswith("_")]
        raise error("CEP271", msg, hint=nearest(name, own))
    return value, _digest(found)


def _digest(module: ModuleType) -> str:
    place = getattr(module, "__file__", None)
    if place is None or not Path(place).is_file():
        return ""
    return _digest_of(Path(place))


def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _beside(module: str, path: Path) -> ModuleType:
    """Return the module of a file, run again only if its text has changed."""
    digest = _digest_of(path)
    key = (str(path.resolve()), digest)
    if key not in _LOADED:
        spec = importlib.util.spec_from_file_location(f"cep_functions_{digest}.{module}", path)
        if spec is None or spec.loader is None:
            msg = f"{path} is no Python file"
            raise ImportError(msg)
        made = importlib.util.module_from_spec(spec)
        with _importing_from(str(path.parent)):
            spec.loader.exec_module(made)
        _LOADED[key] = made
    return _LOADED[key]


@contextmanager
def _importing_from(folder: str) -> Iterator[None]:
    """Let imports find the modules of a folder."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def parameters_of(function: Callable[..., Any]) -> str | None:
    """Return the parameters of a Python function as text, None where Python does not know them."""
    try:
        return str(inspect.signature(function))
    except (ValueError, TypeError):
        return None


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a Python function can be called with so many values (True where Python does not know)."""
    try:
        inspect.signature(function).bind(*range(count))
    except ValueError:
        return True
    except TypeError:
        return False
    return True


# ---------------------------------------------------------------- values in and out


def _length(us: int) -> timedelta:
    return timedelta(microseconds=us)


# Types whose Python values are not those that functions of the language take.
_GIVEN: dict[Type, Callable[[Any], Any]] = {Type.TIMESTAMP: to_datetime, Type.DURATION: _length}

# By type: what a function may return, and how that becomes a value of the language.
_TAKEN: dict[Type, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    Type.BOOLEAN: ((bool, np.bool_), bool),
    Type.INT: ((int, np.integer), int),
    Type.DOUBLE: ((float, int, np.floating, np.integer), float),
    Type.STRING: ((str,), str),
    Type.TIMESTAMP: ((datetime,), from_datetime),
    Type.DURATION: ((timedelta,), lambda length: length // _MICROSECOND),
}


def _nested_given(kind: Type) -> Callable[[Any], Any]:
    """Return what makes a list, a dict or bytes of a text (`cep.nested`)."""
    moment = _GIVEN.get(kind.element) if kind.element is not None else None
    return lambda text: python_value(text, kind, moment)


def _nested_taken(kind: Type) -> tuple[tuple[type, ...], Callable[[Any], Any]]:
    """Return which Python values a nested type may be, and what makes the text of one."""
    if kind is Type.BYTES:
        return (bytes, bytearray), lambda value: bytes_text(bytes(value))
    if kind is Type.JSON or kind.element is None:
        return (list, tuple, dict, str, int, float), json_text
    element = kind.element

    def item(value: Any) -> Any:
        return None if value is None else settle(taken(value, element))

    if kind.is_map:
        return (dict,), lambda value: text_of({str(n): item(v) for n, v in value.items()})
    return (list, tuple, np.ndarray), lambda value: text_of([item(v) for v in value])


def taken(value: Any, kind: Type) -> Any:
    """Return what a function returned as a value of the language.

    Raises:
        TypeError: it has another type.
    """
    kinds, convert = _TAKEN[kind]
    wrong_bool = isinstance(value, bool) and kind not in (Type.BOOLEAN, Type.JSON)
    if wrong_bool or not isinstance(value, kinds):
        msg = f"it returned {type(value).__name__}, not {kind.value}"
        raise TypeError(msg)
    return convert(value)


_GIVEN |= {kind: _nested_given(kind) for kind in NESTED_TYPES}
_TAKEN |= {kind: _nested_taken(kind) for kind in NESTED_TYPES}

_ARRAYS: dict[Type, str] = {
    Type.BOOLEAN: "bool",
    Type.INT: "int64",
    Type.DOUBLE: "float64",
    Type.STRING: "object",
    Type.TIMESTAMP: "datetime64[us]",
    Type.DURATION: "timedelta64[us]",
}


class _Caller:
    """A Python function as a scalar of the language: NULL for NULL, and for whatever goes wrong.

    The first failure is logged; all of them count as expression errors where the result is stored.
    """

    def __init__(
        self, function: Callable[..., Any], text: str, parameters: tuple[Type, ...], result: Type
    ) -> None:
        self._function = function
        self._text = text
        self._parameters = parameters
        self._result = result
        self._given = tuple(_GIVEN.get(p) for p in parameters)
        self._silent = False

    def scalar(self, *values: Any) -> Any:
        """Return the value for one row (values as functions of the language take them)."""
        if any(v is None for v in values):
            return None
        try:
            given = [v if to is None else to(v) for v, to in zip(values, self._given, strict=True)]
            return self._settled(self._function(*given))
        except Exception as problem:
            return self._failed(values, problem)

    def one_by_array(self, *values: Any) -> Any:
        """Return the value for one row from a vectorized function."""
        if any(v is None for v in values):
            return None
        try:
            return self._of_arrays([values])[0]
        except Exception as problem:
            return self._failed(values, problem)

    def rows(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return the values for many rows without a NULL, from one call; where it fails, row by row."""
        try:
            return self._of_arrays(rows)
        except Exception:
            return [self.one_by_array(*row) for row in rows]

    def _of_arrays(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        arrays = []
        for column, kind in zip(zip(*rows, strict=True), self._parameters, strict=True):
            array = np.empty(len(rows), _ARRAYS.get(kind, "object"))
            array[:] = [_GIVEN[kind](c) for c in column] if kind.is_nested else column
            arrays.append(array)
        with np.errstate(all="ignore"):
            result = self._function(*arrays)
        if isinstance(result, np.ndarray) and result.dtype.kind in "mM":
            return self._of_times(result, len(rows))
        cells = result.tolist() if isinstance(result, np.ndarray) else result
        if not isinstance(cells, list):
            cells = [cells] * len(rows)
        if len(cells) != len(rows):
            msg = f"it returned {len(cells)} values for {len(rows)} rows"
            raise ValueError(msg)
        return [self._settled(cell) for cell in cells]

    def _of_times(self, result: np.ndarray, count: int) -> list[Any]:
        wanted = np.dtype(_ARRAYS[self._result])
        if wanted.kind != result.dtype.kind or len(result) != count:
            msg = f"it returned {result.dtype}[{len(result)}], not {count} of {self._result.value}"
            raise TypeError(msg)
        cells = result.astype(wanted).view(np.int64).tolist()
        return [None if cell == NULL_I64 else cell for cell in cells]

    def _settled(self, value: Any) -> Any:
        """Return a result as a value of the language."""
        if value is None:
            return None
        return settle(taken(value, self._result))

    def _failed(self, values: tuple[Any, ...], problem: Exception) -> None:
        if not self._silent:
            self._silent = True
            LOGGER.warning(
                "%s%r failed: %s: %s; the value is NULL, and further failures are counted only",
                *(self._text, values, type(problem).__name__, problem),
            )


def python_function(
    function: Callable[..., Any], text: str, digest: str, parameters: tuple[Type, ...], result: Type
) -> Function:
    """Return a Python function as one of the language, under a name that says what it is.

    Args:
        function: takes one value for each parameter, or arrays if it is `vectorized`; it has to be pure:
            a result is remembered and used again for equal arguments.
        text: `module:name`, as rules write it.
        digest: of the text of the module, so that a changed one is another function.
        parameters: their types in the language.
        result: type of what it returns.
    """
    caller = _Caller(function, text, parameters, result)
    types = ", ".join(p.value for p in parameters)
    name = f"{text}({types}) {result.value}{digest and f' {digest}'}"
    signature = (Signature(parameters, result),)
    if getattr(function, _VECTORIZED, False):
        return Function(name, signature, caller.one_by_array, doc=text, rows=caller.rows)
    return Function(name, signature, caller.scalar, doc=text)
