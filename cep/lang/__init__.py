"""The language: text to tree to AST and back. The door is `parse`."""

from __future__ import annotations

from cep.lang.parser import ParseResult, parse

__all__ = ["ParseResult", "parse"]
