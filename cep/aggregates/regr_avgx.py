"""REGR_AVGX(y, x): the mean of x over the rows in which neither is NULL."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_avgx",
    "{pairs.mean_x}",
    "mean of x",
)
