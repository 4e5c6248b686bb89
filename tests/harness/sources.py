"""One `SourceText` a rule text: a text that runs in many modes is parsed once."""

from __future__ import annotations

from functools import lru_cache

from cep.errors import SourceText


@lru_cache(maxsize=64)
def source_of(text: str, name: str = "<rules>") -> SourceText:
    """Return the same object for the same text and name."""
    return SourceText(name, text)
