"""Names of output columns: the alias, else the last identifier, else the function (ruling 29)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from cep.lang import ast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cep.errors import Span
    from cep.plan.bind.report import Report
    from cep.plan.nodes import Item


HIDDEN = "$"
"""How the names of columns begin that `*` passes over; none in a file begins so."""


def item_name(node: ast.Expression) -> str | None:
    """Return the name of an item without alias, or None if it contains no name at all."""
    match node:
        case ast.Name() | ast.Member():
            return node.name
        case ast.Call():
            return node.name.lower()
        case ast.Cast():
            return item_name(node.operand)
        case _:
            names = list(_identifiers(node))
            return names[-1] if names else None


def _identifiers(node: object) -> Iterator[str]:
    """Yield the names of columns and functions in an expression, in text order."""
    match node:
        case ast.Name() | ast.Member():
            yield node.name
        case ast.Call():
            yield node.name.lower()
        case tuple():
            for part in node:
                yield from _identifiers(part)
        case _ if is_dataclass(node) and not isinstance(node, ast.TypeName):
            for part in fields(node):
                yield from _identifiers(getattr(node, part.name))
        case _:
            return


def fresh(name: str, taken: Iterable[str]) -> str:
    """Return `name_0`, `name_1`, .. the first that is not taken."""
    used = set(taken)
    number = 0
    while f"{name}_{number}" in used:
        number += 1
    return f"{name}_{number}"


def no_duplicates(items: Iterable[tuple[Item, Span]], report: Report) -> None:
    """Report items that have the name of an earlier one.

    Errors: CEP209.
    """
    seen: set[str] = set()
    for item, span in items:
        if item.name in seen:
            hint = "give one of them another name with AS"
            report.add("CEP209", f"two output columns are called {item.name!r}", span, hint)
        seen.add(item.name)
