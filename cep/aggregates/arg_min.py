"""ARG_MIN(x, by): the value of x where `by` is smallest; of ties the earlier."""

from __future__ import annotations

from cep.aggregates.beside import beside

AGGREGATE = beside("min", "value beside the smallest `by`")
