"""Scopes of MATCH_RECOGNIZE: conditions of DEFINE and expressions of MEASURES, with navigation over bound rows.

A name without a variable means all rows of the match. In the condition of a variable its own last row (and the last
row of a union it belongs to) is the row being tested.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.aggregates import bind_aggregate, find_aggregate, keeps_values
from cep.plan.bind.constants import bind_count
from cep.plan.bind.events import replace_input
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.names import fresh
from cep.plan.bind.operators import convert, fits
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import BROKEN, is_broken
from cep.plan.bind.scopes import RowScope, Scope
from cep.plan.constants import constant
from cep.plan.expressions import EVENT, Aggregate, Bound, Column, Expr, Literal, Meta
from cep.plan.recognition import ALL_ROWS, CLASSIFIER, RowMeasure, Shifted
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cep.errors import Span
    from cep.plan.bind.environment import Environment, StreamInfo

_MATCH_ONLY = frozenset({"match_id", "match_start", "match_end", "match_duration"})


@dataclass(slots=True)
class RowNames:
    """What names mean in one MATCH_RECOGNIZE: its variables and unions, the input, the look-behind columns asked for."""

    environment: Environment
    stream: StreamInfo
    variables: tuple[str, ...]
    subsets: Mapping[str, tuple[str, ...]]
    shifted: dict[str, Shifted]

    def members(self, name: str) -> tuple[str, ...]:
        """Return the variables that a variable, a union or `ALL_ROWS` stands for."""
        if name == ALL_ROWS:
            return self.variables
        return self.subsets.get(name, (name,))

    def shift(self, column: str, offset: int) -> str:
        """Return the name of a column `offset` rows before, or so many rows after if it is negative."""
        if offset == 0:
            return column
        name = f"PREV({column}, {offset})" if offset > 0 else f"NEXT({column}, {-offset})"
        self.shifted.setdefault(name, Shifted(name, column, offset))
        return name


@dataclass(frozen=True, slots=True)
class Place:
    """Which row navigation leads to: of the rows bound, then so many physical rows before (negative: after)."""

    which: OneOf["first", "last"] = "last"
    offset: int = 0
    shift: int = 0
    default: ast.Expression | None = None


class RowPatternScope(Scope):
    """What DEFINE and MEASURES share. candidate: the variable whose condition is bound, None in MEASURES."""

    def __init__(self, names: RowNames, place: str, candidate: str | None) -> None:
        super().__init__(names.environment, place)
        self.names = names
        self.candidate = candidate
        self.at = Place()

    # ------------------------------------------------------------ names

    def name(self, name: str, span: Span) -> Expr:
        """Return a column of the last row of the match so far (the candidate in a condition)."""
        return self._value(ALL_ROWS, name, span)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column of the last row bound to a variable or union."""
        return self._value(owner, name, span) if self._known(owner, span) else BROKEN

    def json(self, name: str, span: Span) -> Expr | None:
        """Return a column with fields of the row; a variable of that name goes first."""
        column = self.names.stream.schema.find(name)
        known = name in (*self.names.variables, *self.names.subsets, self.candidate)
        if known or column is None or not column.type.has_fields:
            return None
        return self.name(name, span)

    def _known(self, owner: str, span: Span) -> bool:
        known = (*self.names.variables, *self.names.subsets)
        if owner in known or owner == self.candidate:
            return True
        hint = nearest(owner, known) or f"there are {', '.join(known)}"
        self.report.add("CEP204", f"unknown variable {owner!r}", span, hint)
        return False

    def owns(self, owner: str) -> bool:
        """Whether the row being tested counts as a row of a variable or union."""
        if owner == ALL_ROWS:
            return self.candidate is not None
        return self.candidate is not None and self.candidate in self.names.members(owner)

    def _value(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column of the row that `self.at` leads to from the rows of `owner`."""
        stream, at = self.names.stream, self.at
        rows = RowScope(self.environment, self.place, stream.schema, unknown=stream.unknown)
        column = rows.name(name, span)
        if not isinstance(column, Column):
            return BROKEN
        shifted = self.names.shift(name, at.shift)
        if at.shift:
            column = Column(0, shifted, column.type, span=span)
        own = self.owns(owner)
        if own and at.which == "last" and at.offset == 0:
            return column
        default = self._default(at.default, column)
        if default is not None and is_broken(default):
            return BROKEN
        bound = Bound(owner, shifted, column.type, at.which, at.offset, own, default, span)
        return self.leaf(bound)

    def _default(self, node: ast.Expression | None, column: Column) -> Expr | None:
        if node is None:
            return None
        self.at, kept = Place(), self.at
        value = bind_expression(node, self)
        self.at = kept
        if is_broken(value):
            return BROKEN
        if not fits(value.type, column.type):
            message = f"the default is {value.type.value}, the column {column.type.value}"
            return self.report.add("CEP217", message, node.span)
        return convert(value, column.type)

    def leaf(self, value: Bound | Aggregate | Meta) -> Expr:
        """Return what stands for a value read from the bound rows."""
        return value

    # ------------------------------------------------------------ calls

    def known(self, node: ast.Expression) -> Expr | None:
        """Return a call behind RUNNING or FINAL."""
        if not isinstance(node, ast.Call) or node.mode is None:
            return None
        return self.moded(node, replace(node, mode=None))

    def moded(self, node: ast.Call, plain: ast.Call) -> Expr:
        """Return a call behind RUNNING (what conditions are anyway) or FINAL.

        Errors: CEP225.
        """
        if node.mode == "final":
            message = f"FINAL has no meaning in {self.place}: the match is not complete"
            return self.report.add("CEP225", message, node.span)
        return bind_expression(plain, self)

    def call(self, node: ast.Call) -> Expr | None:
        """Return navigation, CLASSIFIER, MATCH_NUMBER or an aggregate; None for ordinary functions."""
        name = node.name.lower()
        if node.over is not None:
            hint = "write a second rule that reads the output stream of this one"
            return self.report.add("CEP224", "OVER in MATCH_RECOGNIZE", node.span, hint)
        if name in ("first", "last", "prev", "next"):
            return self._navigate(node, name)
        if name == "classifier":
            return self._classifier(node)
        if name == "match_number":
            return self.match_number(node)
        if name in _MATCH_ONLY:
            message = f"{node.name.upper()} is a function of MATCH"
            return self.report.add("CEP225", message, node.span, "use FIRST(ts), LAST(ts)")
        function = find_aggregate(node)
        if function is None:
            return None
        if node.distinct and self.candidate is not None:
            return refuse(self.report, "Call.distinct", node.span)
        if self.at != Place():
            message = f"{node.name.upper()} cannot stand in FIRST, LAST or PREV"
            return self.report.add("CEP225", message, node.span)
        owner = self._owner((node.args, node.filter), node.span)
        if owner is None:
            return BROKEN
        rows = BoundRowScope(self.names, f"an argument of {node.name.upper()}")
        aggregate = bind_aggregate(node, function, rows, "match")
        if aggregate is None:
            return BROKEN
        if function.name != "count" and keeps_values(aggregate):
            return refuse(self.report, "Recognize.collects", node.span)
        members = tuple(v for v in self.names.variables if v in self.names.members(owner))
        return self.leaf(replace(aggregate, variables=members, candidate=self.owns(owner)))

    def _owner(self, node: object, span: Span) -> str | None:
        """Return the one variable or union that expressions speak of.

        Errors: CEP204, CEP249.
        """
        owners = list(dict.fromkeys(_owners(node)))
        if len(owners) > 1:
            names = " and ".join(o or "unqualified columns" for o in owners)
            self.report.add(
                "CEP249", "this runs over the rows of one variable", span, f"not {names}"
            )
            return None
        if owners and owners[0] != ALL_ROWS and not self._known(owners[0], span):
            return None
        return owners[0] if owners else ALL_ROWS

    def match_number(self, node: ast.Call) -> Expr:
        """Return MATCH_NUMBER(); there is none before the match is complete.

        Errors: CEP225.
        """
        message = "MATCH_NUMBER has no value before the match is complete"
        return self.report.add("CEP225", message, node.span, "use it in MEASURES")

    def _classifier(self, node: ast.Call) -> Expr:
        """`CLASSIFIER()`, `CLASSIFIER(U)`: the name of the variable of a row."""
        if len(node.args) > 1 or node.star or not all(isinstance(a, ast.Name) for a in node.args):
            message = "CLASSIFIER takes a variable or nothing"
            return self.report.add("CEP214", message, node.span)
        owner = node.args[0].name if node.args and isinstance(node.args[0], ast.Name) else ALL_ROWS
        if owner != ALL_ROWS and not self._known(owner, node.span):
            return BROKEN
        if self.at.shift:
            message = "CLASSIFIER cannot stand in PREV or NEXT: rows outside the match have none"
            return self.report.add("CEP225", message, node.span)
        if self.owns(owner) and self.at.which == "last" and self.at.offset == 0:
            return Literal(self.candidate, Type.STRING, node.span)
        bound = Bound(
            owner, CLASSIFIER, Type.STRING, self.at.which, self.at.offset, self.owns(owner)
        )
        return self.leaf(replace(bound, span=node.span))

    # ------------------------------------------------------------ FIRST, LAST, PREV, NEXT

    def _navigate(self, node: ast.Call, name: str) -> Expr:
        """FIRST and LAST go by the rows bound to a variable, PREV by the rows of the partition.

        Errors: CEP204, CEP214, CEP225, CEP249.
        """
        word = name.upper()
        if node.star or node.distinct or node.filter is not None:
            message = f"*, DISTINCT and FILTER do not apply to {word}"
            return self.report.add("CEP225", message, node.span)
        physical = name in ("prev", "next")
        most = 2 if physical else 3
        if not 1 <= len(node.args) <= most or _named(node):
            message = f"{word} takes an expression, and may take an offset"
            return self.report.add("CEP214", message, node.span)
        offset: int | None = int(physical)
        if len(node.args) > 1 and not isinstance(node.args[1], ast.NamedArgument):
            offset = bind_count(node.args[1], f"the offset of {word}", self.environment)
        if offset is None or self._owner(node.args[0], node.span) is None:
            return BROKEN
        inner = self._inner(node, name, offset)
        if inner is None:
            return BROKEN
        self.at, kept = inner, self.at
        value = bind_expression(node.args[0], self)  # type: ignore[arg-type]
        self.at = kept
        return value

    def _inner(self, node: ast.Call, name: str, offset: int) -> Place | None:
        """Return where the argument of a navigation is evaluated, None on a mistake."""
        if name in ("prev", "next"):
            if self.at != Place():
                message = f"{name.upper()} cannot stand in FIRST, LAST, PREV or NEXT"
                self.report.add("CEP225", message, node.span, "PREV(LAST(v.x, n), m) is the way")
                return None
            if name == "prev":
                return Place(shift=offset)
            return Place(shift=-offset) if not offset or self._has_next(node) else None
        if (self.at.which, self.at.offset) != ("last", 0) or self.at.default is not None:
            message = "FIRST and LAST cannot stand in each other"
            self.report.add("CEP225", message, node.span)
            return None
        default = node.args[2] if len(node.args) == 3 else None
        if isinstance(default, ast.NamedArgument):
            default = default.value
        which: OneOf["first", "last"] = "first" if name == "first" else "last"
        return Place(which, offset, self.at.shift, default)

    def _has_next(self, node: ast.Call) -> bool:
        """Whether NEXT may stand here.

        Errors: CEP225 in a condition.
        """
        if self.candidate is None:
            return True
        message = "NEXT in DEFINE: the next row has not come yet"
        self.report.add("CEP225", message, node.span, "test it in the variable that follows")
        return False


class MeasureScope(RowPatternScope):
    """Expressions of MEASURES: what they read of the match becomes columns of the node below.

    running: whether values are those up to the row of output (ALL ROWS PER MATCH).
    """

    def __init__(self, names: RowNames, *, all_rows: bool, taken: tuple[str, ...]) -> None:
        super().__init__(names, "MEASURES", None)
        self.all_rows = all_rows
        self.taken = taken
        self.final = False
        self.measures: dict[tuple[Bound | Aggregate | Meta, bool], str] = {}

    def moded(self, node: ast.Call, plain: ast.Call) -> Expr:
        """Return a call behind RUNNING or FINAL; in ONE ROW PER MATCH both are the same."""
        kept, self.final = self.final, node.mode == "final" and self.all_rows
        value = bind_expression(plain, self)
        self.final = kept
        return value

    def match_number(self, node: ast.Call) -> Expr:
        """Return MATCH_NUMBER(): 1, 2, .. in each partition."""
        if node.args or node.star:
            return self.report.add("CEP214", "MATCH_NUMBER takes no arguments", node.span)
        return self.leaf(Meta("match_number", Type.INT, node.span))

    def leaf(self, value: Bound | Aggregate | Meta) -> Expr:
        """Return the column of a leaf.

        Errors: CEP215 a default that is not a constant.
        """
        if isinstance(value, Bound) and value.default is not None and not constant(value.default):
            what = f"the default of {value.which.upper()}"
            return self.report.add("CEP215", f"{what} must be a constant here", value.span)
        key = (value, self.final)
        if key not in self.measures:
            used = (*self.taken, *self.measures.values())
            base = _measure_name(value)
            self.measures[key] = base if base not in used else fresh(base, used)
        return Column(0, self.measures[key], value.type, span=value.span)

    def items(self) -> tuple[RowMeasure, ...]:
        """Return the leaves collected so far."""
        return tuple(RowMeasure(n, v, final) for (v, final), n in self.measures.items())


class BoundRowScope(Scope):
    """One bound row inside an aggregate; its variable has been checked before."""

    def __init__(self, names: RowNames, place: str) -> None:
        super().__init__(names.environment, place)
        stream = names.stream
        self.rows = RowScope(names.environment, place, stream.schema, unknown=stream.unknown)

    def name(self, name: str, span: Span) -> Expr:
        """Return a column of the bound row."""
        column = self.rows.name(name, span)
        return column if is_broken(column) else replace_input(column, EVENT)

    def member(self, owner: str, name: str, span: Span) -> Expr:
        """Return a column of the bound row."""
        del owner
        return self.name(name, span)


def _measure_name(value: Bound | Aggregate | Meta) -> str:
    match value:
        case Bound():
            name = "classifier" if value.name == CLASSIFIER else value.name
            return f"{value.variable or 'row'}_{name}_{value.which}"
        case Aggregate():
            return f"{value.function}_{'_'.join(value.variables)}"
        case Meta():
            return value.what


def _named(node: ast.Call) -> bool:
    return any(isinstance(a, ast.NamedArgument) for a in node.args)


def _owners(node: object) -> Iterator[str]:
    """Yield the owners of names in AST values, ALL_ROWS for bare ones, in text order."""
    match node:
        case ast.Member(target=ast.Name(name=name)) | ast.MemberStar(target=ast.Name(name=name)):
            yield name
        case ast.Name():
            yield ALL_ROWS
        case ast.Call() if node.name.lower() == "classifier":
            yield from (a.name for a in node.args if isinstance(a, ast.Name))
            if not node.args:
                yield ALL_ROWS
        case ast.Call():
            # Of navigation only the first argument is about the rows; offsets and defaults are not.
            navigates = node.name.lower() in ("first", "last", "prev", "next")
            yield from _owners(node.args[:1] if navigates else (node.args, node.filter))
        case tuple():
            for part in node:
                yield from _owners(part)
        case _ if hasattr(node, "__dataclass_fields__"):
            for name in node.__dataclass_fields__:
                yield from _owners(getattr(node, name))
        case _:
            return
