"""The reference model: rules evaluated by brute force, straight from the AST, over whole streams.

It is written from the language specification, not from the engine, and imports nothing of it but
`cep.lang`, `cep.types`, `cep.times` and `cep.errors`. Everything is a list that is searched from its
start; nothing is fast. `World` takes rows in arrival order; `evaluate` runs one input to its end.
"""

from __future__ import annotations

from tests.oracle.world import UnsupportedError, World, evaluate

__all__ = ["UnsupportedError", "World", "evaluate"]
