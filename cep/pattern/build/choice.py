"""Alternatives `A | B`: the left one is preferred."""

from __future__ import annotations

from cep.pattern.build.fragment import Fragment


def choice(parts: tuple[Fragment, ...]) -> Fragment:
    """Return the fragment of alternatives; the first that can be empty says what is crossed then."""
    whole = Fragment((), (), ())
    for part in parts:
        moved = part.moved(len(whole.steps))
        whole = Fragment(
            whole.steps + part.steps,
            whole.firsts + moved.firsts,
            whole.lasts + moved.lasts,
            whole.follow + moved.follow,
            part.empty if whole.empty is None else whole.empty,
            whole.loops + moved.loops,
        )
    return whole
