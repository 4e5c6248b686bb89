"""The runner of `.test` cases: format, modes, comparison."""
