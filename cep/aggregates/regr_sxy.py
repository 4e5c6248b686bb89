"""REGR_SXY(y, x): the sum of the products of both deviations, over the rows in which neither is NULL."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_sxy",
    "{pairs.syx}",
    "centred sum of products",
)
