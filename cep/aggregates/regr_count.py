"""REGR_COUNT(y, x): the number of rows in which neither is NULL."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables
from cep.types import Type

AGGREGATE = two_variables(
    "regr_count",
    "{pairs.n}",
    "number of pairs",
    defined="",
    result=Type.INT,
)
