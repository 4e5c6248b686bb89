"""REGR_AVGY(y, x): the mean of y over the rows in which neither is NULL."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_avgy",
    "{pairs.mean_y}",
    "mean of y",
)
