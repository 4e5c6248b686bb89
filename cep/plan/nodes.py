"""Nodes of the typed plan: a chain of relational nodes a rule, over one or several scanned streams.

Expressions of a node speak of the output columns of the node below as `Column(0, name)`; those of Match
and Incident of their scans as `Column(input, name)`. Filters are nodes of their own; a rewrite may move
them into the stateful node beside them (`where`, `having`), and the outputs are the same either way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import NO_SPAN, Span
from cep.plan.recognition import Recognize

if TYPE_CHECKING:
    from cep.graph.graph import StreamSpec
    from cep.plan.expressions import Aggregate, Expr
    from cep.plan.rule_tests import RuleTest
    from cep.schema import ColumnSpec, Schema


@dataclass(frozen=True, slots=True)
class Item:
    """A named expression."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Scan:
    """All rows of a stream."""

    stream: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows whose condition is TRUE."""

    source: Node
    condition: Expr
    schema: Schema


@dataclass(frozen=True, slots=True)
class Project:
    """One output column an item. The hidden match origin of the node below travels along."""

    source: Node
    items: tuple[Item, ...]
    schema: Schema


@dataclass(frozen=True, slots=True)
class WindowSize:
    """A tumbling (`every_us == size_us`) or hopping window: [k*every + offset, k*every + offset + size), us.

    cumulates: windows [k*size + offset, k*size + offset + j*every) instead, j from 1 on as long as they are no longer than size.
    """

    size_us: int
    every_us: int
    offset_us: int = 0
    cumulates: bool = False


@dataclass(frozen=True, slots=True)
class CalendarSpan:
    """A number of days or months of a calendar."""

    count: int
    unit: OneOf["day", "month"]


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """A window of days or months by the clocks of a time zone; otherwise as `WindowSize`.

    Days are counted from Monday 1970-01-05, so whole weeks begin on Mondays; months from January 1970. offset_us: the time by the clock
    after midnight of the first day at which windows begin.
    """

    size: CalendarSpan
    every: CalendarSpan
    zone: str
    offset_us: int = 0
    cumulates: bool = False


@dataclass(frozen=True, slots=True)
class EventWindow:
    """A window that a row of its group opens; a group has one at a time (ruling 33).

    length_us: the gap of a session, the size of a batch. max_us: of a session. count: rows of a batch or
    count window. opens, closes: conditions of a state window over the input.
    """

    kind: OneOf["session", "batch", "count", "state"]
    length_us: int | None = None
    max_us: int | None = None
    count: int | None = None
    opens: Expr | None = None
    closes: Expr | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """An item of ORDER BY."""

    value: Expr
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class GroupWindow:
    """Groups of a window: columns `keys` (as named), `window_start`, `window_end`, then the aggregates.

    where: rows that count (a filter moved in); having: over these columns. items: what is selected of them (a projection
    moved in), none: all; then `inner` has their schema, as `schema` is that of the items. distinct, order, limit: over the rows
    of one window end that pass `having`: the first of those with equal values, their order, how many of them at most.
    changes: every row that a window takes gives a row too; then `window_state` ('update', 'final') is a column behind the bounds.
    """

    source: Node
    keys: tuple[Item, ...]
    window: WindowSize | CalendarWindow | EventWindow
    aggregates: tuple[tuple[str, Aggregate], ...]
    schema: Schema
    where: Expr | None = None
    having: Expr | None = None
    items: tuple[Item, ...] = ()
    inner: Schema | None = None
    distinct: tuple[Expr, ...] = ()
    order: tuple[Sorted, ...] = ()
    limit: int | None = None
    changes: bool = False

    @property
    def own(self) -> Schema:
        """Columns before the items are selected."""
        return self.inner or self.schema

    @property
    def ordered(self) -> bool:
        """Whether something is done with the rows of a window end together."""
        return bool(self.distinct or self.order) or self.limit is not None


@dataclass(frozen=True, slots=True)
class WindowedRows:
    """A window table function: each row once for each window that contains it, in the order of the windows.

    Columns of the input, then `window_start`, `window_end`, `window_time`; T stays.
    """

    source: Node
    window: WindowSize | CalendarWindow
    schema: Schema


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of an OVER: the rows of the same partition up to and including this one.

    kind range: `amount` us back, inclusive; rows: `amount` rows before this one; amount None: UNBOUNDED.
    ttl_us: of an UNBOUNDED one, how long after its last row a partition is forgotten (None: never).
    """

    partition: tuple[Expr, ...]
    kind: OneOf["range", "rows"]
    amount: int | None
    ttl_us: int | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """All columns of the input, then one column an aggregate over its frame, for each row.

    where: rows that exist for this node (a filter moved in); qualify: over these columns.
    aggregates: (column name, aggregate, number of its frame). items, inner: as in GroupWindow.
    """

    source: Node
    frames: tuple[Frame, ...]
    aggregates: tuple[tuple[str, Aggregate, int], ...]
    schema: Schema
    where: Expr | None = None
    qualify: Expr | None = None
    items: tuple[Item, ...] = ()
    inner: Schema | None = None

    @property
    def own(self) -> Schema:
        """Columns before the items are selected."""
        return self.inner or self.schema


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a pattern: events of input number `input` for which `condition` (None: TRUE) holds.

    of: of the condition of an UNTIL, the variable of its loop, as which the event is tested; else empty.
    """

    name: str
    input: int
    condition: Expr | None
    span: Span = field(default=NO_SPAN, compare=False, repr=False)
    of: str = ""


@dataclass(frozen=True, slots=True)
class Atom:
    """A step: one event bound to the variable."""

    variable: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """A loop: at least `low`, at most `high` (None: no limit) rounds of a part.

    mode: `strict`, one at once behind the other; `combine`, a run that takes another round stays behind too (COMBINE).
    until: the variable whose event ends the loop without being bound (UNTIL), empty if there is none.
    """

    part: Pattern
    low: int
    high: int | None
    mode: OneOf["relaxed", "strict", "combine"] = "relaxed"
    possessive: bool = False
    until: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """NOT n (no event of any of `variables` between its neighbours), or NOT n FOR `for_us`."""

    variables: tuple[str, ...]
    for_us: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """`-[low..high]->`: as `->`, with a time between the last event before and the first one behind, inclusive.

    fork: `-[low..high]->>`, as `->>`.
    """

    low_us: int = 0
    high_us: int | None = None
    fork: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other; edges[i] leads from parts[i] to parts[i + 1].

    `relaxed` is `->` (the first later event that fits), `strict` is juxtaposition (the very next event),
    `fork` is `->>` (every later event that fits).
    """

    parts: tuple[Pattern, ...]
    edges: tuple[OneOf["relaxed", "strict", "fork"] | Gap, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives; the left one is preferred."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class AnyOrder:
    """Steps in any order, each event for one of them: `need` of the operands (variable, number of events).

    guards: variables whose event ends the run while the group is not complete. strict: PERMUTE, neighbours.
    """

    operands: tuple[tuple[str, int], ...]
    need: int
    guards: tuple[str, ...] = ()
    strict: bool = False


Pattern = Atom | Repeat | Absent | Sequence | Choice | AnyOrder


ANY_VARIABLE = "*"
"""The name of the subset of all variables that bind events."""


@dataclass(frozen=True, slots=True)
class Subset:
    """A name for several variables: `U.x` is the column of the last event bound to any of them."""

    name: str
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """MATCH: the rows are matches.

    partition: for each key its column of every input, in the order of inputs. Output columns: the keys
    (`key_names`), then the measures; hidden: `$origin_stream` (number of the input) and `$origin_seq` of
    the first bound event. Measures are leaves only: Bound, Aggregate or Meta match_start, match_end,
    match_duration, match_number (expressions over them stand in the Project above). With `rows` the output
    columns are those instead: expressions over keys and measures, and the time. timeouts: runs that end by
    time give a row too, which leaves by a port of its own (`Ended`). emit: a row when the match is complete
    (match), when it closes, or for every change of it; every_us: of changes, updates at most so often.
    observed: the host is told what happens to each run. watched: how many inputs at the end are read
    only for the first instant of the rule, which an absence before the first event asks for: they have no variables and
    no columns of keys.
    """

    inputs: tuple[Scan, ...]
    partition: tuple[tuple[str, ...], ...]
    key_names: tuple[str, ...]
    pattern: Pattern
    variables: tuple[Variable, ...]
    within_us: int | None
    starts: OneOf["each", "first", "last"]
    skip: OneOf["past_last", "to_next", "none", "to_first", "to_last"]
    measures: tuple[Item, ...]
    schema: Schema
    group_null_keys: bool = False
    max_runs: int | None = None
    within_events: int | None = None
    subsets: tuple[Subset, ...] = ()
    rows: tuple[Item, ...] = ()
    timeouts: bool = False
    skip_to: tuple[str, ...] = ()
    gap_us: int | None = None
    emit: OneOf["match", "close", "changes"] = "match"
    every_us: int | None = None
    watched: int = 0
    observed: bool = False

    @property
    def grows(self) -> bool:
        """Whether a complete run stays and takes further events until something closes it (ruling 17)."""
        return self.emit != "match"


@dataclass(frozen=True, slots=True)
class Ended:
    """What leaves the rule's lowest node by its second port, with the columns of that node.

    Of MATCH the runs that ended by time, what is not bound NULL; of an incident the changes of its table.
    """

    schema: Schema


@dataclass(frozen=True, slots=True)
class Join:
    """Pairs of a row of input 0 (left) and one of input 1 (right), each column named `owner.column`.

    keys: (expression over the left row, one over the right row), equal and not NULL in a pair. condition: what
    else must be TRUE, over both. kind within: `left.ts - before_us <= right.ts <= left.ts + after_us`;
    lookup: for each left row the latest right row of its key before it. left_outer, right_outer: rows without
    partner come with NULLs for the other side, at the end of their time (lookup: at once). removed_by: a column
    of the right side of a lookup, NULL in rows after which their key has no row.
    """

    inputs: tuple[Scan, Scan]
    owners: tuple[str, str]
    keys: tuple[tuple[Expr, Expr], ...]
    condition: Expr | None
    kind: OneOf["within", "lookup"]
    left_outer: bool
    right_outer: bool
    before_us: int
    after_us: int
    schema: Schema
    removed_by: str = ""

    def origin(self, name: str) -> tuple[int, str] | None:
        """Return the input and its column that a column of the join is, None if there is none such.

        The columns of a side that is a join itself are called the same in both.
        """
        for number, (scan, owner) in enumerate(zip(self.inputs, self.owners, strict=True)):
            own = name.removeprefix(f"{owner}.")
            if (own != name or "." in name) and scan.schema.find(own) is not None:
                return number, own
        return None


@dataclass(frozen=True, slots=True)
class Suppress:
    """Passes a row of a key and holds the key's further rows back for `for_us`; appends `suppressed INT`."""

    source: Node
    keys: tuple[Expr, ...]
    for_us: int
    schema: Schema


@dataclass(frozen=True, slots=True)
class Limit:
    """Passes at most `count` rows of a key in each interval of `per_us`, counted from its first row."""

    source: Node
    keys: tuple[Expr, ...]
    count: int
    per_us: int
    schema: Schema


@dataclass(frozen=True, slots=True)
class Conflate:
    """EMIT EVERY: keeps the rows of groups and gives them at epoch multiples of `every_us`, T = the tick - 1us.

    keys: what a group is. kind: of all groups the last row (snapshot); of those that had rows since the last tick
    the last one, the first one, or all.
    """

    source: Node
    keys: tuple[Expr, ...]
    every_us: int
    kind: OneOf["snapshot", "last", "first", "all"]
    schema: Schema


@dataclass(frozen=True, slots=True)
class OnChange:
    """EMIT ON CHANGE OF: a row passes if one of `values` differs from that of the last row of its group.

    ttl_us: how long after its last row a group is forgotten (None: never).
    """

    source: Node
    keys: tuple[Expr, ...]
    values: tuple[Expr, ...]
    schema: Schema
    ttl_us: int | None = None


@dataclass(frozen=True, slots=True)
class IncidentClause:
    """OPEN ON, UPDATE ON or CLOSE ON: events of an input, a condition, the state columns it sets."""

    kind: OneOf["open", "update", "close"]
    input: int
    where: Expr | None
    sets: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class CloseWhen:
    """CLOSE WHEN: tested after OPEN and after each UPDATE, over the state columns."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class CloseAfter:
    """CLOSE AFTER: a deadline after opening, or after the last open or update (`idle`)."""

    after_us: int
    idle: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """At most one tracked thing a key; output columns as language.md section 7 lists them, in `schema`.

    keys: column names, present in every input. closings: CLOSE WHEN and CLOSE AFTER in clause order.
    clauses: in text order. updated_every_us: 0 = a row for each update. updated_on: state columns of which one must
    change for an UPDATED row; empty: none must. cooldown_us: None = a key may open again at once. tabled: some
    rule reads it as a table; the changes of that leave by a port of their own (`Ended`), as rows of the same
    columns, `state` being NULL when the key has no row any more.
    """

    inputs: tuple[Scan, ...]
    keys: tuple[str, ...]
    clauses: tuple[IncidentClause, ...]
    closings: tuple[CloseWhen | CloseAfter, ...]
    state: tuple[ColumnSpec, ...]
    emit_opened: bool
    emit_updated: bool
    updated_every_us: int
    emit_closed: bool
    schema: Schema
    updated_on: tuple[str, ...] = ()
    cooldown_us: int | None = None
    tabled: bool = False


Node = (
    Scan
    | Filter
    | Project
    | GroupWindow
    | WindowedRows
    | Over
    | Match
    | Ended
    | Recognize
    | Join
    | Suppress
    | Limit
    | Conflate
    | OnChange
    | Incident
)


@dataclass(frozen=True, slots=True)
class Branch:
    """An ON TIMEOUT query of a rule, or the table of an incident: nodes on `Ended`, top first, and the stream."""

    root: Node
    output: str


@dataclass(frozen=True, slots=True)
class RulePlan:
    """One rule or incident: its chain of nodes, top first, and the stream it writes; ON TIMEOUT queries.

    state: what CREATE OR REPLACE says of the state of the rule before it (KEEP STATE, RESET STATE).
    """

    name: str
    root: Node
    output: str
    declaration: int
    kind: OneOf["rule", "incident"] = "rule"
    version: str = ""
    state: OneOf["keep", "reset"] | None = None
    annotations: tuple[tuple[str, tuple[object, ...]], ...] = ()
    span: Span = field(default=NO_SPAN, compare=False, repr=False)
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionPlan:
    """A function of the user's: its name, its head as declared, `module:name`, and how it runs, in words."""

    name: str
    head: str
    body: str
    how: str


@dataclass(frozen=True, slots=True)
class WhyQuestion:
    """EXPLAIN WHY [NOT]: a rule with a MATCH, values of keys by column, a span of time in us (None: all)."""

    rule: str
    negated: bool
    key: tuple[tuple[str, object], ...]
    during: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A bound rule file: every stream (derived ones with their schema), rules in topological order.

    explained: the rules and queries that EXPLAIN statements name; some of them may not run. questions: of EXPLAIN WHY.
    paused: rules and incidents that are declared and do not run.
    """

    streams: tuple[StreamSpec, ...]
    rules: tuple[RulePlan, ...]
    components: tuple[tuple[str, ...], ...]
    parameters: tuple[tuple[str, object], ...] = ()
    tests: tuple[RuleTest, ...] = ()
    functions: tuple[FunctionPlan, ...] = ()
    explained: tuple[RulePlan, ...] = ()
    questions: tuple[WhyQuestion, ...] = ()
    paused: tuple[str, ...] = ()
