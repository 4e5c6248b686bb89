"""Builds the running parts of a graph: streams, operators, rules, components."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cep.engine.component import Component
from cep.engine.rule_task import RuleTask
from cep.engine.shared_output import SharedOutput
from cep.engine.source_stream import SourceStream
from cep.graph.graph import OperatorKind
from cep.graph.kernel import Column, Computed, StringMap
from cep.operators.kernel_operator import KernelOperator
from cep.operators.observed import ObservedOperator
from cep.operators.select import SelectOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cep.engine.clock import WallClock
    from cep.graph.graph import Graph, RuleSpec, StreamSpec
    from cep.kernel import BackgroundCompiler
    from cep.strings import StringTable

# Kinds that have a form beside their kernel; all others are hosted kernels.
OPERATORS: dict[OperatorKind, type[KernelOperator]] = {
    OperatorKind.SELECT: SelectOperator,
    OperatorKind.OBSERVED_MATCH: ObservedOperator,
}


def build_sources(graph: Graph, strings: StringTable, clock: WallClock) -> dict[str, SourceStream]:
    """Return the source streams by name, in declaration order."""
    specs = sorted((s for s in graph.streams if not s.derived), key=lambda s: s.declaration)
    return {spec.name: SourceStream(spec, strings, clock) for spec in specs}


def needed_columns(graph: Graph, spec: StreamSpec) -> frozenset[str]:
    """Return the columns of a source stream that the engine looks at."""
    if spec.late_into is not None:
        return frozenset(spec.schema.names())
    found = {c.name for c in spec.schema.columns if c.not_null} | set(spec.tiebreak)
    found |= {name for name in (spec.time_column, spec.dedup_key) if name is not None}
    for rule in graph.rules:
        numbers = {i for i, name in enumerate(rule.inputs) if name == spec.name}
        for array in rule.operators[0].kernel.arrays:
            match array.source:
                case Column(number, name) if number in numbers:
                    found.add(name)
                case Computed(number, _, columns) if number in numbers:
                    found.update(columns)
                case StringMap(_, places):
                    found.update(name for number, name in places if number in numbers)
    return frozenset(found)


def build_rules(
    graph: Graph,
    strings: StringTable,
    tier: str,
    compiler: BackgroundCompiler | None,
    running: Mapping[str, list[KernelOperator]] | None = None,
) -> list[RuleTask]:
    """Return the rules in topological order with their operators; running: those that rules have already, by name."""
    known = running or {}
    rules = []
    writers = Counter(name for spec in graph.rules for name in spec.outputs)
    for spec in sorted(graph.rules, key=lambda r: r.topological):
        operators = known.get(spec.name) or [
            OPERATORS.get(operator.kind, KernelOperator)(
                operator, strings, tier=tier, compiler=compiler
            )
            for operator in spec.all_operators
        ]
        rules.append(RuleTask(spec, operators, signs=any(writers[n] > 1 for n in spec.outputs)))
    return rules


def build_components(
    graph: Graph,
    sources: dict[str, SourceStream],
    rules: list[RuleTask],
    written: Counter[str],
    wall: WallClock,
    *,
    bounded: bool,
) -> list[Component]:
    """Return the components; source streams that no rule reads are components of their own."""
    derived = {s.name: s for s in graph.streams if s.derived}
    groups = [set(names) for names in graph.components]
    seen = {name for names in groups for name in names}
    groups += [{name} for name in sources if name not in seen]
    tasks = [_reached(names, rules) for names in groups]
    written_by = [{n for task in mine for n in task.spec.outputs} for mine in tasks]
    writers = Counter(name for names in written_by for name in names)
    shared = frozenset(name for name, n in writers.items() if bounded and n > 1)
    return [
        Component(
            [sources[n] for n in sources if n in names],
            mine,
            {n: derived[n] for n in derived if n in outputs},
            written,
            wall,
            bounded=bounded,
            shared=shared,
            tables=tuple(s for s in graph.streams if s.primary_key),
        )
        for names, mine, outputs in zip(groups, tasks, written_by, strict=True)
    ]


def _reached(names: set[str], rules: list[RuleTask]) -> list[RuleTask]:
    """Return the rules that events of these streams reach, in topological order."""
    reached = set(names)
    mine = []
    for task in rules:
        if reached.intersection(task.spec.inputs):
            mine.append(task)
            reached.update(task.spec.outputs)
    return mine


def build_shared(
    graph: Graph, components: list[Component], *, bounded: bool
) -> dict[str, SharedOutput]:
    """Return the output streams of a bounded run that several components write."""
    if not bounded:
        return {}
    found: dict[str, SharedOutput] = {}
    outputs = [(c, {n for rule in c.rules for n in rule.spec.outputs}) for c in components]
    for spec in graph.streams:
        writers = [component for component, names in outputs if spec.name in names]
        if len(writers) > 1:
            found[spec.name] = SharedOutput(spec.schema, writers)
    return found


def stateful(rule: RuleSpec) -> bool:
    """Whether a rule keeps state."""
    return any(o.kind is not OperatorKind.SELECT for o in rule.all_operators)
