"""Scopes: what a name, a qualified name or an aggregate means at a place of a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import nearest
from cep.plan.bind.report import BROKEN
from cep.plan.expressions import Column, Expr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.errors import Span
    from cep.lang import ast
    from cep.plan.bind.environment import Environment
    from cep.schema import Schema


class Scope:
    """Meaning of names at one place; the base knows no column at all (constants).

    place: the clause, as named in messages.
    """

    def __init__(self, environment: Environment, place: str) -> None:
        self.environment = environment
        self.report = environment.report
        self.place = place

    def name(self, name: str, span: Span) -> Expr:
        """Return what a bare name stands for."""
        return self.report.add("CEP215", f"{self.place} must be a constant, not {name!r}", span)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return what `owner.name` stands for."""
        return self.name(f"{owner}.{name}", span)

    def json(self, name: str, span: Span) -> Expr | None:
        """Return a column of type JSON or MAP that a bare name stands for; None where `name.x` is no field of it."""
        del name, span
        return None

    def known(self, node: ast.Expression) -> Expr | None:
        """Return what a whole expression stands for, if the scope knows it (a key of GROUP BY)."""
        del node
        return None

    def call(self, node: ast.Call) -> Expr | None:
        """Return a call that means something special here, or None for an ordinary function."""
        return refuse_aggregate(node, self)


class RowScope(Scope):
    """One row of a schema: WHERE, the arguments of aggregates, keys of SUPPRESS, ..

    unknown: the columns are not known because of an earlier mistake; any name is silently broken.
    """

    def __init__(
        self,
        environment: Environment,
        place: str,
        schema: Schema,
        qualifiers: Iterable[str] = (),
        *,
        unknown: bool = False,
    ) -> None:
        super().__init__(environment, place)
        self.schema = schema
        self.qualifiers = tuple(dict.fromkeys(qualifiers))
        self.unknown = unknown

    @property
    def joined(self) -> bool:
        """Whether the row is one of a join, whose columns are called `owner.column`."""
        return len(self.qualifiers) > 1

    def name(self, name: str, span: Span) -> Expr:
        """Return a column of the row."""
        found = [column for q in self.qualifiers if (column := self.schema.find(f"{q}.{name}"))]
        if self.joined and len(found) > 1:
            owners = " or ".join(column.name for column in found)
            message = f"both sides of the join have a column {name!r}"
            return self.report.add("CEP202", message, span, f"write {owners}")
        column = found[0] if self.joined and found else self.schema.find(name)
        if column is not None:
            return Column(0, column.name, column.type, column.not_null, span)
        if self.unknown:
            return BROKEN
        return self.unknown_column(name, self.schema.names(), span)

    def json(self, name: str, span: Span) -> Expr | None:
        """Return a column with fields; a stream or alias of that name goes first."""
        column = self.schema.find(name)
        if name in self.qualifiers or column is None:
            return None
        return self.name(name, span) if column.type.has_fields else None

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column named with its stream or alias."""
        if self.joined and owner in self.qualifiers:
            return self.name(f"{owner}.{name}", span)
        if self.unknown or owner in self.qualifiers:
            return self.name(name, span)
        hint = nearest(owner, self.qualifiers)
        return self.report.add("CEP202", f"{owner!r} is no stream of this query", span, hint)

    def unknown_column(self, name: str, names: Iterable[str], span: Span) -> Expr:
        """Report a column that is not there, with the nearest one that is."""
        names = list(names)
        hint = nearest(name, names) or f"there are {', '.join(names) or 'no columns'}"
        return self.report.add("CEP202", f"unknown column {name!r}", span, hint)


def refuse_aggregate(node: ast.Call, scope: Scope) -> Expr | None:
    """Report an aggregate or window function at a place that has none; None for other functions.

    Errors: CEP220 window function, CEP221 aggregate.
    """
    from cep.aggregates import AGGREGATES

    name = node.name.upper()
    if node.over is not None:
        message = f"window function {name} cannot stand in {scope.place}"
        hint = "conditions on window functions go to QUALIFY"
        return scope.report.add("CEP220", message, node.span, hint)
    if node.name.lower() in AGGREGATES:
        message = f"aggregate {name} cannot stand in {scope.place}"
        hint = "conditions on aggregates go to HAVING (with GROUP BY) or QUALIFY (with OVER)"
        return scope.report.add("CEP221", message, node.span, hint)
    return None
