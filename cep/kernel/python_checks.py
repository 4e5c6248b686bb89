"""Helpers the checked python tier calls: the traps of `faults.py` over CPython's own operations."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from cep.kernel.faults import DIVISION, INDEX, NARROW, OVERFLOW, SHIFT, Site, Trap

if TYPE_CHECKING:
    from collections.abc import Callable

_INT64 = range(-(2**63), 2**63)
_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
# Ranges of the elements by memoryview format.
_RANGES = {"i": range(-(2**31), 2**31), "b": range(-128, 128), "B": range(256)}


def checks(file: str) -> dict[str, Callable[..., Any]]:
    """Return the helpers, by name, for functions of one source file."""

    def check__load(array: memoryview, index: int, line: int, name: str) -> int | float:
        if not 0 <= index < len(array):
            raise Trap(INDEX, Site(file, line, name), index)
        return array[index]

    def check__store(value: Any, array: memoryview, index: int, line: int, name: str) -> None:
        if not 0 <= index < len(array):
            raise Trap(INDEX, Site(file, line, name), index)
        allowed = _RANGES.get(array.format)
        if allowed is not None and value not in allowed:
            raise Trap(NARROW, Site(file, line, name), value)
        array[index] = value

    def check__arith(symbol: str, left: int, right: int, line: int, name: str) -> int:
        if symbol in {"//", "%"} and right == 0:
            raise Trap(DIVISION, Site(file, line, name))
        if symbol in {"<<", ">>"} and not 0 <= right < 64:
            raise Trap(SHIFT, Site(file, line, name), right)
        value = _OPERATIONS[symbol](left, right)
        if value not in _INT64:
            raise Trap(OVERFLOW, Site(file, line, name))
        return value

    return {"check__load": check__load, "check__store": check__store, "check__arith": check__arith}
