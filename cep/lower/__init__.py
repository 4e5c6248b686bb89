"""Lowering: from the typed plan to the operator graph.

Each rule's chain of nodes is lowered from the bottom up; a node class has one lowering function in
`_LOWERINGS`, runs of Filter and Project become one SELECT operator.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cep.codegen.incident.kernel import TABLE_PORT
from cep.codegen.layout import ORIGIN
from cep.codegen.match.emit import ENDED_PORT
from cep.codegen.select import Identity
from cep.errors import CepError, Problem
from cep.graph.graph import BranchSpec, Graph, OperatorSpec, RuleSpec
from cep.lower.context import Context, Lowered
from cep.lower.emission import lower_conflate, lower_on_change
from cep.lower.incident import lower_identified, lower_incident
from cep.lower.join import lower_join
from cep.lower.match import lower_match
from cep.lower.recognize import lower_recognize
from cep.lower.select import lower_select
from cep.lower.throttle import lower_throttle
from cep.plan.expressions import Column
from cep.plan.nodes import (
    Conflate,
    Filter,
    GroupWindow,
    Incident,
    Join,
    Limit,
    Match,
    Node,
    OnChange,
    Over,
    Project,
    RulePlan,
    Scan,
    Suppress,
    WindowedRows,
)
from cep.plan.recognition import Recognize
from cep.plan.state_shape import state_shape
from cep.plan.tree import source_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.graph.graph import Automaton
    from cep.plan.nodes import Plan

__all__ = ["lower", "lower_rule"]


def lower(plan: Plan) -> Graph:
    """Return the operator graph of a bound plan.

    Raises:
        CepError: CEP320 for every expression that cannot be computed where it stands.
    """
    problems: list[Problem] = []
    rules: list[RuleSpec] = []
    sources = frozenset(stream.name for stream in plan.streams if not stream.derived)
    for number, rule in enumerate(plan.rules, 1):
        try:
            rules.append(lower_rule(rule, number, sources))
        except CepError as mistake:
            problems.extend(mistake.problems)
    if problems:
        raise CepError(problems)
    return Graph(plan.streams, tuple(rules), plan.components, plan.parameters, plan.paused)


def lower_rule(rule: RulePlan, topological: int, sources: frozenset[str] = frozenset()) -> RuleSpec:
    """Return one rule as a chain of operators.

    topological: its place in that order, from 1. sources: streams that hold source events only.
    """
    chain = _chain(rule.root)
    bottom = chain[0]
    context = Context(rule, from_source=set(_inputs(bottom)) <= sources)
    operators, automaton = _lower_chain(chain, 1 if isinstance(bottom, Scan) else 0, context)
    count = len(operators)
    branches: list[BranchSpec] = []
    for branch in rule.branches:
        above = [bottom, *_chain(branch.root)[1:]]
        if isinstance(bottom, Incident):
            found = lower_identified(bottom, replace(context, number=count)).operators
            port = TABLE_PORT
        else:
            assert isinstance(bottom, Match), "only a MATCH has ON TIMEOUT"
            hidden, identity = ORIGIN, _identity(bottom, context)
            place = replace(context, number=count, hidden=hidden, identity=identity)
            found, _ = _lower_chain(above, 1, place)
            port = ENDED_PORT
        branches.append(BranchSpec(port, found, branch.output, _key_columns(above)))
        count += len(found)
    return RuleSpec(
        name=rule.name,
        inputs=_inputs(bottom),
        operators=operators,
        output=rule.output,
        declaration=rule.declaration,
        topological=topological,
        kind=rule.kind,
        version=rule.version,
        state=rule.state,
        shape=state_shape(rule),
        key_columns=_key_columns(chain),
        annotations=rule.annotations,
        automaton=automaton,
        span=rule.span,
        branches=tuple(branches),
    )


def _lower_chain(
    chain: list[Node], position: int, context: Context
) -> tuple[tuple[OperatorSpec, ...], Automaton | None]:
    """Return the operators of the nodes of a chain from `position` on, and the automaton of a pattern in it."""
    operators: list[OperatorSpec] = []
    automaton: Automaton | None = None
    first, below = context.number, chain[max(position - 1, 0)]
    while position < len(chain) or not operators:
        end = position
        while end < len(chain) and isinstance(chain[end], Filter | Project):
            end += 1
        if end > position or position == len(chain):
            done = lower_select(below.schema, chain[position:end], context)  # type: ignore[arg-type]
        else:
            end = position + 1
            done = _LOWERINGS[type(chain[position])](chain[position], context)
        operators += done.operators
        automaton = done.automaton or automaton
        context = replace(
            context, number=first + len(operators), hidden=done.hidden, identity=done.identity
        )
        below = chain[end - 1]
        position = end
    return tuple(operators), automaton


def _chain(root: Node) -> list[Node]:
    """Return the nodes of a rule, lowest first."""
    nodes: list[Node] = []
    node: Node | None = root
    while node is not None:
        nodes.append(node)
        node = source_of(node)
    return nodes[::-1]


def _inputs(bottom: Node) -> tuple[str, ...]:
    """Return the streams a rule reads, by the numbers of its inputs."""
    if isinstance(bottom, Match | Recognize | Join | Incident):
        return tuple(scan.stream for scan in bottom.inputs)
    return (bottom.stream,) if isinstance(bottom, Scan) else ()


def _key_columns(chain: list[Node]) -> tuple[str, ...]:
    """Return the output columns that hold the key of a match or incident; none if one is left out."""
    bottom = chain[0]
    if isinstance(bottom, Incident):
        return bottom.keys
    if not isinstance(bottom, Match | Recognize):
        return ()
    names: tuple[str | None, ...]
    names = bottom.key_names if isinstance(bottom, Match) else bottom.partition
    inside = bottom.rows if isinstance(bottom, Match) else bottom.items
    projections = [inside] if inside else []
    projections += [node.items for node in chain[1:] if isinstance(node, Project)]
    for items in projections:
        kept = {i.value.name: i.name for i in items if isinstance(i.value, Column)}
        names = tuple(kept.get(name) if name is not None else None for name in names)
    known = tuple(name for name in names if name is not None)
    return known if len(known) == len(names) else ()


def _match(node: Match, context: Context) -> Lowered:
    operator, automaton = lower_match(node, context.entry)
    if node.rows:  # they do not read MATCH_ID(), and nothing above does
        return Lowered((operator,), ORIGIN, None, automaton)
    return Lowered((operator,), ORIGIN, _identity(node, context), automaton)


def _identity(node: Match, context: Context) -> Identity:
    """Return what ids of the runs of a MATCH are made of."""
    types = {c.name: c.type for c in node.schema.columns}
    return Identity(
        context.rule.name,
        context.rule.version,
        tuple(scan.stream for scan in node.inputs),
        tuple(Column(0, name, types[name]) for name in node.key_names),
    )


def _window(node: GroupWindow, context: Context) -> Lowered:
    from cep.lower.window import lower_window

    return Lowered((lower_window(node, context.entry, phases=not context.from_source),))


def _windowed_rows(node: WindowedRows, context: Context) -> Lowered:
    from cep.lower.window import lower_windowed_rows

    return Lowered((lower_windowed_rows(node, context.entry),))


def _over(node: Over, context: Context) -> Lowered:
    from cep.lower.over import lower_over

    return Lowered((lower_over(node, context.entry),))


_LOWERINGS: dict[type, Callable[[Any, Context], Lowered]] = {
    GroupWindow: _window,
    Over: _over,
    Match: _match,
    Recognize: lower_recognize,
    Incident: lower_incident,
    Join: lower_join,
    Suppress: lower_throttle,
    Limit: lower_throttle,
    Conflate: lower_conflate,
    OnChange: lower_on_change,
    WindowedRows: _windowed_rows,
}
