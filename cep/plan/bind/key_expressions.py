"""PARTITION BY of an expression in MATCH: a subquery computes it, and the pattern is partitioned by its column."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING

from cep.lang import ast

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPUTED_KEY = "key$"
"""What the names of such columns begin with; no text can say it."""


def with_computed_keys(node: ast.Match) -> ast.Match:
    """Return a MATCH over one stream partitioned by columns only; anything else as it is.

    An expression must have a name (AS), and speak of the columns of the stream, not of variables.
    """
    computed = [item for item in node.partition_by if _is_computed(item)]
    if not computed or node.source is None or _names_streams((node.pattern, node.defines)):
        return node
    names = {id(item): f"{COMPUTED_KEY}{number}" for number, item in enumerate(computed, 1)}
    columns = tuple(ast.SelectItem(item.value, names[id(item)], item.span) for item in computed)
    query = ast.Select((ast.Star(node.span), *columns), node.source, span=node.span)
    keys = tuple(
        replace(item, value=ast.Name(names[id(item)], item.span)) if id(item) in names else item
        for item in node.partition_by
    )
    return replace(node, source=ast.Derived(query, span=node.span), partition_by=keys)


def _is_computed(item: ast.PartitionItem) -> bool:
    """Return whether a key is a named expression over columns."""
    value = item.value
    return item.alias is not None and not isinstance(value, ast.Name) and not _speaks(value)


def _speaks(node: object) -> bool:
    """Return whether an expression speaks of variables."""
    return isinstance(node, ast.Member) or any(_speaks(part) for part in _parts(node))


def _names_streams(node: object) -> bool:
    """Return whether some step has a stream of its own."""
    own = isinstance(node, ast.Atom | ast.Define) and node.stream is not None
    return own or any(_names_streams(part) for part in _parts(node))


def _parts(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        yield from node
    elif is_dataclass(node):
        yield from (getattr(node, part.name) for part in fields(node) if part.name != "span")
