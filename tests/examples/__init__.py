"""Tests of the benchmarks, the rule files and the examples."""
