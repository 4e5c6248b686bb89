"""Absence: `NOT n` between two steps (a guard) and `NOT n FOR d` (a guard with a deadline)."""

from __future__ import annotations

from cep.pattern.build.fragment import Fragment, Guard


def absent(variables: tuple[str, ...], for_us: int | None) -> Fragment:
    """Return the fragment of an absence: no step, something to be crossed."""
    return Fragment((), (), (), empty=(Guard(variables, for_us),))
