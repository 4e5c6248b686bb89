"""REGR_INTERCEPT(y, x): the value of the least-squares line of y over x at x = 0; NULL if x is constant."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_intercept",
    "{pairs.mean_y} - div_f64({pairs.syx}, {pairs.sxx}) * {pairs.mean_x}",
    "value of the line of y over x at 0",
    defined="{pairs.sxx} > 0.0",
)
