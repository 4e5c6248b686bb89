"""Statement nodes of the AST. Dotted names keep their dots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import NO_SPAN, Span

if TYPE_CHECKING:
    from cep.lang.ast.expressions import Duration, Expression, NamedArgument, Parameter, TypeName
    from cep.lang.ast.queries import Query


@dataclass(frozen=True, slots=True)
class Annotation:
    """`@name(args)`; an argument `name = value` is a NamedArgument."""

    name: str
    args: tuple[Expression | NamedArgument, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Option:
    """`name = value` in WITH ( .. )."""

    name: str
    value: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column of CREATE STREAM or TABLE."""

    name: str
    type: TypeName
    not_null: bool = False
    primary_key: bool = False
    default: Expression | None = None
    computed: Expression | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Watermark:
    """`WATERMARK FOR column AS value`."""

    column: str
    value: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LateInto:
    """`LATE INTO stream`."""

    stream: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tiebreak:
    """`TIEBREAK BY (columns)`."""

    columns: tuple[Expression, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PrimaryKey:
    """`PRIMARY KEY (columns)`."""

    columns: tuple[str, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


StreamElement = ColumnDefinition | Watermark | LateInto | Tiebreak | PrimaryKey


@dataclass(frozen=True, slots=True)
class CreateStream:
    """CREATE STREAM; `elements` in text order, None for a schemaless stream."""

    name: str
    elements: tuple[StreamElement, ...] | None = None
    options: tuple[Option, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    or_replace: bool = False
    if_not_exists: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE."""

    name: str
    elements: tuple[StreamElement, ...] | None = None
    options: tuple[Option, ...] = ()
    query: Query | None = None
    annotations: tuple[Annotation, ...] = ()
    or_replace: bool = False
    if_not_exists: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE VIEW."""

    name: str
    query: Query
    annotations: tuple[Annotation, ...] = ()
    or_replace: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Insert:
    """`[INSERT | UPSERT INTO target [(columns)]] query`; target None: nothing written."""

    query: Query
    target: str | None = None
    columns: tuple[str, ...] = ()
    upsert: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CreateRule:
    """CREATE RULE; `timeouts` are its ON TIMEOUT queries."""

    name: str
    body: Insert
    timeouts: tuple[Insert, ...] = ()
    version: str | None = None
    state: OneOf["keep", "reset"] | None = None
    annotations: tuple[Annotation, ...] = ()
    or_replace: bool = False
    if_not_exists: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SetItem:
    """`column = value` in SET."""

    column: str
    value: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IncidentOn:
    """`OPEN | UPDATE | CLOSE ON stream [AS alias] [WHERE condition] [SET ..]`."""

    kind: OneOf["open", "update", "close"]
    stream: str
    alias: str | None = None
    where: Expression | None = None
    sets: tuple[SetItem, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CloseWhen:
    """`CLOSE WHEN condition`."""

    condition: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CloseAfter:
    """`CLOSE AFTER duration [IDLE]`."""

    duration: Duration | Parameter
    idle: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Cooldown:
    """`COOLDOWN duration`."""

    duration: Duration | Parameter
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EmitItem:
    """`OPENED`, `UPDATED [EVERY d | ON CHANGE OF (columns)]`, `CLOSED`."""

    state: OneOf["opened", "updated", "closed"]
    every: Duration | Parameter | None = None
    on_change: tuple[str, ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IncidentEmit:
    """`EMIT item, ..`."""

    items: tuple[EmitItem, ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IncidentInto:
    """`INTO stream`."""

    stream: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


IncidentClause = IncidentOn | CloseWhen | CloseAfter | Cooldown | IncidentEmit | IncidentInto


@dataclass(frozen=True, slots=True)
class CreateIncident:
    """CREATE INCIDENT; clauses in text order."""

    name: str
    keys: tuple[str, ...]
    clauses: tuple[IncidentClause, ...]
    annotations: tuple[Annotation, ...] = ()
    or_replace: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FunctionParameter:
    """`name type` of a function."""

    name: str
    type: TypeName
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CreateFunction:
    """CREATE [AGGREGATE] FUNCTION."""

    name: str
    parameters: tuple[FunctionParameter, ...]
    returns: TypeName
    language: str
    body: str
    aggregate: bool = False
    or_replace: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TemplateParameter:
    """`name kind [= default]`; kind "stream", "column" or a type."""

    name: str
    kind: OneOf["stream", "column"] | TypeName
    default: Expression | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    """CREATE TEMPLATE."""

    name: str
    parameters: tuple[TemplateParameter, ...]
    query: Query
    or_replace: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Param:
    """`PARAM name type [= default]`."""

    name: str
    type: TypeName
    default: Expression | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Module:
    """`MODULE name`."""

    name: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Import:
    """`IMPORT 'path' [AS alias]`."""

    path: str
    alias: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SetOption:
    """`SET name = value`."""

    name: str
    value: Expression
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Drop:
    """`DROP kind [IF EXISTS] name`."""

    kind: OneOf["rule", "stream", "table", "view", "incident", "function", "template"]
    name: str
    if_exists: bool = False
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RuleState:
    """`PAUSE RULE name`, `RESUME RULE name`."""

    action: OneOf["pause", "resume"]
    name: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExplainRule:
    """`EXPLAIN RULE name`."""

    name: str
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExplainWhy:
    """`EXPLAIN WHY [NOT] rule [FOR key = value, ..] [DURING (start, end)]`."""

    rule: str
    negated: bool = False
    keys: tuple[Expression, ...] = ()
    during: tuple[Expression, Expression] | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExplainQuery:
    """`EXPLAIN query`."""

    body: Insert
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Given:
    """`GIVEN stream (columns) VALUES rows`."""

    stream: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Expression, ...], ...]
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Expect:
    """`EXPECT stream (columns) VALUES rows`, or `EXPECT NO stream` (no columns, no rows)."""

    stream: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Expression, ...], ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Test:
    """`TEST ['title'] OF rule GIVEN .. EXPECT ..`."""

    rule: str
    given: tuple[Given, ...]
    expect: tuple[Expect, ...]
    title: str | None = None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)


Statement = (
    CreateStream
    | CreateTable
    | CreateView
    | CreateRule
    | CreateIncident
    | CreateFunction
    | CreateTemplate
    | Param
    | Module
    | Import
    | SetOption
    | Drop
    | RuleState
    | ExplainRule
    | ExplainWhy
    | ExplainQuery
    | Test
    | Insert
)
