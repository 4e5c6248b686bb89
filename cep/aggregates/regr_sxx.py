"""REGR_SXX(y, x): the sum of the squares of x - mean, over the rows in which neither is NULL."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_sxx",
    "{pairs.sxx}",
    "centred sum of squares of x",
)
