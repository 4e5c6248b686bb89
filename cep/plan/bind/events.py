"""Scopes of patterns: conditions of steps, aggregates over bindings, the select list over a match."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.aggregates import bind_aggregate, find_aggregate
from cep.plan.bind.constants import bind_count
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.operators import convert, fits
from cep.plan.bind.report import BROKEN, is_broken
from cep.plan.bind.scopes import RowScope, Scope
from cep.plan.expressions import EVENT, Aggregate, Bound, Column, Expr
from cep.plan.nodes import ANY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cep.errors import Span
    from cep.plan.bind.environment import Environment, StreamInfo

MATCH_FUNCTIONS = (
    "match_id",
    "match_start",
    "match_end",
    "match_duration",
    "match_number",
    "match_step",
    "match_state",
    "match_reason",
    "classifier",
)


@dataclass(frozen=True, slots=True)
class BoundVariable:
    """A variable with its stream, resolved: `input` is the number of the stream among the inputs.

    members: of a SUBSET, its variables.
    """

    name: str
    stream: StreamInfo
    input: int
    negated: bool
    members: tuple[str, ...] = ()

    def holds(self, name: str) -> bool:
        """Return whether events of the variable `name` count as events of this variable or subset."""
        return name in self.members or name == self.name


class PatternScope(Scope):
    """What conditions and the select list of a pattern share: variables, navigation, aggregates.

    candidate: the variable whose condition is bound, None in the select list.
    """

    def __init__(
        self,
        environment: Environment,
        place: str,
        variables: Mapping[str, BoundVariable],
        candidate: BoundVariable | None,
    ) -> None:
        super().__init__(environment, place)
        self.variables = variables
        self.candidate = candidate

    def positive(self) -> list[BoundVariable]:
        """Return the variables that bind events, in order of appearance."""
        return [v for v in self.variables.values() if not v.negated and not v.members]

    def variable(self, name: str, span: Span) -> BoundVariable | None:
        """Return the variable of that name that binds events, or None.

        Errors: CEP204 unknown variable, CEP249 negated variable.
        """
        found = self.variables.get(name)
        if found is None:
            hint = nearest(name, self.variables) or f"there are {', '.join(self.variables)}"
            self.report.add("CEP204", f"unknown variable {name!r}", span, hint)
            return None
        if found.negated:
            message = f"{name!r} stands behind NOT: it never has an event"
            self.report.add("CEP249", message, span)
            return None
        return found

    def column_of(self, variable: BoundVariable, name: str, span: Span) -> Expr:
        """Return a column of the stream of a variable, as a column of its input."""
        stream = variable.stream
        rows = RowScope(self.environment, self.place, stream.schema, unknown=stream.unknown)
        column = rows.name(name, span)
        return column if is_broken(column) else replace_input(column, variable.input)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column of the last event bound to a variable; of the candidate for its own and for its subsets."""
        if self.candidate is not None and owner == self.candidate.name:
            return self.column_of(self.candidate, name, span)
        variable = self.variable(owner, span)
        if variable is None:
            return BROKEN
        if self.candidate is not None and variable.holds(self.candidate.name):
            return self.column_of(self.candidate, name, span)
        return self.bound(variable, name, span)

    def bound(self, variable: BoundVariable, name: str, span: Span) -> Expr:
        """Return a column of the last event bound to a variable."""
        column = self.column_of(variable, name, span)
        if is_broken(column):
            return BROKEN
        return self.leaf(Bound(variable.name, name, column.type, span=span))

    def leaf(self, value: Bound | Aggregate) -> Expr:
        """Return what stands for a value read from the bindings."""
        return value

    def call(self, node: ast.Call) -> Expr | None:
        """Return navigation (FIRST, LAST), an aggregate or a match function; None for the rest."""
        name = node.name.lower()
        if node.over is not None:
            hint = "write a second rule that reads the output stream of this one"
            return self.report.add("CEP224", "OVER in the same SELECT as MATCH", node.span, hint)
        if name in ("first", "last"):
            return self._navigate(node)
        if name == "prev":
            return self._previous(node)
        if name in MATCH_FUNCTIONS:
            return self.match_function(node)
        function = find_aggregate(node)
        if function is None:
            return None
        owners = self._owners(node)
        if owners is None:
            return BROKEN
        events = EventScope(self.environment, f"an argument of {node.name.upper()}", owners)
        aggregate = bind_aggregate(node, function, events, "match")
        if aggregate is None:
            return BROKEN
        names = tuple(name for v in owners for name in (v.members or (v.name,)))
        candidate = self.candidate is not None and self.candidate.name in names
        return self.leaf(replace(aggregate, variables=names, candidate=candidate))

    def match_function(self, node: ast.Call) -> Expr:
        """Return a fact about the match; there is none before it is complete.

        Errors: CEP225.
        """
        message = f"{node.name.upper()} has no value before the match is complete"
        return self.report.add("CEP225", message, node.span, "use it in SELECT")

    # ------------------------------------------------------------ FIRST and LAST

    def _navigate(self, node: ast.Call) -> Expr:
        """`LAST(v.x [, n [, default]])`: the n-th event before the last one bound to v.

        Errors: CEP204, CEP214, CEP217, CEP225, CEP249.
        """
        name = node.name.upper()
        if node.star or node.distinct or node.filter is not None:
            message = f"*, DISTINCT and FILTER do not apply to {name} in a pattern"
            return self.report.add("CEP225", message, node.span)
        args = [a for a in node.args if not isinstance(a, ast.NamedArgument)]
        if not 1 <= len(args) <= 3 or len(args) != len(node.args):
            message = f"{name} takes a column, and may take an offset and a default"
            return self.report.add("CEP214", message, node.span, f"write {name}(v.column, 1, 0)")
        found = self._navigated(args[0], name)
        if found is None:
            return BROKEN
        variable, column = found
        offset = 0
        if len(args) > 1:
            count = bind_count(args[1], f"the offset of {name}", self.environment)
            if count is None:
                return BROKEN
            offset = count
        default = self._default(args[2], column) if len(args) == 3 else None
        if default is not None and is_broken(default):
            return BROKEN
        own = self.candidate is not None and variable.holds(self.candidate.name)
        which: OneOf["first", "last"] = "first" if name == "FIRST" else "last"
        return self.leaf(
            Bound(variable.name, column.name, column.type, which, offset, own, default, node.span)
        )

    def _previous(self, node: ast.Call) -> Expr:
        """`PREV(x [, n])`: the n-th earlier event of the candidate's stream in the partition (ruling 18).

        Errors: CEP211, CEP214, CEP225, CEP248.
        """
        own = self.candidate
        if own is None or node.star or node.distinct or node.filter is not None:
            message = "PREV has a value in a condition only: the event before the one being tested"
            hint = "define the variable that binds that event, or take LAST(v.column, 1)"
            return self.report.add("CEP225", message, node.span, hint)
        args = [a for a in node.args if not isinstance(a, ast.NamedArgument)]
        if not 1 <= len(args) <= 2 or len(args) != len(node.args):
            hint = "write PREV(column, 1)"
            message = "PREV takes a column, and may take an offset"
            return self.report.add("CEP214", message, node.span, hint)
        match args[0]:
            case ast.Member(target=ast.Name(name=owner)) if owner != own.name:
                message = f"PREV counts events before the candidate, which is {own.name!r} here"
                return self.report.add(
                    "CEP248", message, args[0].span, f"write PREV({own.name}.column)"
                )
            case ast.Member(target=ast.Name()) | ast.Name():
                column = self.column_of(own, args[0].name, args[0].span)
            case _:
                return self.report.add("CEP211", "PREV takes a column", args[0].span)
        offset = 1
        if len(args) > 1:
            count = bind_count(args[1], "the offset of PREV", self.environment)
            if count is None:
                return BROKEN
            offset = count
        if not isinstance(column, Column):
            return BROKEN
        if offset == 0:
            return column
        bound = Bound(
            own.name, column.name, column.type, "prev", offset, candidate=True, span=node.span
        )
        return self.leaf(bound)

    def _navigated(self, node: ast.Expression, name: str) -> tuple[BoundVariable, Column] | None:
        match node:
            case ast.Member(target=ast.Name(name=owner)):
                variable = self.variable(owner, node.span)
            case ast.Name():
                variable = self._only_owner(node)
            case _:
                hint = f"write {name}(v.column)"
                self.report.add("CEP211", f"{name} takes a column of a variable", node.span, hint)
                return None
        if variable is None:
            return None
        column = self.column_of(variable, node.name, node.span)
        return (variable, column) if isinstance(column, Column) else None

    def _only_owner(self, node: ast.Name) -> BoundVariable | None:
        """Return whose bare column it is: of the pattern's one variable, or of all its variables of one stream.

        Errors: CEP248.
        """
        owners = self.positive()
        if len(owners) == 1:
            return owners[0]
        if len({v.input for v in self.variables.values()}) == 1:
            names = tuple(v.name for v in owners)
            return BoundVariable(
                ANY_VARIABLE, owners[0].stream, owners[0].input, negated=False, members=names
            )
        hint = f"write {owners[0].name}.{node.name}" if owners else ""
        message = f"{node.name!r} is a column of several variables here"
        self.report.add("CEP248", message, node.span, hint)
        return None

    def _default(self, node: ast.Expression, column: Column) -> Expr:
        value = bind_expression(node, self)
        if is_broken(value):
            return BROKEN
        if not fits(value.type, column.type):
            message = f"the default is {value.type.value}, the column {column.type.value}"
            return self.report.add("CEP217", message, node.span)
        return convert(value, column.type)

    # ------------------------------------------------------------ aggregates

    def _owners(self, node: ast.Call) -> list[BoundVariable] | None:
        """Return the variables over whose events an aggregate runs (ruling 18).

        Errors: CEP202, CEP204, CEP217, CEP249.
        """
        names = list(dict.fromkeys(_qualifiers((node.args, node.filter))))
        if len(names) > 1:
            message = f"{node.name.upper()} runs over the events of one variable"
            self.report.add("CEP249", message, node.span, f"not of {' and '.join(names)}")
            return None
        if names:
            variable = self.variable(names[0], node.span)
            return None if variable is None else [variable]
        columns = list(dict.fromkeys(_bare_names((node.args, node.filter))))
        positive = self.positive()
        owners = [v for v in positive if v.stream.unknown or _has(v.stream, columns)]
        if not owners:
            known = {n for v in positive for n in v.stream.schema.names()}
            missing = next((c for c in columns if c not in known), columns[0])
            hint = nearest(missing, known)
            self.report.add("CEP202", f"unknown column {missing!r}", node.span, hint)
            return None
        for column in columns:
            kinds = {c.type for v in owners if (c := v.stream.schema.find(column)) is not None}
            if len(kinds) > 1:
                message = f"column {column!r} has different types in the streams of this pattern"
                hint = f"say of which variable: {owners[0].name}.{column}"
                self.report.add("CEP217", message, node.span, hint)
                return None
        return owners


class EventScope(Scope):
    """One bound event inside an aggregate: columns of the variables it runs over."""

    def __init__(self, environment: Environment, place: str, owners: list[BoundVariable]) -> None:
        super().__init__(environment, place)
        self.rows = RowScope(
            environment,
            place,
            owners[0].stream.schema,
            unknown=any(v.stream.unknown for v in owners),
        )

    def name(self, name: str, span: Span) -> Expr:
        """Return a column of the bound event."""
        column = self.rows.name(name, span)
        return column if is_broken(column) else replace_input(column, EVENT)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column of the bound event; the owner has been checked before."""
        del owner
        return self.name(name, span)


def replace_input(column: Expr, number: int) -> Expr:
    """Return a column as one of another input."""
    return replace(column, input=number) if isinstance(column, Column) else column


def _has(stream: StreamInfo, columns: list[str]) -> bool:
    return all(stream.schema.find(c) is not None for c in columns)


def _qualifiers(node: object) -> Iterator[str]:
    """Yield the owners of qualified names in AST values, in text order."""
    match node:
        case ast.Member(target=ast.Name(name=name)) | ast.MemberStar(target=ast.Name(name=name)):
            yield name
        case _:
            for part in _parts(node):
                yield from _qualifiers(part)


def _bare_names(node: object) -> Iterator[str]:
    """Yield the bare names in AST values, in text order."""
    match node:
        case ast.Name():
            yield node.name
        case ast.Member() | ast.MemberStar():
            return
        case _:
            for part in _parts(node):
                yield from _bare_names(part)


def _parts(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        yield from node
    elif is_dataclass(node):
        for part in fields(node):
            if part.name != "span":
                yield getattr(node, part.name)
