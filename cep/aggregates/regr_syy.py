"""REGR_SYY(y, x): the sum of the squares of y - mean, over the rows in which neither is NULL."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_syy",
    "{pairs.syy}",
    "centred sum of squares of y",
)
