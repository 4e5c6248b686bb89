"""Streams without columns: a field is a column of type JSON once some statement reads it.

`CREATE STREAM s;` takes records of any fields. What rules name of it become its columns, so decoders read these fields and
no others; a field that a record lacks is NULL. A WATERMARK, alone in the parentheses, names the field that is the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from cep.lang import ast
from cep.plan.bind.refused import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cep.plan.bind.report import Report

_READERS = (ast.CreateRule, ast.CreateView, ast.CreateIncident)
_GIVEN = {"window_start", "window_end", "window_time"}  # what windows call their bounds
_JSON, _TIME = ast.TypeName("JSON"), ast.TypeName("TIMESTAMP")


def with_read_columns(statements: Sequence[ast.Statement], report: Report) -> list[ast.Statement]:
    """Return the statements with columns for streams that have none; one that rules write has what they write.

    Errors: CEP310 a star over such a stream.
    """
    written = {name for node in statements for name in _written(node)}
    open_streams: dict[str, dict[str, None]] = {
        node.name: {}
        for node in statements
        if isinstance(node, ast.CreateStream) and _is_open(node) and node.name not in written
    }
    declared = {
        node.name: {e.name for e in node.elements or () if isinstance(e, ast.ColumnDefinition)}
        for node in statements
        if isinstance(node, ast.CreateStream | ast.CreateTable)
    }
    for node in statements:
        if isinstance(node, _READERS):
            _read_by(node, open_streams, declared, report)
        elif isinstance(node, ast.Test):
            for given in node.given:
                if given.stream in open_streams:
                    open_streams[given.stream] |= dict.fromkeys(given.columns)
    return [
        _with_columns(node, open_streams[node.name])
        if isinstance(node, ast.CreateStream) and node.name in open_streams and _is_open(node)
        else node
        for node in statements
        if not (isinstance(node, ast.CreateStream) and _is_open(node) and node.name in written)
    ]


def _is_open(node: ast.CreateStream) -> bool:
    return not any(isinstance(e, ast.ColumnDefinition) for e in node.elements or ())


def _written(node: ast.Statement) -> Iterator[str]:
    if isinstance(node, ast.CreateRule):
        yield node.body.target or node.name
        yield from (t.target for t in node.timeouts if t.target)
    if isinstance(node, ast.CreateIncident):
        yield from (c.stream for c in node.clauses if isinstance(c, ast.IncidentInto))


def _with_columns(node: ast.CreateStream, names: dict[str, None]) -> ast.CreateStream:
    clauses = node.elements or ()
    times = [e.column for e in clauses if isinstance(e, ast.Watermark)]
    columns = [ast.ColumnDefinition(n, _TIME, span=node.span) for n in dict.fromkeys(times)]
    columns += [ast.ColumnDefinition(n, _JSON, span=node.span) for n in names if n not in times]
    return replace(node, elements=(*columns, *clauses))


@dataclass(slots=True)
class _Names:
    """What one statement names: streams by the names they go by, bare names, members by owner, variables of patterns."""

    streams: dict[str, set[str]] = field(default_factory=dict)
    bare: dict[str, None] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    stars: list[Any] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)


def _read_by(
    node: ast.Statement,
    open_streams: dict[str, dict[str, None]],
    declared: dict[str, set[str]],
    report: Report,
) -> None:
    """Add what a statement reads of each stream without columns."""
    names = _Names()
    _collect(node, names)
    if isinstance(node, ast.CreateIncident):
        names.bare |= dict.fromkeys(node.keys)
    read = {stream for streams in names.streams.values() for stream in streams}
    mine = [s for s in open_streams if s in read]
    if not mine:
        return
    for star in names.stars:
        refuse(report, "CreateStream.schemaless", star.span)
    others = {c for s in read - set(mine) for c in declared.get(s, ())}
    hidden = _GIVEN | others | set(names.streams) | names.variables
    for stream in mine:
        owners = {owner for owner, streams in names.streams.items() if stream in streams}
        # A variable without a stream of its own is of the one that FROM names.
        owners |= names.variables - set(names.streams)
        found = {
            n: None for owner in names.members if owner in owners for n in names.members[owner]
        }
        bare = {n: None for n in names.bare if n not in hidden}
        fields_of = {n: None for n in names.members if n not in owners and n not in hidden}
        open_streams[stream] |= bare | fields_of | found


def _collect(node: Any, names: _Names) -> None:
    """Walk a part of a statement."""
    if isinstance(node, tuple):
        for part in node:
            _collect(part, names)
        return
    if isinstance(node, ast.Name):
        names.bare[node.name] = None
        return
    if isinstance(node, ast.Member) and isinstance(node.target, ast.Name):
        names.members.setdefault(node.target.name, {})[node.name] = None
        return
    if not is_dataclass(node) or isinstance(node, type):
        return
    _note(node, names)
    for part in fields(node):
        if part.name != "span":
            _collect(getattr(node, part.name), names)


def _is_star(item: Any) -> bool:
    return isinstance(item, ast.Star) or isinstance(item.value, ast.MemberStar)


def _note(node: Any, names: _Names) -> None:
    """Note a star, a variable, or a stream and what it goes by."""
    match node:
        case ast.Select(items=items, from_=from_) if not isinstance(
            from_, ast.MatchRecognize | ast.Derived
        ):
            names.stars += [i for i in items if _is_star(i)]
        case ast.TableName(name=name, alias=alias) | ast.IncidentOn(stream=name, alias=alias):
            names.streams.setdefault(alias or name, set()).add(name)
        case (
            ast.TableFunction(standard=False, args=(ast.Name(name=name), *_))
            | ast.TableArgument(table=str(name))
        ):
            names.streams.setdefault(name, set()).add(name)
        case (
            ast.Atom(variable=variable, stream=stream)
            | ast.Define(variable=variable, stream=stream)
        ):
            names.variables.add(variable)
            if stream is not None:
                names.streams.setdefault(variable, set()).add(stream)
        case _:
            pass
