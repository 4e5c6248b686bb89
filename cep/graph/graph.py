"""A compiled rule file as data: streams, rules in topological order, each a chain of operators."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from cep.errors import NO_SPAN, Span

if TYPE_CHECKING:
    from cep.graph.kernel import KernelSpec
    from cep.schema import Schema


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream, declared by CREATE STREAM or derived from the rules that write it.

    time_column: the column the watermark is declared on; None = arrival time (source) or derived.
    watermark_delay_us: allowed disorder; 0 = in order. late_into: stream that receives late rows.
    hidden: written for other rules alone, no output. primary_key: it is a table,
    the rows of the stream are its changes; option "source" names the file it starts with. declaration: place in declaration order over all
    files. ts_unit: us per unit of integer time stamps is `ts_unit_us` (may be a fraction for ns: then
    `ts_unit` says "ns").
    """

    name: str
    schema: Schema
    declaration: int
    derived: bool = False
    hidden: bool = False
    primary_key: tuple[str, ...] = ()
    time_column: str | None = None
    watermark_delay_us: int = 0
    tiebreak: tuple[str, ...] = ()
    late_into: str | None = None
    late_adjust: bool = False
    dedup_key: str | None = (
        None  # rows whose value of this column came within `dedup_for_us` are duplicates
    )
    dedup_for_us: int = 0
    idle_timeout_us: int | None = None  # None: the default of ruling 2; 0: never idle
    ts_unit: str = "us"
    format: str | None = None
    options: tuple[tuple[str, object], ...] = ()
    span: Span = NO_SPAN

    def as_declared(self) -> StreamSpec:
        """Return the stream without its place: equal for streams that are declared alike."""
        return replace(self, declaration=0, span=NO_SPAN)


class OperatorKind(StrEnum):
    """Kinds of operators, one room each in `cep/operators/`."""

    SELECT = "select"  # stateless: filter and projection
    WINDOW = "window"  # GROUP BY with TUMBLE or HOP
    WINDOWED_ROWS = "windowed rows"  # a window table function without GROUP BY
    OVER = "over"  # aggregates over a frame, a row for each row
    MATCH = "match"
    OBSERVED_MATCH = "observed match"  # with notes about its runs
    RECOGNIZE = "recognize"  # MATCH_RECOGNIZE
    JOIN = "join"
    INCIDENT = "incident"
    SUPPRESS = "suppress"
    LIMIT = "limit"
    CONFLATE = "conflate"  # EMIT EVERY
    ON_CHANGE = "on change"  # EMIT ON CHANGE OF


@dataclass(frozen=True, slots=True)
class OperatorSpec:
    """One operator of a rule: its kernel and what it writes.

    The first operator of a rule reads the rule's merged input; each further one reads the output of the
    one before (its kernel has one input, number 0, and no Merge arrays; `Merge('ts')` is allowed and is
    the batch's ts). `numpy_source` (SELECT only) is the text of an equivalent form for large
    batches: a function `select(columns, tables, np) -> (errors, rows, output)`. `columns` and `tables` hold the INPUT
    and TABLE arrays of `kernel` by `Array.name`; `errors` counts expression errors; `rows` are the indices of the rows that pass (int64,
    ascending; None: all rows), `output` the output columns by name, of these rows only.
    `hidden` names output columns of the kernel that travel along without being part of the output schema
    (match origin: `$origin_stream` and `$origin_seq`, both INT); an operator above reads them as columns.
    """

    kind: OperatorKind
    kernel: KernelSpec
    output: Schema
    numpy_source: str | None = None
    hidden: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class BranchSpec:
    """A second way out of a rule: the rows its first operator gives out by a port, further operators, a stream.

    key_columns: as in RuleSpec.
    """

    port: int
    operators: tuple[OperatorSpec, ...]
    output: str
    key_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AutomatonState:
    """A state of a rule's automaton for pictures: its unique name and its text, the first line the title."""

    name: str
    label: str
    accepting: bool = False
    dead: bool = False


@dataclass(frozen=True, slots=True)
class AutomatonEdge:
    """An edge of a rule's automaton for pictures: from state, to state, label (condition, guard, deadline)."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Automaton:
    """The automaton of a MATCH rule as a picture-ready value; clauses: what holds for all of it (WITHIN)."""

    states: tuple[AutomatonState, ...]
    edges: tuple[AutomatonEdge, ...]
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule or incident: which streams it reads, its operators, the stream it writes.

    inputs: stream names, in the order the kernels number them. declaration: place in declaration order;
    topological: place in topological order, from 1 (ties by declaration). branches: where rows go that the
    first operator gives out by another port than 0 (the column `PORT` of its kernel). state: "keep" or "reset", what the
    text says of the state of the rule it replaces. shape: equal for rules whose state means the same (ruling 30).
    """

    name: str
    inputs: tuple[str, ...]
    operators: tuple[OperatorSpec, ...]
    output: str
    declaration: int
    topological: int
    kind: str = "rule"  # "rule" | "incident"
    version: str = ""
    state: str | None = None
    shape: str = ""
    key_columns: tuple[str, ...] = ()  # output columns that identify the partition (match ids)
    annotations: tuple[tuple[str, tuple[object, ...]], ...] = ()
    automaton: Automaton | None = None
    span: Span = NO_SPAN
    branches: tuple[BranchSpec, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The streams the rule writes, that of its main query first, each as often as a query writes it."""
        return (self.output, *(branch.output for branch in self.branches))

    def writer(self, branch: int) -> int:
        """Return the number of the main query (branch 0) or a branch, as rows of a shared stream carry it."""
        return (self.declaration << 16) + branch

    @property
    def all_operators(self) -> tuple[OperatorSpec, ...]:
        """The operators of the rule and of its branches."""
        return (*self.operators, *(o for branch in self.branches for o in branch.operators))


@dataclass(frozen=True, slots=True)
class Graph:
    """A compiled rule file: streams in declaration order, rules in topological order.

    components: for each component (streams that share a clock, ruling 2) the names of its source streams.
    parameters: final values of all PARAMs. paused: rules and incidents that are declared and do not run.
    """

    streams: tuple[StreamSpec, ...]
    rules: tuple[RuleSpec, ...]
    components: tuple[tuple[str, ...], ...]
    parameters: tuple[tuple[str, object], ...] = ()
    paused: tuple[str, ...] = ()
