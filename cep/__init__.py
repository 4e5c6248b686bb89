"""Complex event processing with a SQL-like rule language: the public names, resolved when first used."""

from __future__ import annotations

__version__ = "0.1.0"
