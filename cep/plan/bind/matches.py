"""Queries over MATCH: variables, keys, conditions, options, and the select list on top."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import nearest
from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.bind.endings import MATCH_EMITS, Emits, bind_emit, check_endings
from cep.plan.bind.environment import unknown_stream
from cep.plan.bind.events import BoundVariable, PatternScope
from cep.plan.bind.expressions import bind_condition
from cep.plan.bind.forks import check_forks
from cep.plan.bind.lints import lint_match
from cep.plan.bind.match_select import MatchSelectScope
from cep.plan.bind.partitions import Key, bind_partition
from cep.plan.bind.patterns import Chain, PatternReader, Until, VariableText
from cep.plan.bind.refused import REFUSED, refuse
from cep.plan.bind.report import is_broken
from cep.plan.bind.select import bind_items, project, throttle
from cep.plan.bind.shapes import is_required, loops_at_first, parts_within
from cep.plan.bind.subsets import bind_subsets
from cep.plan.bind.time_order import bind_time_order
from cep.plan.bind.timeouts import BoundTimeout
from cep.plan.expressions import Aggregate, Bound, Column, Expr
from cep.plan.nodes import Absent, Filter, Gap, Match, Node, Pattern, Scan, Sequence, Variable
from cep.plan.tree import rebuild, walk
from cep.schema import ColumnSpec, Schema

if TYPE_CHECKING:
    from cep.errors import Span
    from cep.plan.bind.environment import Environment, StreamInfo
    from cep.plan.bind.report import Report

# Clauses of a SELECT that make no sense over a match (ruling 19).
_EXCLUDED = {"group_by": "GROUP BY", "having": "HAVING", "qualify": "QUALIFY", "windows": "WINDOW"}


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """What the annotations of a rule say to its MATCH."""

    group_null_keys: bool = False
    max_runs: int | None = None


def bind_match_query(
    select: ast.Select,
    node: ast.Match,
    timeouts: tuple[ast.Select, ...],
    options: MatchOptions,
    environment: Environment,
) -> tuple[Node, ...] | None:
    """Return the plan of `SELECT .. FROM [s] MATCH (..)`, then those of its ON TIMEOUT queries; or None.

    Errors: those of patterns, conditions and select lists; CEP224 clauses that exclude MATCH.
    """
    report = environment.report
    for clause, word in _EXCLUDED.items():
        if getattr(select, clause) not in (None, ()):
            hint = "write a second rule that reads the output stream of this one"
            message = f"{word} in the same SELECT as MATCH"
            report.add("CEP224", message, _span_of(select, clause), hint)
    emits = bind_emit(select.output, environment)
    bound = _bind_match(node, emits, environment)
    if bound is None:
        return None
    ends = (node.within, node.gap, node.within_events) != (None, None, None)
    ends = ends or _ends_by_gap(bound.chain.pattern())
    check_endings(emits, timeouts, bound.chain, report, ends=ends)
    scope = MatchSelectScope(
        environment,
        bound.named,
        [k.column for k in bound.keys],
        bound.chain,
        keys_broken=len(bound.keys) < len(node.partition_by),
        grows=emits.grows,
        alias=node.alias or "",
    )
    items = bind_items(select.items, scope, scope, report)
    where = None
    if select.where is not None:
        hint = "a match that WHERE rejects has used its events; move the condition into the pattern"
        report.add("CEP605", "WHERE over a match", select.where.span, hint)
        scope.place = "WHERE"
        where = bind_condition(select.where, scope)
    ended = scope.over_runs()
    queries = [BoundTimeout(query, ended, environment) for query in timeouts]
    if bound.broken or items is None or (where is not None and is_broken(where)):
        return None
    if any(query.broken for query in queries):
        return None
    match = _match_node(bound, scope, node, options)
    match = replace(match, timeouts=bool(timeouts), emit=emits.emit, every_us=emits.every_us)
    if not check_forks(match, bound.chain, node.pattern.span, report):
        return None
    top: Node = match
    if where is not None:
        top = Filter(top, where, top.schema)
    top = project(items, top, None, report)
    top = throttle(select.output, top, MATCH_EMITS, environment)
    return (top, *(query.node(match.schema) for query in queries))


def _span_of(select: ast.Select, clause: str) -> Span:
    value = getattr(select, clause)
    span: Span = value[0].span if isinstance(value, tuple) else value.span
    return span


@dataclass(frozen=True, slots=True)
class _BoundMatch:
    """A MATCH clause without its measures; `broken` if something in it is wrong (and reported).

    watched: further streams that say when the rule has begun.
    """

    inputs: tuple[StreamInfo, ...]
    named: dict[str, BoundVariable]
    chain: Chain
    keys: tuple[Key, ...]
    conditions: tuple[Variable, ...]
    within_us: int | None
    skip_to: tuple[str, ...]
    gap_us: int | None
    broken: bool
    watched: tuple[StreamInfo, ...] = ()


def _match_node(
    bound: _BoundMatch, scope: MatchSelectScope, node: ast.Match, options: MatchOptions
) -> Match:
    """Return the plan node, its measures being those the select list has asked for."""
    measures = scope.items()
    columns = (
        *(k.column for k in bound.keys),
        *(ColumnSpec(m.name, m.value.type) for m in measures),
    )
    return Match(
        inputs=tuple(Scan(s.name, s.schema) for s in (*bound.inputs, *bound.watched)),
        partition=tuple(k.columns for k in bound.keys),
        key_names=tuple(k.column.name for k in bound.keys),
        pattern=bound.chain.pattern(),
        variables=bound.conditions,
        within_us=bound.within_us,
        within_events=node.within_events,
        starts=node.starts or "each",
        skip=_SKIPS[node.skip.kind] if node.skip is not None else "past_last",
        skip_to=bound.skip_to,
        gap_us=bound.gap_us,
        measures=measures,
        schema=Schema(columns),
        group_null_keys=options.group_null_keys,
        max_runs=options.max_runs,
        subsets=scope.subsets(c.condition for c in bound.conditions if c.condition is not None),
        watched=len(bound.watched),
    )


_SKIPS: dict[str, OneOf["past_last", "to_next", "none", "to_first", "to_last"]] = {
    "past_last": "past_last",
    "to_next": "to_next",
    "none": "none",
    "to_first": "to_first",
    "to_last": "to_last",
    "to_variable": "to_last",
}


def _bind_match(node: ast.Match, emits: Emits, environment: Environment) -> _BoundMatch | None:
    """Bind everything inside the parentheses of MATCH."""
    report = environment.report
    before = report.mistakes
    _check_count(node, report)
    default = _source(node, environment)
    reader = PatternReader(environment)
    chain = reader.read(node.pattern)
    for define in node.defines:
        reader.define(define)
    inputs, variables = _variables(reader.variables, default, environment)
    for stream in inputs:
        environment.needs_time(stream, "MATCH", node.span)
        environment.needs_events(stream, "MATCH", node.span)
        if node.order_by and not bind_time_order(node.order_by, stream, report):
            break
    keys = bind_partition(node.partition_by, inputs, variables, report)
    named = {**variables, **bind_subsets(node.subsets, variables, report)}
    conditions = [
        _condition(reader.variables[v.name], v, named, environment) for v in variables.values()
    ]
    conditions += [
        _until(name, until, named, environment)
        for name, until in reader.untils.items()
        if all(step in variables for step in until.steps)
    ]
    within = None
    if node.within is not None:
        within = bind_duration(node.within, "the time of WITHIN", environment, zero=True)
    gap = None
    if node.gap is not None:
        gap = bind_duration(node.gap, "the time of GAP", environment, zero=True)
    skip_to = _skip_to(node, named, report)
    if node.alias is not None and node.alias in named:
        report.add("CEP209", f"{node.alias!r} is the name of a variable", node.span)
    if chain is None:
        return None
    _check_time(chain, within, node, environment)
    _check_before(chain, conditions, report)
    broken = report.mistakes != before
    bound = tuple(c for c in conditions if c is not None)
    if not broken:
        lint_match(node, chain, variables, bound, within, report, grows=emits.grows)
    plain = tuple(replace(v, condition=_without_self(v.condition, v.input)) for v in bound)
    watched = _watched(chain, inputs, environment)
    return _BoundMatch(inputs, named, chain, keys, plain, within, skip_to, gap, broken, watched)


def _watched(
    chain: Chain, inputs: tuple[StreamInfo, ...], environment: Environment
) -> tuple[StreamInfo, ...]:
    """Return the streams behind the subqueries of a pattern that begins with NOT .. FOR.

    The rule has begun with the first event of those, whether or not the subquery lets it pass (ruling 12).
    """
    if not isinstance(chain.parts[0][0], Absent):
        return ()
    todo = [stream.name for stream in inputs]
    found: dict[str, StreamInfo] = {}
    while todo:
        name = todo.pop(0)
        todo += environment.behind.get(name, ())
        if name not in environment.behind and name in environment.streams:
            found[name] = environment.streams[name]
    known = {stream.name for stream in inputs}
    return tuple(stream for name, stream in found.items() if name not in known)


def _check_before(chain: Chain, conditions: list[Variable | None], report: Report) -> None:
    """What is absent before the first event reads no variables: there are none yet (ruling 12).

    Errors: CEP240.
    """
    first = chain.parts[0][0]
    names = first.variables if isinstance(first, Absent) else ()
    for variable in conditions:
        if variable is None or variable.name not in names or variable.condition is None:
            continue
        plain = _without_self(variable.condition, variable.input)
        for part in walk(plain) if plain is not None else ():
            if isinstance(part, Bound | Aggregate):
                message = "a condition of NOT .. FOR before the first event reads no other events"
                report.add("CEP240", message, part.span, "compare columns of the event itself")
                break


def _check_count(node: ast.Match, report: Report) -> None:
    """Check WITHIN n EVENTS.

    Errors: CEP216.
    """
    if node.within_events is not None and node.within_events < 1:
        message = "a match has one event at least"
        report.add("CEP216", message, node.span, "write WITHIN 1 EVENTS or more")


def _ends_by_gap(pattern: Pattern) -> bool:
    """Return whether some edge has an upper gap."""
    edges = (e for p in parts_within(pattern) if isinstance(p, Sequence) for e in p.edges)
    return any(isinstance(edge, Gap) and edge.high_us is not None for edge in edges)


def _skip_to(node: ast.Match, named: dict[str, BoundVariable], report: Report) -> tuple[str, ...]:
    """Return the variables AFTER MATCH SKIP TO names: one, or those of a SUBSET.

    Errors: CEP204 unknown variable, CEP249 negated variable.
    """
    skip = node.skip
    if skip is None or skip.variable is None:
        return ()
    found = named.get(skip.variable)
    if found is None:
        hint = nearest(skip.variable, named) or ""
        report.add("CEP204", f"unknown variable {skip.variable!r}", skip.span, hint)
        return ()
    if found.negated:
        report.add("CEP249", "a variable behind NOT has no event", skip.span)
        return ()
    members = [s.variables for s in node.subsets if s.name == skip.variable]
    return members[0] if members else (skip.variable,)


def _source(node: ast.Match, environment: Environment) -> StreamInfo | None:
    """Return the FROM stream, the default of all variables."""
    source = node.source
    if source is None:
        return None
    if not isinstance(source, ast.TableName):
        key = type(source).__name__
        refuse(environment.report, "Derived" if key not in REFUSED else key, source.span)
        return unknown_stream("")
    if source.as_of is not None:
        refuse(environment.report, "TableName.as_of", source.as_of.span)
    return environment.stream(source.name, source.span)


def _variables(
    texts: dict[str, VariableText], default: StreamInfo | None, environment: Environment
) -> tuple[tuple[StreamInfo, ...], dict[str, BoundVariable]]:
    """Return the streams of the pattern in order of appearance, and its variables.

    Errors: CEP201, CEP245 variable without a stream.
    """
    inputs: list[StreamInfo] = []
    variables: dict[str, BoundVariable] = {}
    for text in texts.values():
        stream = default
        if text.stream is not None:
            stream = environment.stream(text.stream, text.span)
        if stream is None:
            message = f"{text.name!r} has no stream, and there is none in FROM"
            hint = f"write {text.name}:stream, or FROM stream MATCH ( .. )"
            environment.report.add("CEP245", message, text.span, hint)
            stream = unknown_stream("")
        if stream not in inputs:
            inputs.append(stream)
        number = inputs.index(stream)
        variables[text.name] = BoundVariable(text.name, stream, number, text.negated)
    return tuple(inputs), variables


def _condition(
    text: VariableText,
    variable: BoundVariable,
    variables: dict[str, BoundVariable],
    environment: Environment,
) -> Variable | None:
    """Return a variable with its condition."""
    if text.condition is None:
        return Variable(variable.name, variable.input, None, text.span)
    scope = _ConditionScope(environment, f"the condition of {text.name}", variables, variable)
    condition = bind_condition(text.condition, scope)
    if is_broken(condition):
        return None
    return Variable(variable.name, variable.input, condition, text.span)


def _until(
    name: str, until: Until, variables: dict[str, BoundVariable], environment: Environment
) -> Variable | None:
    """Return the condition of an UNTIL, under a name of its own: of the variable of its loop, if that is one step.

    Errors: CEP245 the steps of the loop read several streams.
    """
    loop = variables[until.steps[0]]
    span = until.condition.span
    if len({variables[step].input for step in until.steps}) > 1:
        message = "UNTIL is tested on the events of one stream, and this loop reads several"
        environment.report.add("CEP245", message, span, "write NOT n behind its last step")
        return None
    if not until.variable:
        loop = replace(loop, name=name)
    scope = _ConditionScope(environment, f"the {name}", variables, loop)
    condition = bind_condition(until.condition, scope)
    if is_broken(condition):
        return None
    return Variable(name, loop.input, condition, span, of=until.variable)


class _ConditionScope(PatternScope):
    """The condition of a step: a bare name is a column of the event being tested."""

    def name(self, name: str, span: Span) -> Expr:
        """Return a column of the candidate."""
        if self.candidate is None:
            return super().name(name, span)
        if name in self.variables and self.candidate.stream.schema.find(name) is None:
            message = f"variable {name!r} is no value"
            return self.report.add("CEP202", message, span, f"write {name}.column")
        return self.column_of(self.candidate, name, span)

    def json(self, name: str, span: Span) -> Expr | None:
        """Return a column of the candidate with fields; a variable of that name goes first."""
        if self.candidate is None or name in self.variables:
            return None
        column = self.candidate.stream.schema.find(name)
        found = column is not None and column.type.has_fields
        return self.column_of(self.candidate, name, span) if found else None


def _without_self(condition: Expr | None, number: int) -> Expr | None:
    """Return a condition with LAST(v.x) of the candidate's own variable as what it is: v.x."""
    if condition is None:
        return None

    def step(expr: Expr) -> Expr:
        same = isinstance(expr, Bound) and expr.candidate and expr.which == "last"
        if same and isinstance(expr, Bound) and expr.offset == 0:
            return Column(number, expr.name, expr.type, span=expr.span)
        return expr

    return rebuild(condition, step)


def _check_time(
    chain: Chain, within: int | None, node: ast.Match, environment: Environment
) -> None:
    """STARTS LAST needs a first step of one event; an absence must end within WITHIN.

    Errors: CEP243, CEP250.
    """
    for part, span in chain.parts:
        if node.starts == "last" and loops_at_first(part):
            message = "STARTS LAST: the first step binds one event only"
            environment.report.add("CEP243", message, span, "use STARTS FIRST")
        if is_required(part):
            break
    last, span = chain.parts[-1]
    waits = last.for_us if isinstance(last, Absent) else None
    if waits is not None and within is not None and waits > within:
        message = "this absence lasts longer than WITHIN: it can never complete"
        environment.report.add("CEP250", message, span, "make WITHIN longer, or leave it out")
