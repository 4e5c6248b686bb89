"""REGR_R2(y, x): how much of the variance of y the line explains; NULL if x is constant, 1 if y is."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_r2",
    "(div_f64({pairs.syx}, {pairs.sxx}) * div_f64({pairs.syx}, {pairs.syy})"
    " if {pairs.syy} > 0.0 else 1.0)",
    "coefficient of determination of the line of y over x",
    defined="{pairs.sxx} > 0.0",
)
