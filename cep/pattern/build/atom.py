"""A step `v`: one event."""

from __future__ import annotations

from cep.pattern.build.fragment import Fragment, Step


def atom(variable: str) -> Fragment:
    """Return the fragment of one step."""
    return Fragment((Step(variable),), firsts=((0, ()),), lasts=((0, ()),))
