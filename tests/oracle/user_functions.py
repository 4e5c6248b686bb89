"""Functions of the user's in the model: Python is called for every row, vectorized ones with one row each."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cep.lang import ast
from cep.times import from_datetime, parse_timestamp, to_datetime
from cep.types import Type
from tests.oracle.functions import STRICT_FUNCTIONS
from tests.oracle.values import type_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ARRAYS = {Type.TIMESTAMP: "datetime64[us]", Type.DURATION: "timedelta64[us]", Type.STRING: "O"}


def called(statements: Sequence[ast.Statement]) -> list[ast.Statement]:
    """Return statements without CREATE FUNCTION, calls under the names of what they call."""
    declared = {s.name.upper(): s for s in statements if isinstance(s, ast.CreateFunction)}
    names = {name: f"{s.body} {s.returns.name} {s.span.start}" for name, s in declared.items()}
    for name, statement in declared.items():
        STRICT_FUNCTIONS[names[name].upper()] = _model(statement)

    def put(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(put(p) for p in part)
        if not is_dataclass(part) or isinstance(part, type):
            return part
        made = replace(part, **{f.name: put(getattr(part, f.name)) for f in fields(part)})
        if isinstance(made, ast.Call) and made.name.upper() in names:
            return replace(made, name=names[made.name.upper()])
        return made

    kept = [s for s in statements if not isinstance(s, ast.CreateFunction)]
    return [put(s) for s in kept] if declared else kept


def _model(statement: ast.CreateFunction) -> Callable[..., Any]:
    module, _, name = statement.body.partition(":")
    function = getattr(_module(module, statement), name)
    by_array = getattr(function, "__cep_vectorized__", False)
    kinds = [type_named(p.type) for p in statement.parameters]
    result = type_named(statement.returns)

    def call(*values: Any) -> Any:
        values = tuple(_moment(v, k) for v, k in zip(values, kinds, strict=True))
        try:
            if not by_array:
                given = [_given(v, k) for v, k in zip(values, kinds, strict=True)]
                return _taken(function(*given), result)
            arrays = [np.array([v], _ARRAYS.get(k)) for v, k in zip(values, kinds, strict=True)]
            cell = function(*arrays)[0]
            return int(cell.astype("int64")) if cell.dtype.kind in "mM" else cell.item()
        except Exception:  # the user's code may raise anything: the value is NULL
            return None

    return call


def _module(name: str, statement: ast.CreateFunction) -> Any:
    """Return a module beside the rule file, or an installed one."""
    source = statement.span.source
    path = Path(source.name if source is not None else "").parent / f"{name}.py"
    if not path.is_file():
        return import_module(name)
    spec = spec_from_file_location(f"oracle_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _moment(value: Any, kind: Type) -> Any:
    """Return text where a time is wanted as that time."""
    return parse_timestamp(value) if kind is Type.TIMESTAMP and isinstance(value, str) else value


def _given(value: Any, kind: Type) -> Any:
    match kind:
        case Type.TIMESTAMP:
            return to_datetime(value)
        case Type.DURATION:
            return timedelta(microseconds=value)
        case Type.DOUBLE:
            return float(value)
        case _:
            return value


def _taken(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    match kind:
        case Type.TIMESTAMP:
            return from_datetime(value)
        case Type.DURATION:
            return value // timedelta(microseconds=1)
        case Type.DOUBLE:
            return float(value)
        case Type.INT if not isinstance(value, int):
            return None
        case _:
            return value
