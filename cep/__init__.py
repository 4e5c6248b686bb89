"""Complex event processing with a SQL-like rule language: the public names, resolved when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cep.api import Engine
    from cep.backtest import run
    from cep.errors import CepError
    from cep.functions.python import vectorized
    from cep.tables import Coded, Event, Table

__version__ = "0.1.0"
__all__ = ["CepError", "Coded", "Engine", "Event", "Table", "run", "vectorized"]

_ROOMS = {
    "CepError": "cep.errors",
    "Coded": "cep.tables",
    "Engine": "cep.api",
    "Event": "cep.tables",
    "Table": "cep.tables",
    "run": "cep.backtest",
    "vectorized": "cep.functions.python",
}


def __getattr__(name: str) -> Any:
    """Return a public name from its room."""
    if name not in _ROOMS:
        msg = f"module 'cep' has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(_ROOMS[name]), name)
