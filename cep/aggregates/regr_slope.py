"""REGR_SLOPE(y, x): the slope of the least-squares line of y over x; NULL if x is constant."""

from __future__ import annotations

from cep.aggregates.two_variables import two_variables

AGGREGATE = two_variables(
    "regr_slope",
    "div_f64({pairs.syx}, {pairs.sxx})",
    "slope of the line of y over x",
    defined="{pairs.sxx} > 0.0",
)
