"""Patterns: from the pattern of a MATCH to a deterministic automaton over its steps."""
