"""Aggregate functions, one file each, found by listing this package: `AGGREGATES["avg"]`.

An aggregate is a formula over *slots* (count, sum, smallest value, ...): accumulators the kernels know
how to fill, to merge and to keep. To add an aggregate, write one file with one constant `AGGREGATE`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from cep.aggregates.contract import AggregateFunction


def _find() -> dict[str, AggregateFunction]:
    found: dict[str, AggregateFunction] = {}
    for module in sorted(iter_modules(__path__), key=lambda m: m.name):
        constant = getattr(import_module(f"{__name__}.{module.name}"), "AGGREGATE", None)
        if isinstance(constant, AggregateFunction):
            found[constant.name] = constant
    return found


# Every aggregate function by its name in lower case.
AGGREGATES: dict[str, AggregateFunction] = _find()

__all__ = ["AGGREGATES", "AggregateFunction"]
