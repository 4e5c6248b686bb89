"""LAST: the last value that is not NULL."""

from __future__ import annotations

from cep.aggregates.edge import edge

AGGREGATE = edge("last", "last value that is not NULL")
