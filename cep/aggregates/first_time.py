"""FIRST_TIME: the time of the first value that is not NULL."""

from __future__ import annotations

from cep.aggregates.moment import moment

AGGREGATE = moment("first_time", "time of the first value that is not NULL")
