"""Other rules in a running engine: which of them go on with their state, which start fresh (rulings 30 and 39)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cep.engine.build import build_rules
from cep.errors import error

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cep.engine.rule_task import RuleTask
    from cep.engine.source_stream import SourceStream
    from cep.graph.graph import Graph, OperatorSpec, RuleSpec
    from cep.kernel import BackgroundCompiler
    from cep.operators.kernel_operator import KernelOperator
    from cep.strings import StringTable


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """What a change did to rules, by name; of a rule that is not named nothing has changed.

    added: rules that were not there, or paused. kept: other rules, with the state of those before them. reset: other
    rules, or RESET STATE, which start without state. removed: dropped or paused rules; their state is gone.
    """

    added: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def check_streams(
    graph: Graph, sources: Mapping[str, SourceStream], rules: Sequence[RuleTask]
) -> None:
    """Check that the streams of a graph are those of a running engine, or new.

    Raises:
        CepError: CEP408, a source stream is declared otherwise than before, or an incident is to be paused.
    """
    for spec in graph.streams:
        known = sources.get(spec.name)
        if known is not None and (spec.derived or known.spec.as_declared() != spec.as_declared()):
            msg = f"stream {spec.name} cannot change while the engine runs"
            raise error("CEP408", msg, spec.span, "declare another stream, or start a new engine")
    for task in rules:
        if task.spec.kind == "incident" and task.spec.name in graph.paused:
            msg = f"incident {task.spec.name} cannot be paused while the engine runs"
            raise error("CEP408", msg, hint="drop it, or pause the rules that it reads")


def changed_rules(
    graph: Graph,
    running: Sequence[RuleTask],
    reset: Collection[str],
    strings: StringTable,
    tier: str,
    compiler: BackgroundCompiler | None,
) -> tuple[list[RuleTask], set[str], RuleChanges]:
    """Return the rules of a graph with the state of those that run, the names of those without, what has changed.

    reset: rules that are to start fresh.

    Raises:
        CepError: CEP238, KEEP STATE of a rule whose state does not fit. No running rule is touched.
    """
    earlier = {task.spec.name: task for task in running}
    states = {spec.name: spec.state for spec in graph.rules}
    same: dict[str, list[KernelOperator]] = {}
    kept, fresh, new = [], [], []
    for spec in graph.rules:
        known, owner = earlier.get(spec.name), spec.name.partition("$")[0]
        if known is None:
            new.append(spec.name)
        elif owner in reset:
            fresh.append(spec.name)
        elif _is_same(known.spec, spec):
            same[spec.name] = known.operators
        elif states.get(owner) == "keep":
            kept.append(spec.name)
        else:
            fresh.append(spec.name)
    tasks = build_rules(graph, strings, tier, compiler, same)
    for task in tasks:
        name = task.spec.name
        if name in kept:
            _adopt(task, earlier[name])
        if name in kept or name in same:
            task.go_on(earlier[name])
    removed = [name for name in earlier if name not in {spec.name for spec in graph.rules}]
    changes = RuleChanges(shown(new), shown(kept), shown(fresh), shown(removed))
    return tasks, {*new, *fresh}, changes


def shown(names: Sequence[str]) -> tuple[str, ...]:
    """Return the rules that have these parts, in order."""
    return tuple(dict.fromkeys(name.partition("$")[0] for name in names))


def _is_same(one: RuleSpec, other: RuleSpec) -> bool:
    """Whether two rules do the same, their places apart."""
    return (
        one.inputs == other.inputs
        and one.outputs == other.outputs
        and one.version == other.version
        and [b.port for b in one.branches] == [b.port for b in other.branches]
        and [*map(_work, one.all_operators)] == [*map(_work, other.all_operators)]
    )


def _work(spec: OperatorSpec) -> OperatorSpec:
    return replace(spec, description="")


def _adopt(task: RuleTask, earlier: RuleTask) -> None:
    """Give a rule the state of one before it.

    Raises:
        CepError: CEP238.
    """
    if not np.array_equal(earlier.form, task.form):
        name = task.spec.name.partition("$")[0]
        msg = f"{name} has another form than before: its state cannot be kept"
        hint = "literals of conditions and WITHIN may change; write RESET STATE"
        raise error("CEP238", msg, task.spec.span, hint)
    task.restore(earlier.arrays(), changed=True)
