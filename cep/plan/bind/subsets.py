"""SUBSET of MATCH: one name for several variables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.schema import Schema

if TYPE_CHECKING:
    from cep.lang import ast
    from cep.plan.bind.environment import StreamInfo
    from cep.plan.bind.events import BoundVariable
    from cep.plan.bind.report import Report


def bind_subsets(
    subsets: tuple[ast.Subset, ...], variables: dict[str, BoundVariable], report: Report
) -> dict[str, BoundVariable]:
    """Return the names SUBSET gives to several variables; of several streams they have the columns in common.

    Errors: CEP204, CEP209 name taken, CEP249 negated variable.
    """
    found: dict[str, BoundVariable] = {}
    for subset in subsets:
        members = [variables[name] for name in subset.variables if name in variables]
        unknown = [name for name in subset.variables if name not in variables]
        if subset.name in variables or subset.name in found:
            report.add("CEP209", f"{subset.name!r} is the name of a variable", subset.span)
        elif unknown:
            report.add("CEP204", f"unknown variable {unknown[0]!r}", subset.span)
        elif any(v.negated for v in members):
            report.add("CEP249", "a variable behind NOT has no event", subset.span)
        else:
            names = tuple(dict.fromkeys(subset.variables))
            stream = _in_common([v.stream for v in members])
            first = replace(members[0], stream=stream)
            found[subset.name] = replace(first, name=subset.name, members=names)
    return found


def _in_common(streams: list[StreamInfo]) -> StreamInfo:
    """Return the first stream with the columns that all have with the same type."""
    columns = []
    for column in streams[0].schema.columns:
        found = [stream.schema.find(column.name) for stream in streams]
        if all(c is not None and c.type is column.type for c in found):
            not_null = all(c is not None and c.not_null for c in found)
            columns.append(replace(column, not_null=not_null))
    unknown = any(stream.unknown for stream in streams)
    return replace(streams[0], schema=Schema(tuple(columns)), unknown=unknown)
