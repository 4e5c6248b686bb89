"""R2: how much of the variance the least-squares line explains, 0 to 1; 1 if all values are equal."""

from __future__ import annotations

from cep.aggregates.line import line, line_formula

AGGREGATE = line(
    "r2",
    line_formula("line_fit", squares=True),
    "coefficient of determination of the least-squares line",
)
