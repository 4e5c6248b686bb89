"""Lists of any length: what walks expressions does not go as deep as IN is long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from binding import match, plan_of, rule, text_of

from cep.plan.nodes import Match, Node
from cep.plan.tree import source_of, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ", ".join(f"'k{number}'" for number in range(3000))


def nodes(node: Node | None) -> Iterator[Node]:
    """Yield a chain of nodes from the top down."""
    while node is not None:
        yield node
        node = source_of(node)


def test_in_of_3000_texts() -> None:
    text = text_of(rule(f"SELECT room FROM r WHERE room IN ({NAMES})"), optimized=True)
    assert text.count("'k2999'") == 1


def test_not_in_of_3000_texts_in_a_pattern() -> None:
    plan = plan_of(match(f"a[room NOT IN ({NAMES})] -> b"))
    found = next(n for n in nodes(plan.rules[0].root) if isinstance(n, Match))
    condition = found.variables[0].condition
    assert condition is not None
    assert sum(1 for _ in walk(condition)) > 3000
