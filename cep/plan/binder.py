"""From the statements of all rule files to a typed plan, or to everything that is wrong with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cep.errors import NO_SPAN
from cep.graph.graph import StreamSpec
from cep.lang import ast
from cep.plan.bind.annotations import RuleOptions, Ttl, bind_annotations
from cep.plan.bind.catalog import settle
from cep.plan.bind.declarations import Declarations, Rule, bind_parameters, collect, flows
from cep.plan.bind.environment import Environment, StreamInfo
from cep.plan.bind.functions import bind_functions
from cep.plan.bind.incidents import bind_incident
from cep.plan.bind.order import Flow, components, roots, topological
from cep.plan.bind.outputs import (
    Output,
    Writer,
    check_declared,
    conform,
    tells_changes,
    union_schema,
)
from cep.plan.bind.queries import bind_query
from cep.plan.bind.questions import bind_questions
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import Report
from cep.plan.bind.rule_tests import bind_test
from cep.plan.bind.schemaless import with_read_columns
from cep.plan.bind.stream_columns import with_made_columns
from cep.plan.bind.streams import bind_stream
from cep.plan.bind.subqueries import expand
from cep.plan.bind.tables import bind_table
from cep.plan.bind.written_columns import Definitions, made_columns, with_written_columns
from cep.plan.nodes import Branch, Ended, Plan, RulePlan
from cep.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cep.errors import Problem
    from cep.plan.bind.membership import TableShape
    from cep.plan.nodes import Node
    from cep.plan.rule_tests import RuleTest


@dataclass(frozen=True, slots=True)
class Binding:
    """What binding gives: the plan (None if there are mistakes), and all problems, lints included."""

    plan: Plan | None
    problems: tuple[Problem, ...]


def bind(
    statements: Sequence[ast.Statement],
    *,
    params: Mapping[str, object] | None = None,
    broken_names: Iterable[str] = (),
) -> Binding:
    """Bind the statements of all rule files, in the order given.

    Args:
        statements: Statements of all files, one after the other; their order is declaration order.
        params: Values for PARAMs that win over defaults: Python values, or text as on a command line.
        broken_names: Names that statements with syntax errors declare; nothing is said about them.

    Returns:
        The plan and the problems; each statement may have several.
    """
    return _Binder(Report(), frozenset(broken_names)).bind(statements, params or {})


class _Binder:
    """One run of the binder over all files.

    Invariants: rules are bound in topological order, so the columns of a derived stream are known
    before its readers are bound.
    """

    def __init__(self, report: Report, broken_names: frozenset[str]) -> None:
        self.report = report
        self.environment = Environment(report, broken_names=broken_names)
        self.declared: dict[str, StreamSpec] = {}
        self.outputs: dict[str, Output] = {}
        self.hidden: frozenset[str] = frozenset()
        self.incident_tables: dict[str, tuple[str, ...]] = {}
        self.view_tables: dict[str, TableShape] = {}
        self.ttls: dict[str, Ttl | None] = {}  # of rules, for their subqueries too
        # Columns of written streams with defaults, or computed ones.
        self.made: dict[str, Definitions] = {}

    def bind(self, statements: Sequence[ast.Statement], params: Mapping[str, object]) -> Binding:
        catalog = settle(statements, self.report)
        self.environment.max_runs = catalog.max_runs
        statements = with_read_columns(catalog.statements, self.report)
        expanded = expand(with_made_columns(statements), self.report)
        self.hidden = frozenset(expanded.hidden)
        self.view_tables = expanded.tables
        found = collect(expanded.statements, self.environment)
        self.environment.broken_names |= found.refused_names
        bind_parameters(found.parameters, params, self.environment)
        bind_functions(found.functions, self.environment)
        steps = flows(found.rules)
        self.environment.written_by = {f.name: f.writes[0] for f in steps if f.writes[0] != f.name}
        self._streams(found, {name: f.name for f in steps for name in f.writes})
        ordered, circle = topological(steps)
        if circle:
            self._report_circle(circle, found)
            left = [f for f in steps if f not in ordered]
            for item in left:
                self.environment.broken_names |= {*item.writes}
        rules = self._rules(ordered, found)
        tests = self._tests(found)
        active = [r for r in rules if r.name.partition("$")[0] not in catalog.paused]
        questions = bind_questions(catalog.questions, active, self.environment)
        if self.report.mistakes:
            return Binding(None, tuple(self.report.problems))
        explained = tuple(r for n in catalog.explained for r in rules if r.name == n)
        plan = self._plan(ordered, active)
        paused = tuple(sorted(catalog.paused.intersection(found.rules)))
        plan = replace(plan, tests=tests, explained=explained, questions=questions, paused=paused)
        return Binding(plan, tuple(self.report.problems))

    def _tests(self, found: Declarations) -> tuple[RuleTest, ...]:
        """Bind the tests, now that the columns of all streams are known."""
        sources = [n for n in found.streams if n not in self.outputs]
        late = [n for n, info in self.environment.streams.items() if info.late_of is not None]
        outputs = [n for n in (*self.outputs, *late) if n not in self.hidden]
        bound = (
            bind_test(node, found.rules, sources, outputs, self.environment) for node in found.tests
        )
        return tuple(test for test in bound if test is not None)

    # ------------------------------------------------------------ streams

    def _streams(self, found: Declarations, writers: Mapping[str, str]) -> None:
        """Declare source streams, and streams of late rows; written ones are known by name only."""
        for name, (node, place) in found.streams.items():
            spec, known = bind_stream(node, place, self.environment)
            self.declared[name] = spec
            if name in writers:
                check_declared(spec, writers[name], node.span, self.report)
                self.made[name] = made_columns(node)
                continue
            self.environment.streams[name] = StreamInfo(
                name,
                spec.schema,
                unknown=not known,
                arrival=spec.time_column is None,
                time_column=spec.time_column,
                tiebreak=spec.tiebreak,
            )
        self._tables(found, writers)
        for spec in list(self.declared.values()):
            if spec.late_into is not None:
                self._late(spec, spec.late_into, writers)

    def _tables(self, found: Declarations, writers: Mapping[str, str]) -> None:
        """Declare tables; those that rules write are completed when these are bound."""
        for name, (node, place) in found.tables.items():
            spec, known = bind_table(node, place, self.environment, written=name in writers)
            if name in writers:
                self.made[name] = made_columns(node)
            if name in self.declared:
                self.report.add("CEP209", f"{name!r} is declared twice", node.span)
                continue
            self.declared[name] = spec
            if name not in writers:
                self.environment.streams[name] = StreamInfo(
                    name,
                    spec.schema,
                    unknown=not known,
                    time_column="ts",
                    primary_key=spec.primary_key,
                )

    def _late(self, spec: StreamSpec, name: str, writers: Mapping[str, str]) -> None:
        """Declare the stream of late rows: the columns of its source (output only)."""
        known = self.environment.streams.get(name)
        if name in writers or name in self.declared:
            message = f"{name} takes late rows of {spec.name} and cannot be anything else"
            self.report.add("CEP231", message, spec.span, "give it a name of its own")
        elif known is not None and known.schema != spec.schema:
            message = f"{name} takes late rows of two streams with different columns"
            self.report.add("CEP231", message, spec.span)
        self.environment.streams[name] = StreamInfo(name, spec.schema, late_of=spec.name)

    def _report_circle(self, circle: tuple[Flow, ...], found: Declarations) -> None:
        names = [f.name for f in circle]
        path = " -> ".join((*names, names[0]))
        message = f"rules feed each other in a circle: {path}"
        span = found.rules[names[0]][0].span
        self.report.add("CEP230", message, span, "let one of them write to another stream")

    # ------------------------------------------------------------ rules

    def _rules(self, ordered: tuple[Flow, ...], found: Declarations) -> list[RulePlan]:
        """Bind the rules in topological order; complete a written stream before its first reader."""
        waiting = Counter(name for f in ordered for name in f.writes)
        read = {name for f in ordered for name in f.reads}
        for item in ordered:
            node, _ = found.rules[item.name]
            self.environment.output_is_read = not read.isdisjoint(item.writes)
            sources = [self.environment.streams.get(name) for name in item.reads]
            arrival = any(s is not None and s.arrival for s in sources)
            roots = self._roots(node, item, found)
            for branch, name in enumerate(item.writes):
                if name in self.hidden:
                    self.environment.behind[name] = item.reads
                output = self.outputs.setdefault(name, Output(name, self.declared.get(name)))
                if roots is None:
                    output.broken = True
                else:
                    place = item.declaration
                    output.writers.append(
                        Writer(node.name, branch, roots[branch], place, node.span)
                    )
                    if branch == 0 and isinstance(node, ast.CreateRule):
                        output.changes |= tells_changes(
                            node.body.query, roots[0], self.environment.streams
                        )
                output.arrival = output.arrival or arrival
                waiting[name] -= 1
                if not waiting[name]:
                    self._complete(output)
        finished = {(w.rule, w.branch): w for o in self.outputs.values() for w in o.writers}
        written = [f for f in ordered if (f.name, 0) in finished]
        return [self._rule(found.rules[f.name][0], f, finished) for f in written]

    def _roots(self, node: Rule, item: Flow, found: Declarations) -> tuple[Node, ...] | None:
        """Bind a rule, or an incident, with what its annotations say."""
        self.environment.annotations = _annotations_of(node, found)
        self.environment.groups_all = node.name in self.view_tables
        options = bind_annotations(node, self.environment)
        owner, _ = found.rules.get(node.name.partition("$")[0], (node, 0))
        if owner.name not in self.ttls:
            self.ttls[owner.name] = bind_annotations(owner, self.environment).ttl
        self.environment.ttl = ttl = self.ttls[owner.name]
        roots = self._bound(node, item, options)
        if ttl is not None and not ttl.taken and roots is not None and node is owner:
            refuse(self.report, "Annotation.ttl", ttl.span)
            return None
        return roots

    def _bound(self, node: Rule, item: Flow, options: RuleOptions) -> tuple[Node, ...] | None:
        """Bind the queries of a rule, or an incident and its table."""
        if isinstance(node, ast.CreateIncident):
            tabled = len(item.writes) > 1
            incident = bind_incident(node, self.environment, tabled=tabled)
            if incident is None:
                return None
            if tabled:
                self.incident_tables[node.name] = incident.keys
                return incident, Ended(incident.schema)
            return (incident,)
        before = self.report.mistakes
        for insert in (node.body, *node.timeouts):
            self._target(insert)
        timeouts = tuple(timeout.query for timeout in node.timeouts)
        roots = bind_query(node.body.query, timeouts, options.match, self.environment)
        return roots if self.report.mistakes == before else None

    def _target(self, insert: ast.Insert) -> None:
        """UPSERT INTO for tables, INSERT INTO for streams."""
        spec = self.declared.get(insert.target or "")
        table = spec is not None and bool(spec.primary_key)
        if insert.upsert and not table:
            message = f"{insert.target} is no table"
            hint = "declare it with CREATE TABLE .. PRIMARY KEY, or write INSERT INTO"
            self.report.add("CEP236", message, insert.span, hint)
        elif table and not insert.upsert:
            message = f"{insert.target} is a table"
            self.report.add("CEP236", message, insert.span, "write UPSERT INTO")

    def _rule(self, node: Rule, item: Flow, finished: Mapping[tuple[str, int], Writer]) -> RulePlan:
        incident = isinstance(node, ast.CreateIncident)
        version = "" if isinstance(node, ast.CreateIncident) else node.version or ""
        state = None if isinstance(node, ast.CreateIncident) else node.state
        options = bind_annotations(node, self.environment)
        return RulePlan(
            name=node.name,
            root=finished[node.name, 0].root,
            output=item.writes[0],
            declaration=item.declaration,
            kind="incident" if incident else "rule",
            version=version,
            state=state,
            annotations=options.metadata,
            span=node.span,
            branches=tuple(
                Branch(finished[node.name, branch].root, name)
                for branch, name in enumerate(item.writes[1:], 1)
            ),
        )

    def _complete(self, output: Output) -> None:
        """Make the columns of a written stream known to its readers."""
        before = self.report.mistakes
        schema = union_schema(output, self.report) if output.writers else Schema(())
        output.writers = conform(output.writers, schema)
        made = self.made.get(output.name)
        if made and self.report.mistakes == before:
            tops = [w.root for w in output.writers]
            tops, schema = with_written_columns(tops, output.name, made, schema, self.environment)
            pairs = zip(output.writers, tops, strict=True)
            output.writers = [replace(w, root=root) for w, root in pairs]
        self.environment.streams[output.name] = StreamInfo(
            output.name,
            schema,
            unknown=output.broken or self.report.mistakes != before,
            arrival=output.arrival,
            time_column="ts",
            primary_key=self._key(output),
            shows_time="ts" in getattr(self.view_tables.get(output.name), "columns", ()),
            removed_by="state" if output.name in self.incident_tables else "",
            changes=output.changes,
        )

    def _key(self, output: Output) -> tuple[str, ...]:
        """Return the primary key of a table that rules or an incident write; of a stream nothing."""
        if output.declared is not None:
            return output.declared.primary_key
        if output.name in self.view_tables:
            return self.view_tables[output.name].key
        return self.incident_tables.get(output.name, ())

    # ------------------------------------------------------------ the plan

    def _plan(self, ordered: tuple[Flow, ...], rules: Sequence[RulePlan]) -> Plan:
        """Return the plan of a file without mistakes."""
        streams = []
        for name, info in self.environment.streams.items():
            declared = self.declared.get(name)
            if declared is not None and name not in self.outputs:
                streams.append(declared)
            else:
                streams.append(self._derived(name, info, declared))
        streams.sort(key=lambda s: s.declaration)
        sources = [s.name for s in streams if not s.derived]
        reached = roots(ordered, sources)
        parameters = tuple((n, v.value) for n, v in self.environment.parameters.items())
        return Plan(
            tuple(streams),
            tuple(rules),
            components(sources, ordered, reached),
            parameters,
            functions=tuple(f.plan for f in self.environment.functions.values()),
        )

    def _derived(self, name: str, info: StreamInfo, declared: StreamSpec | None) -> StreamSpec:
        """Return the spec of a stream that rules write, or that takes late rows."""
        if declared is not None:
            return replace(declared, schema=info.schema, derived=True)
        if info.late_of is not None:
            source = self.declared[info.late_of]
            return StreamSpec(name, info.schema, source.declaration, derived=True, span=source.span)
        writers = self.outputs[name].writers if name in self.outputs else []
        place = min((r.declaration for r in writers), default=0)
        span = writers[0].span if writers else NO_SPAN
        return StreamSpec(
            name,
            info.schema,
            place,
            derived=True,
            hidden=name in self.hidden or name in self.incident_tables,
            primary_key=info.primary_key,
            span=span,
        )


def _annotations_of(node: Rule, found: Declarations) -> tuple[ast.Annotation, ...]:
    """Return the annotations of a rule, of a query inside a rule those of that rule."""
    outer = found.rules.get(node.name.partition("$")[0])
    return (outer[0] if outer is not None else node).annotations
