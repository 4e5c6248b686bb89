"""ARG_MAX(x, by): the value of x where `by` is largest; of ties the earlier."""

from __future__ import annotations

from cep.aggregates.beside import beside

AGGREGATE = beside("max", "value beside the largest `by`")
