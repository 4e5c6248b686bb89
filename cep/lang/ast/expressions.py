"""Expression nodes of the AST."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import NO_SPAN, Span

if TYPE_CHECKING:
    from cep.lang.ast.queries import Query, SortItem


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as written: `DOUBLE`, `DECIMAL(10, 2)` (numbers), `MAP<STRING, INT>` (parameters)."""

    name: str
    numbers: tuple[int, ...] = ()
    parameters: tuple[TypeName, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric literal: int, or float when it has a fraction or an exponent."""

    value: int | float
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal, unescaped."""

    value: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Boolean:
    """TRUE or FALSE."""

    value: bool
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Null:
    """NULL."""

    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration literal in us: `1h30m` or `INTERVAL '90' MINUTE`. months: of `INTERVAL '1' MONTH`, which has no us."""

    us: int
    months: int = 0
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name`."""

    name: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name used as a value: a column, a variable, a named window..."""

    name: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """`target.name`."""

    target: Expression
    name: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MemberStar:
    """`target.*`."""

    target: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`target[index]`."""

    target: Expression
    index: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ArrayLiteral:
    """`[a, b, c]`."""

    items: tuple[Expression, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`NOT x`, `-x`, `+x`: operator `not`, `neg`, `pos`."""

    operator: OneOf["not", "neg", "pos"]
    operand: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator with two sides.

    or and, eq ne lt le gt ge, add sub mul div mod concat, like not_like regexp, is_distinct is_not_distinct.
    """

    operator: str
    left: Expression
    right: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Is:
    """`x IS [NOT] NULL | TRUE | FALSE | UNKNOWN`."""

    operand: Expression
    what: OneOf["null", "true", "false", "unknown"]
    negated: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`x [NOT] BETWEEN low AND high`."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class In:
    """`x [NOT] IN (a, b, ..)`."""

    operand: Expression
    items: tuple[Expression, ...]
    negated: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InTable:
    """`x [NOT] IN table`."""

    operand: Expression
    table: str
    negated: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Exists:
    """`EXISTS (query)`."""

    query: Query
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """`CASE [operand] WHEN .. THEN .. [ELSE ..] END`."""

    operand: Expression | None
    whens: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Cast:
    """`CAST(x AS type)`, `TRY_CAST(x AS type)`."""

    operand: Expression
    type: TypeName
    tries: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FrameBound:
    """A bound of a frame; `amount` is given for `preceding` and `following`."""

    kind: OneOf[
        "unbounded_preceding", "unbounded_following", "current_row", "preceding", "following"
    ]
    amount: Expression | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Frame:
    """`RANGE | ROWS low` or `BETWEEN low AND high`; `high` None: written without BETWEEN."""

    kind: OneOf["range", "rows"]
    low: FrameBound
    high: FrameBound | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PartitionItem:
    """An item of PARTITION BY: `expression [AS name]`."""

    value: Expression
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """What stands in `OVER ( .. )` and `WINDOW w AS ( .. )`."""

    partition_by: tuple[PartitionItem, ...] = ()
    order_by: tuple[SortItem, ...] = ()
    frame: Frame | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NamedArgument:
    """`name => value` in a call."""

    name: str
    value: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; `f(*)` has `star`, `f(DISTINCT x)` has `distinct`; `over` is a window or its name."""

    name: str
    args: tuple[Expression | NamedArgument, ...] = ()
    star: bool = False
    distinct: bool = False
    mode: OneOf["running", "final"] | None = None
    filter: Expression | None = None
    over: WindowSpec | str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


Expression = (
    Number
    | Text
    | Boolean
    | Null
    | Duration
    | Parameter
    | Name
    | Member
    | MemberStar
    | Index
    | ArrayLiteral
    | Unary
    | Binary
    | Is
    | Between
    | In
    | InTable
    | Exists
    | Case
    | Cast
    | Call
)
