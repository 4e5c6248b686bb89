"""LAST_TIME: the time of the last value that is not NULL."""

from __future__ import annotations

from cep.aggregates.moment import moment

AGGREGATE = moment("last_time", "time of the last value that is not NULL")
