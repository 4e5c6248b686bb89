"""The compile walk: text, AST, typed plan, optimized plan, graph, in five calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cep.errors import CepError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cep.errors import Problem, SourceText
    from cep.graph.graph import Graph
    from cep.plan.nodes import Plan


@dataclass(frozen=True, slots=True)
class Planned:
    """Rule files bound: the plan as written, the plan as run, and advice (CEP6xx) about the rules."""

    plan: Plan
    optimized: Plan
    lints: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """Compiled rule files: the graph the engine runs, advice (CEP6xx), the plans that EXPLAIN statements ask for."""

    graph: Graph
    lints: tuple[Problem, ...]
    explained: tuple[str, ...] = ()


def compile_rules(
    sources: Sequence[SourceText],
    *,
    params: Mapping[str, object] | None = None,
    rewrites: bool = True,
) -> Compiled:
    """Compile rule files, in the order given.

    Args:
        sources: Texts of the files; their order is declaration order.
        params: Values for PARAMs that win over defaults.
        rewrites: Whether to optimize; outputs are the same without.

    Raises:
        CepError: all mistakes of all files.
    """
    from cep.lower import lower
    from cep.plan.explain import rule_text

    planned = plan_rules(sources, params=params)
    explained = tuple(rule_text(rule) + "\n" for rule in planned.plan.explained)
    graph = lower(planned.optimized if rewrites else planned.plan)
    return Compiled(graph, planned.lints, explained)


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
