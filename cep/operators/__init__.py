"""Operators: what runs a rule's kernels on batches and keeps their state."""
