"""FIRST: the first value that is not NULL."""

from __future__ import annotations

from cep.aggregates.edge import edge

AGGREGATE = edge("first", "first value that is not NULL")
