"""Query nodes of the AST: SELECT and its clauses, tables in FROM, the two pattern clauses, output control."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import NO_SPAN, Span

if TYPE_CHECKING:
    from cep.lang.ast.expressions import (
        Duration,
        Expression,
        NamedArgument,
        Parameter,
        PartitionItem,
        WindowSpec,
    )
    from cep.lang.ast.patterns import Pattern


# ---------------------------------------------------------------- select list and clauses


@dataclass(frozen=True, slots=True)
class Star:
    """`*` in a select list."""

    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SelectItem:
    """`expression [AS alias]`."""

    value: Expression
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SortItem:
    """`expression [ASC | DESC] [NULLS FIRST | LAST]`; None where nothing was written."""

    value: Expression
    direction: OneOf["asc", "desc"] | None = None
    nulls: OneOf["first", "last"] | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NamedWindow:
    """`WINDOW name AS (spec)`."""

    name: str
    spec: WindowSpec
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CommonTable:
    """`WITH name AS (query)`."""

    name: str
    query: Query
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


# ---------------------------------------------------------------- output control, in the order written


@dataclass(frozen=True, slots=True)
class Emit:
    """`EMIT ..`: mode final, changes, on_close, on_match, on_expiry, on_change (`columns`), every (`kind`)."""

    mode: OneOf["final", "changes", "on_close", "on_match", "on_expiry", "on_change", "every"]
    every: Duration | Parameter | None = None
    kind: OneOf["snapshot", "last", "first", "all"] | None = None
    columns: tuple[Expression, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Suppress:
    """`SUPPRESS BY (columns) FOR duration`."""

    columns: tuple[Expression, ...]
    duration: Duration | Parameter
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`LIMIT count PER duration [BY (columns)]`."""

    count: int
    per: Duration | Parameter
    columns: tuple[Expression, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OutTime:
    """`TIMESTAMP expression`."""

    value: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


OutputClause = Emit | Suppress | RateLimit | OutTime


# ---------------------------------------------------------------- tables in FROM


@dataclass(frozen=True, slots=True)
class TableName:
    """`name [FOR SYSTEM_TIME AS OF expr] [AS alias]`; dotted names keep their dots."""

    name: str
    as_of: Expression | None = None
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Derived:
    """`(query) [AS alias]`."""

    query: Query
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TableArgument:
    """`TABLE name` as an argument, with its parameter name if given."""

    table: str
    name: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """`DESCRIPTOR(columns)` as an argument, with its parameter name if given."""

    columns: tuple[str, ...]
    name: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TableFunction:
    """`f(args)` or, with `standard`, `TABLE(f(args))`."""

    function: str
    args: tuple[TableArgument | Descriptor | NamedArgument | Expression, ...]
    standard: bool = False
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Join:
    """`left kind JOIN right [WITHIN ..] ON condition`; `before` None: WITHIN d on both sides is `after`."""

    left: Table
    right: Table
    kind: OneOf["inner", "left", "right", "full", "asof", "left_asof"]
    condition: Expression
    within: Duration | Parameter | None = None
    before: Duration | Parameter | None = None
    after: Duration | Parameter | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


# ---------------------------------------------------------------- what the two pattern clauses share


@dataclass(frozen=True, slots=True)
class Skip:
    """`AFTER MATCH SKIP ..`; `variable` for to_first, to_last, to_variable."""

    kind: OneOf["past_last", "to_next", "to_first", "to_last", "to_variable", "none"]
    variable: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Subset:
    """`SUBSET name = (variables)`."""

    name: str
    variables: tuple[str, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Define:
    """`v AS condition`, or with `stream`: `v AS STREAM stream [WHERE condition]`."""

    variable: str
    condition: Expression | None
    stream: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Measure:
    """`expression AS name`."""

    value: Expression
    name: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """`[source] MATCH (pattern options)`."""

    source: Table | None
    pattern: Pattern
    partition_by: tuple[PartitionItem, ...] = ()
    within: Duration | Parameter | None = None
    within_events: int | None = None
    gap: Duration | Parameter | None = None
    skip: Skip | None = None
    starts: OneOf["first", "last", "each"] | None = None
    subsets: tuple[Subset, ...] = ()
    defines: tuple[Define, ...] = ()
    order_by: tuple[SortItem, ...] = ()
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MatchRecognize:
    """`source MATCH_RECOGNIZE ( .. )`; rows None: nothing written."""

    source: Table
    pattern: Pattern
    partition_by: tuple[PartitionItem, ...] = ()
    order_by: tuple[SortItem, ...] = ()
    measures: tuple[Measure, ...] = ()
    rows: OneOf["one", "all", "all_show_empty", "all_omit_empty", "all_unmatched"] | None = None
    skip: Skip | None = None
    within: Duration | Parameter | None = None
    within_events: int | None = None
    gap: Duration | Parameter | None = None
    starts: OneOf["first", "last", "each"] | None = None
    subsets: tuple[Subset, ...] = ()
    defines: tuple[Define, ...] = ()
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


Table = TableName | Derived | TableFunction | Join | Match | MatchRecognize


# ---------------------------------------------------------------- queries


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT; clauses that were not written are None or empty."""

    items: tuple[SelectItem | Star, ...]
    from_: Table | None = None
    where: Expression | None = None
    group_by: tuple[Expression, ...] = ()
    having: Expression | None = None
    qualify: Expression | None = None
    windows: tuple[NamedWindow, ...] = ()
    order_by: tuple[SortItem, ...] = ()
    limit: int | None = None
    output: tuple[OutputClause, ...] = ()
    distinct: bool = False
    with_: tuple[CommonTable, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Apply:
    """`APPLY template(args)`."""

    template: str
    args: tuple[Expression | NamedArgument, ...]
    output: tuple[OutputClause, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Union:
    """`left UNION ALL right`."""

    left: Query
    right: Query
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


Query = Select | Apply | Union
