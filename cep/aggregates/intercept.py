"""INTERCEPT: the value of the least-squares line at the first sample of the frame."""

from __future__ import annotations

from cep.aggregates.line import line, line_formula

AGGREGATE = line(
    "intercept",
    line_formula("line_value", "{line.first_ts}"),
    "value of the least-squares line at the first sample",
)
