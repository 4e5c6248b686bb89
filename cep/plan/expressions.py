"""Typed expressions of the plan: every name is resolved and every node knows its type.

Nodes are compared by value (spans do not count), so equal sub-expressions and aggregates can be shared.
Implicit conversions are explicit calls: both sides of an arithmetic or comparing call have one type
(`to_double` is put around an INT that meets a DOUBLE). Three-valued logic as in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import NO_SPAN, Span

if TYPE_CHECKING:
    from cep.types import Type

EVENT = -1  # Column.input inside an aggregate over bindings: the bound event, whatever its stream


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: bool, int, float or str by type, None for NULL; TIMESTAMP and DURATION as int us."""

    value: bool | int | float | str | None
    type: Type
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the row at hand: of the node's input, or in patterns and incidents of the event being offered.

    input: number of the input (0 where there is one), or EVENT.
    """

    input: int
    name: str
    type: Type
    not_null: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Bound:
    """In a pattern: a column of an event bound to `variable`, counted from the last or first one.

    offset 0 is the last (first) bound event, 1 the one before (after) it. `candidate`: the event being
    tested counts as the last one bound (conditions of the variable itself). `default` is the value when
    there is no such event, NULL if None. which prev: the offset-th event of the candidate's stream before it in
    the partition, bound or not.
    """

    variable: str
    name: str
    type: Type
    which: OneOf["last", "first", "prev"] = "last"
    offset: int = 0
    candidate: bool = False
    default: Expr | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class State:
    """In an incident: a state column or key column, as it was before the clause."""

    name: str
    type: Type
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Meta:
    """A fact the engine knows.

    `time` (T of the row), `match_id match_start match_end match_duration match_number match_step
    match_state match_reason classifier incident_id`.
    """

    what: str
    type: Type
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A scalar function or operator of `cep.functions` applied to arguments of the types it wants.

    Operators are calls too: add sub mul div mod neg concat, eq ne lt le gt ge, and or not, is_null
    is_true is_false is_distinct, like, coalesce, to_double to_int to_string to_timestamp ... (casts).
    """

    function: str
    args: tuple[Expr, ...]
    type: Type
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """CASE: the value of the first pair whose condition is TRUE, else `otherwise`; values have one type."""

    whens: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr
    type: Type
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function of `cep.aggregates`.

    In GroupWindow and Over its arguments are expressions over the node's input. In a pattern it runs over
    the events bound to `variables` (arguments use Column(EVENT, name)), with the candidate as the last
    one if `candidate` and the candidate's variable is among them. `options` are named arguments
    (constants). `filter` is FILTER (WHERE ..).
    """

    function: str
    args: tuple[Expr, ...]
    type: Type
    distinct: bool = False
    filter: Expr | None = None
    options: tuple[tuple[str, Literal], ...] = ()
    variables: tuple[str, ...] = ()
    candidate: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


Expr = Literal | Column | Bound | State | Meta | Call | Case | Aggregate


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the direct sub-expressions of a node, in order of evaluation."""
    match expr:
        case Call():
            return expr.args
        case Case():
            pairs = tuple(part for when in expr.whens for part in when)
            return (*pairs, expr.otherwise)
        case Aggregate():
            return expr.args if expr.filter is None else (*expr.args, expr.filter)
        case Bound():
            return () if expr.default is None else (expr.default,)
        case _:
            return ()
