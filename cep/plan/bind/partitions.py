"""PARTITION BY of MATCH: a column all streams have, or equalities between columns of variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.refused import refuse
from cep.schema import ColumnSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cep.errors import Span
    from cep.plan.bind.environment import StreamInfo
    from cep.plan.bind.events import BoundVariable
    from cep.plan.bind.report import Report


@dataclass(frozen=True, slots=True)
class Key:
    """A partition key: its name and type, and its column in every input."""

    column: ColumnSpec
    columns: tuple[str, ...]


def bind_partition(
    items: tuple[ast.PartitionItem, ...],
    inputs: tuple[StreamInfo, ...],
    variables: Mapping[str, BoundVariable],
    report: Report,
) -> tuple[Key, ...]:
    """Return the partition keys (ruling 20).

    Errors: CEP202, CEP204, CEP209, CEP246, CEP312.
    """
    keys: list[Key] = []
    for item in items:
        named = _named_columns(item, inputs, variables, report)
        if named is None:
            continue
        name, columns = named
        key = _typed(name, columns, item.span, inputs, report)
        if any(k.column.name == name for k in keys):
            report.add("CEP209", f"key {name!r} is given twice", item.span)
        elif key is not None:
            keys.append(key)
    return tuple(keys)


def _named_columns(
    item: ast.PartitionItem,
    inputs: tuple[StreamInfo, ...],
    variables: Mapping[str, BoundVariable],
    report: Report,
) -> tuple[str, tuple[str, ...]] | None:
    """Return the name of a key and its column in each input."""
    if isinstance(item.value, ast.Name):
        return item.alias or item.value.name, (item.value.name,) * len(inputs)
    pairs = list(_equalities(item.value))
    if not all(isinstance(side, ast.Member) for pair in pairs for side in pair):
        refuse(report, "Match.partition", item.span)
        return None
    columns: dict[int, str] = {}
    joined: set[tuple[str, str]] = set()
    for left, right in pairs:
        sides = {s for s in (_side(left, variables, report), _side(right, variables, report)) if s}
        if len(sides) < 2:
            return None
        if joined and not joined & sides:
            hint = "every equality shares a column with one before it"
            report.add("CEP246", "these equalities are not one key", item.span, hint)
            return None
        joined |= sides
    for name, column in sorted(joined):
        number = variables[name].input
        if columns.setdefault(number, column) != column:
            message = f"stream {inputs[number].name} has two columns in one key"
            report.add("CEP246", message, item.span)
            return None
    missing = [s.name for n, s in enumerate(inputs) if n not in columns]
    if missing:
        message = f"this key says nothing about stream {missing[0]}"
        report.add("CEP246", message, item.span, "add an equality for it")
        return None
    if item.alias is None and len(set(columns.values())) > 1:
        report.add("CEP246", "this key has no name", item.span, "add AS name")
        return None
    return item.alias or columns[0], tuple(columns[n] for n in range(len(inputs)))


def _equalities(node: ast.Expression) -> Iterator[tuple[ast.Expression, ast.Expression]]:
    """Yield the sides of a conjunction of equalities; something else as a pair of itself."""
    if isinstance(node, ast.Binary) and node.operator == "and":
        yield from _equalities(node.left)
        yield from _equalities(node.right)
    elif isinstance(node, ast.Binary) and node.operator == "eq":
        yield node.left, node.right
    else:
        yield ast.Null(), ast.Null()


def _side(
    node: ast.Expression, variables: Mapping[str, BoundVariable], report: Report
) -> tuple[str, str] | None:
    """Return variable and column of one side of an equality.

    Errors: CEP204, CEP312.
    """
    if not isinstance(node, ast.Member) or not isinstance(node.target, ast.Name):
        refuse(report, "Match.partition", node.span)
        return None
    owner = node.target.name
    if owner not in variables:
        hint = nearest(owner, variables)
        report.add("CEP204", f"unknown variable {owner!r}", node.span, hint)
        return None
    return owner, node.name


def _typed(
    name: str,
    columns: tuple[str, ...],
    span: Span,
    inputs: tuple[StreamInfo, ...],
    report: Report,
) -> Key | None:
    """Return a key whose columns exist and have one type."""
    found = None
    for stream, column_name in zip(inputs, columns, strict=True):
        column = stream.schema.find(column_name)
        if stream.unknown:
            continue
        if column is None:
            hint = nearest(column_name, stream.schema.names())
            message = f"stream {stream.name} has no column {column_name!r} to partition by"
            report.add("CEP246", message, span, hint)
            return None
        if found is not None and column.type is not found:
            message = f"{name!r} is {found.value} in one stream and {column.type.value} in another"
            report.add("CEP246", message, span)
            return None
        found = column.type
    return None if found is None else Key(ColumnSpec(name, found), columns)
