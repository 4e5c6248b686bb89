"""The language: text to tree to AST and back."""
