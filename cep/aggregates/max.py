"""MAX: the largest value; strings by code point."""

from __future__ import annotations

from cep.aggregates.extreme import extreme

AGGREGATE = extreme("max", "largest value")
