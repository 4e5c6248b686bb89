"""The compile walk: text, AST, typed plan, optimized plan, graph, in five calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cep.errors import CepError, error, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cep.errors import Problem, SourceText
    from cep.graph.graph import Graph
    from cep.plan.nodes import Node, Plan, WhyQuestion


@dataclass(frozen=True, slots=True)
class Planned:
    """Rule files bound: the plan as written, the plan as run, and advice (CEP6xx) about the rules."""

    plan: Plan
    optimized: Plan
    lints: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """Compiled rule files: the graph the engine runs, advice (CEP6xx), what EXPLAIN statements ask for."""

    graph: Graph
    lints: tuple[Problem, ...]
    explained: tuple[str, ...] = ()
    questions: tuple[WhyQuestion, ...] = ()


def compile_rules(
    sources: Sequence[SourceText],
    *,
    params: Mapping[str, object] | None = None,
    rewrites: bool = True,
    observed: str | None = None,
) -> Compiled:
    """Compile rule files, in the order given.

    Args:
        sources: Texts of the files; their order is declaration order.
        params: Values for PARAMs that win over defaults.
        rewrites: Whether to optimize; outputs are the same without.
        observed: A rule whose MATCH tells what happens to its runs (`cep why`).

    Raises:
        CepError: all mistakes of all files.
    """
    from cep.lower import lower
    from cep.plan.explain import rule_text

    planned = plan_rules(sources, params=params)
    explained = tuple(rule_text(rule) + "\n" for rule in planned.plan.explained)
    plan = planned.optimized if rewrites else planned.plan
    graph = lower(plan if observed is None else _observing(plan, observed))
    return Compiled(graph, planned.lints, explained, planned.plan.questions)


def _observing(plan: Plan, rule: str) -> Plan:
    """Return the plan in which the MATCH of a rule is observed.

    Raises:
        CepError: CEP201, there is no such rule; CEP301, it has no MATCH; CEP307, its runs cannot be followed one by one.
    """
    from cep.plan.bind.forks import is_endless
    from cep.plan.nodes import Match
    from cep.plan.tree import rewrite_nodes

    def step(node: Node) -> Node:
        if isinstance(node, Match) and is_endless(node):
            text = "WHY of COMBINE without an upper limit under AFTER MATCH SKIP NONE is not supported yet"
            raise error(
                "CEP307", text, hint="it follows every run: give the loop a limit such as {1,3}"
            )
        return replace(node, observed=True) if isinstance(node, Match) else node

    found = next((r for r in plan.rules if r.name == rule), None)
    if found is None:
        names = [r.name for r in plan.rules]
        raise error("CEP201", f"there is no rule {rule}", hint=nearest(rule, names))
    watched = replace(found, root=rewrite_nodes(found.root, step))
    if watched == found:
        hint = "it replays the runs of a MATCH ( .. )"
        raise error("CEP301", f"rule {rule} has no MATCH: WHY is not supported yet", hint=hint)
    return replace(plan, rules=tuple(watched if r is found else r for r in plan.rules))


def plan_rules(
    sources: Sequence[SourceText], *, params: Mapping[str, object] | None = None
) -> Planned:
    """Parse, bind and rewrite rule files; the walk up to the optimized plan.

    Raises:
        CepError: all mistakes of all files.
    """
    from cep.lang.imports import read_files
    from cep.plan.binder import bind
    from cep.plan.rewrite import rewrite

    files = read_files(sources)
    binding = bind(files.statements, params=params, broken_names=files.broken_names)
    problems = [*files.problems, *binding.problems]
    if binding.plan is None or any(not p.is_lint for p in problems):
        raise CepError(in_text_order(problems, files.sources))
    return Planned(binding.plan, rewrite(binding.plan), tuple(problems))


def in_text_order(problems: Sequence[Problem], sources: Sequence[SourceText]) -> list[Problem]:
    """Return problems by file and place; those without a place first."""
    place = {id(source): number for number, source in enumerate(sources)}
    return sorted(problems, key=lambda p: (place.get(id(p.span.source), -1), p.span.start))
