"""One seeded fault: what breaks, and the one replacement in one file that breaks it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault.

    name: what breaks. file: where. old, new: which text becomes which. likely: case files (without suffix)
    that are run first. tier: the execution tier in which the fault shows.
    """

    name: str
    file: str
    old: str
    new: str
    likely: tuple[str, ...]
    tier: str = "python"
