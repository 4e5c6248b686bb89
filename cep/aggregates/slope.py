"""SLOPE: the least-squares slope against event time, per second; times are centred."""

from __future__ import annotations

from cep.aggregates.line import line, line_formula

AGGREGATE = line("slope", line_formula("line_slope"), "slope of the least-squares line, per second")
