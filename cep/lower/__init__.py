"""Lowering: from the typed plan to the operator graph."""
