"""MATCH_RECOGNIZE in FROM: a table of matches, from its clauses to the node of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.environment import StreamInfo
from cep.plan.bind.expressions import bind_condition, bind_expression
from cep.plan.bind.names import no_duplicates
from cep.plan.bind.recognize_patterns import RowPatternReader, first_variables, size_of
from cep.plan.bind.recognize_scopes import MeasureScope, RowNames, RowPatternScope
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import is_broken
from cep.plan.bind.scopes import RowScope
from cep.plan.bind.time_order import bind_time_order
from cep.plan.expressions import Column
from cep.plan.nodes import Item, Node, Project, Scan, Variable
from cep.plan.recognition import Recognize, RowExcluded, RowFollowed, RowLoop, RowSkip
from cep.plan.tree import walk
from cep.plan.verify_recognition import row_parts
from cep.schema import ColumnSpec, Schema
from cep.types import Type

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.environment import Environment
    from cep.plan.expressions import Expr
    from cep.plan.recognition import RowPattern

MOST_STATES = 1000
MOST_VARIABLES = 60

_ROWS: dict[str | None, OneOf["one", "all_show_empty", "all_omit_empty", "all_unmatched"]] = {
    None: "one",
    "one": "one",
    "all": "all_show_empty",
    "all_show_empty": "all_show_empty",
    "all_omit_empty": "all_omit_empty",
    "all_unmatched": "all_unmatched",
}


@dataclass(frozen=True, slots=True)
class MatchTable:
    """A MATCH_RECOGNIZE as a table: its node, and the stream of its rows."""

    node: Node
    stream: StreamInfo


def bind_recognize(node: ast.MatchRecognize, environment: Environment) -> MatchTable | None:
    """Return a MATCH_RECOGNIZE as a table, None on a mistake.

    Errors: those of patterns, conditions and measures; CEP216 WITHIN 0 EVENTS, CEP253 ORDER BY, CEP255 SKIP, CEP312 clauses of MATCH.
    """
    report = environment.report
    before = report.mistakes
    if node.starts is not None:
        refuse(report, "Recognize.starts", node.span)
    if node.within_events is not None and node.within_events < 1:
        message = "a match has one event at least"
        report.add("CEP216", message, node.span, "write WITHIN 1 EVENTS or more")
    found = _input(node.source, environment)
    if found is None:
        return None
    stream, where = found
    environment.needs_time(stream, "MATCH_RECOGNIZE", node.span)
    environment.needs_events(stream, "MATCH_RECOGNIZE", node.span)
    binder = _Binder(node, stream, where, environment)
    table = binder.table()
    return table if report.mistakes == before else None


def _input(
    source: ast.Table, environment: Environment
) -> tuple[StreamInfo, ast.Expression | None] | None:
    """Return the stream a MATCH_RECOGNIZE reads and the filter of a subquery `(SELECT * FROM s WHERE c)`."""
    report = environment.report
    match source:
        case ast.TableName():
            if source.as_of is not None:
                refuse(report, "TableName.as_of", source.as_of.span)
            return environment.stream(source.name, source.span), None
        case ast.Derived(query=ast.Select() as query) if _is_filter(query):
            below = query.from_
            assert isinstance(below, ast.TableName)
            return environment.stream(below.name, below.span), query.where
        case _:
            hint = "SELECT * FROM stream WHERE c is a subquery that runs here"
            refuse(report, type(source).__name__, source.span, hint=hint)
            return None


def _is_filter(query: ast.Select) -> bool:
    """Whether a query is `SELECT * FROM stream [WHERE c]`."""
    plain = ast.Select(query.items, query.from_, query.where)
    stars = len(query.items) == 1 and isinstance(query.items[0], ast.Star)
    table = query.from_
    return stars and query == plain and isinstance(table, ast.TableName) and table.as_of is None


class _Binder:
    """The binding of one MATCH_RECOGNIZE."""

    def __init__(
        self,
        node: ast.MatchRecognize,
        stream: StreamInfo,
        where: ast.Expression | None,
        environment: Environment,
    ) -> None:
        self.node = node
        self.stream = stream
        self.where = where
        self.environment = environment
        self.report = environment.report

    def table(self) -> MatchTable | None:
        """Return the table, None on a mistake (others are looked for first)."""
        node, report = self.node, self.report
        reader = RowPatternReader(report)
        pattern = reader.read(node.pattern)
        for define in node.defines:
            reader.define(define)
        keys = self._keys()
        order = bind_time_order(node.order_by, self.stream, report)
        positive = tuple(v.name for v in reader.variables.values() if not v.negated)
        names = RowNames(self.environment, self.stream, positive, self._subsets(reader), {})
        variables = []
        for text in reader.variables.values():
            condition: Expr | None = None
            if text.condition is not None:
                scope = RowPatternScope(names, f"the condition of {text.name}", text.name)
                condition = bind_condition(text.condition, scope)
            variables.append(Variable(text.name, 0, condition, text.span))
        within, gap = self._times()
        if pattern is not None:
            self._check_pattern(pattern, names)
        skip = self._skip(pattern, names)
        rows = _ROWS[node.rows]
        measures = MeasureScope(names, all_rows=rows != "one", taken=self.stream.schema.names())
        items = self._measures(measures)
        where = self._filter()
        if pattern is None or self.stream.unknown or any(_is_broken(v) for v in variables):
            return None
        schema = self.stream.schema
        columns = () if rows == "one" else tuple(c for c in schema.names() if c not in keys)
        ordered = [c for c in columns if c in order]
        columns = (*ordered, *(c for c in columns if c not in ordered))
        specs = [schema.find(n) for n in (*keys, *columns)]
        kept = [ColumnSpec(c.name, c.type, c.not_null) for c in specs if c is not None]
        leaves = measures.items()
        recognize = Recognize(
            inputs=(Scan(self.stream.name, schema),),
            where=where,
            partition=keys,
            pattern=pattern,
            variables=tuple(variables),
            subsets=tuple(names.subsets.items()),
            shifted=tuple(names.shifted.values()),
            within_us=within,
            gap_us=gap,
            within_events=node.within_events,
            skip=skip,
            rows=rows,
            columns=columns,
            measures=leaves,
            schema=Schema((*kept, *(ColumnSpec(m.name, m.value.type) for m in leaves))),
        )
        return self._project(recognize, items, len(keys) + len(ordered))

    def _project(
        self, below: Recognize, items: list[tuple[Item, Span]], first: int
    ) -> MatchTable | None:
        """Return the projection on keys, columns of ORDER BY, measures, remaining columns."""
        plain = [
            Item(c.name, Column(0, c.name, c.type, c.not_null))
            for c in below.schema.columns[: len(below.partition) + len(below.columns)]
        ]
        named = [(i, self.node.span) for i in plain[:first]]
        named += items
        named += [(i, self.node.span) for i in plain[first:]]
        no_duplicates(named, self.report)
        values = tuple(item for item, _ in named)
        specs = tuple(
            ColumnSpec(i.name, i.value.type, isinstance(i.value, Column) and i.value.not_null)
            for i in values
        )
        schema = Schema(specs)
        return MatchTable(Project(below, values, schema), StreamInfo("", schema))

    # ------------------------------------------------------------ clauses

    def _filter(self) -> Expr | None:
        if self.where is None:
            return None
        rows = RowScope(
            self.environment,
            "WHERE",
            self.stream.schema,
            (self.stream.name,),
            unknown=self.stream.unknown,
        )
        return bind_condition(self.where, rows)

    def _keys(self) -> tuple[str, ...]:
        """Return the columns of PARTITION BY.

        Errors: CEP202, CEP209, CEP312.
        """
        keys: list[str] = []
        rows = RowScope(
            self.environment, "PARTITION BY", self.stream.schema, unknown=self.stream.unknown
        )
        for item in self.node.partition_by:
            if not isinstance(item.value, ast.Name) or item.alias is not None:
                refuse(self.report, "Match.partition", item.span)
                continue
            if is_broken(rows.name(item.value.name, item.span)):
                continue
            if item.value.name in keys:
                self.report.add("CEP209", f"key {item.value.name!r} is given twice", item.span)
            keys.append(item.value.name)
        if not self.node.partition_by:
            hint = "add PARTITION BY key, unless all rows belong together"
            self.report.add(
                "CEP606", "without PARTITION BY all rows are one", self.node.pattern.span, hint
            )
        return tuple(keys)

    def _subsets(self, reader: RowPatternReader) -> dict[str, tuple[str, ...]]:
        """Return the unions of SUBSET.

        Errors: CEP204, CEP209.
        """
        found: dict[str, tuple[str, ...]] = {}
        for subset in self.node.subsets:
            unknown = [v for v in subset.variables if v not in reader.variables]
            if unknown:
                message = f"{unknown[0]!r} does not occur in the pattern"
                self.report.add("CEP204", message, subset.span)
            if subset.name in found or subset.name in reader.variables:
                self.report.add("CEP209", f"{subset.name!r} is declared twice", subset.span)
            found[subset.name] = tuple(v for v in subset.variables if v in reader.variables)
        return found

    def _measures(self, scope: MeasureScope) -> list[tuple[Item, Span]]:
        items = []
        for measure in self.node.measures:
            value = bind_expression(measure.value, scope)
            if is_broken(value):
                continue
            if value.type is Type.NULL:
                hint = "say which: CAST(NULL AS DOUBLE)"
                message = f"column {measure.name!r} is NULL of no type"
                self.report.add("CEP217", message, measure.span, hint)
            items.append((Item(measure.name, value), measure.span))
        return items

    def _times(self) -> tuple[int | None, int | None]:
        """Return WITHIN and GAP, us."""
        node, environment = self.node, self.environment
        within = gap = None
        if node.within is not None:
            within = bind_duration(node.within, "the time of WITHIN", environment, zero=True)
        if node.gap is not None:
            gap = bind_duration(node.gap, "the time of GAP", environment, zero=True)
        return within, gap

    def _check_pattern(self, pattern: RowPattern, names: RowNames) -> None:
        """Report what is too large or may wait for ever, and exclusions that ALL ROWS WITH UNMATCHED ROWS cannot have.

        Errors: CEP252, CEP255, CEP312; lint CEP601.
        """
        if any(_relaxes(part) for part in row_parts(pattern)):
            if self.node.gap is not None:
                refuse(self.report, "Recognize.gap", self.node.gap.span)
            elif self.node.within is None and self.node.within_events is None:
                hint = "add WITHIN 1h (as long as a match may take)"
                message = "a start of this pattern may wait for ever"
                self.report.add("CEP601", message, self.node.pattern.span, hint)
        if size_of(pattern) > MOST_STATES or len(names.variables) > MOST_VARIABLES:
            message = (
                f"this pattern has more than {MOST_STATES} places or {MOST_VARIABLES} variables"
            )
            hint = "make the bounds of its quantifiers smaller"
            self.report.add("CEP252", message, self.node.pattern.span, hint)
        excludes = any(isinstance(part, RowExcluded) for part in row_parts(pattern))
        if excludes and self.node.rows == "all_unmatched":
            message = (
                "{- -} in ALL ROWS PER MATCH WITH UNMATCHED ROWS: is such a row matched or not?"
            )
            self.report.add("CEP255", message, self.node.pattern.span, "leave one of them out")

    def _skip(self, pattern: RowPattern | None, names: RowNames) -> RowSkip:
        """Return the skip rule.

        Errors: CEP204, CEP255 a skip that can never leave the first row, SKIP NONE.
        """
        skip = self.node.skip
        if skip is None:
            return RowSkip("past_last")
        if skip.kind == "none":
            self.report.add(
                "CEP255", "SKIP NONE stands in MATCH only", skip.span, "use TO NEXT ROW"
            )
        if skip.variable is None:
            return RowSkip("to_next" if skip.kind == "to_next" else "past_last")
        known = (*names.variables, *names.subsets)
        if skip.variable not in known:
            message = f"{skip.variable!r} does not occur in the pattern"
            self.report.add("CEP204", message, skip.span)
            return RowSkip("past_last")
        first = skip.kind == "to_first"
        if first and pattern is not None:
            starts = first_variables(pattern)
            if starts and starts <= set(names.members(skip.variable)):
                message = f"the first {skip.variable} is always the first row of the match"
                self.report.add("CEP255", message, skip.span, "use TO NEXT ROW")
        return RowSkip("to_first" if first else "to_last", skip.variable)


def _relaxes(part: RowPattern) -> bool:
    """Whether rows may stand between the rows that a part binds."""
    return isinstance(part, RowFollowed) or (isinstance(part, RowLoop) and part.relaxed)


def _is_broken(variable: Variable) -> bool:
    return variable.condition is not None and any(is_broken(e) for e in walk(variable.condition))


__all__ = ["MatchTable", "bind_recognize"]
