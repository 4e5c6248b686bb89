"""Checks the invariants of a MATCH_RECOGNIZE in a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cep.plan.expressions import Aggregate, Bound, Column, Meta
from cep.plan.recognition import (
    CLASSIFIER,
    RowChoice,
    RowEmpty,
    RowExcluded,
    RowFirst,
    RowFollowed,
    RowLoop,
    RowSequence,
    RowStep,
)
from cep.plan.tree import walk
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cep.plan.expressions import Expr
    from cep.plan.recognition import Recognize, RowPattern


def recognize_faults(node: Recognize) -> Iterator[str]:
    """Yield a sentence for each broken invariant of the node by itself."""
    names = {v.name for v in node.variables}
    schema = node.inputs[0].schema
    types = {c.name: c.type for c in schema.columns}
    for name in row_variables(node.pattern):
        if name not in names:
            yield f"pattern variable {name} is not defined"
    for _, members in node.subsets:
        if not set(members) <= names:
            yield f"subset of unknown variables {members}"
    known = dict(types)
    ahead = {shift.name for shift in node.shifted if shift.offset < 0}
    for shift in node.shifted:
        if shift.column not in types or shift.offset == 0:
            yield f"column {shift.column} shifted by {shift.offset}"
        else:
            known[shift.name] = types[shift.column]
    conditions = [v.condition for v in node.variables if v.condition is not None]
    for expr in (*conditions, *(m.value for m in node.measures)):
        yield from _expression(expr, node, known)
    read = {part.name for c in conditions for part in walk(c) if isinstance(part, Bound | Column)}
    if read & ahead:
        yield "a condition reads rows that have not come yet"
    if any(c.type is not Type.BOOLEAN for c in conditions):
        yield "a condition is not BOOLEAN"
    yield from _output_faults(node, types)


def _output_faults(node: Recognize, types: dict[str, Type]) -> Iterator[str]:
    """Yield what is wrong with the columns of the output."""
    shape = [(n, types.get(n)) for n in (*node.partition, *node.columns)]
    shape += [(m.name, m.value.type) for m in node.measures]
    for item in node.items:
        for part in walk(item.value):
            if isinstance(part, Column) and (part.name, part.type) not in shape:
                yield f"no key, column or measure {part.name}"
    made = [(i.name, i.value.type) for i in node.items] or shape
    if made != [(c.name, c.type) for c in node.schema.columns]:
        yield "schema is not keys, columns, measures; nor items"


def _expression(expr: Expr, node: Recognize, known: dict[str, Type]) -> Iterator[str]:
    variables = {v.name for v in node.variables}
    for part in walk(expr):
        match part:
            case Bound() if part.name == CLASSIFIER:
                if part.type is not Type.STRING:
                    yield "CLASSIFIER is not STRING"
            case Bound() | Column():
                if known.get(part.name) is not part.type:
                    yield f"no column {part.name}"
            case Aggregate() if not set(part.variables) <= variables:
                yield f"aggregate over unknown variables {part.variables}"
            case Meta() if part.what != "match_number":
                yield f"no fact {part.what} in MATCH_RECOGNIZE"
            case _:
                yield from ()


def row_variables(pattern: RowPattern) -> tuple[str, ...]:
    """Return the variables of a row pattern in text order, each as often as it stands there."""
    found: list[str] = []
    for part in row_parts(pattern):
        if isinstance(part, RowStep):
            found.append(part.variable)
        elif isinstance(part, RowFollowed):
            found += part.guards
    return tuple(found)


def row_parts(pattern: RowPattern) -> Iterator[RowPattern]:
    """Yield a row pattern and everything in it, outermost first."""
    yield pattern
    match pattern:
        case RowStep() | RowEmpty() | RowFirst() | RowFollowed():
            return
        case RowLoop() | RowExcluded():
            yield from row_parts(pattern.part)
        case RowSequence() | RowChoice():
            for part in pattern.parts:
                yield from row_parts(part)
        case _:
            assert_never(pattern)
