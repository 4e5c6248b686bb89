"""Formats: bytes to columns and batches to bytes, one file a format with one constant `FORMAT`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from cep.errors import error, nearest

if TYPE_CHECKING:
    from cep.connectors.base import Format


@cache
def formats() -> dict[str, Format]:
    """Return all formats by name, found by listing this package."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        content = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(content, "FORMAT"):
            found[content.FORMAT.name] = content.FORMAT
    return found


def format_named(name: str) -> Format:
    """Return the format of that name.

    Raises:
        CepError: CEP501, there is none.
    """
    known = formats()
    if name not in known:
        msg = f"unknown format {name!r}, known are {', '.join(sorted(known))}"
        raise error("CEP501", msg, hint=nearest(name, known))
    return known[name]


def format_of_path(path: str) -> Format | None:
    """Return the format that a file name's ending stands for, or None."""
    for known in formats().values():
        if path.lower().endswith(known.endings):
            return known
    return None
