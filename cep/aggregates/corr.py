"""CORR(y, x): the correlation of two values, -1 to 1; NULL if one of them is constant."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "corr",
    "div_f64({pairs.syx}, sqrt({pairs.sxx}) * sqrt({pairs.syy}))",
    "correlation coefficient",
    defined="{pairs.sxx} > 0.0 and {pairs.syy} > 0.0",
)
