"""Kernels of joins: pairs within a time (`within`), the latest row of a key (`lookup`)."""
