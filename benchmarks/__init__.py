"""Benchmarks: the workloads W1 to W6, a reference in C, a runner and a comparison."""
