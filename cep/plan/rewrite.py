"""The optimizer: folds the visible tuple of rewrites over each rule of a plan, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cep.plan.rewrites.filter_into_window import filter_into_window
from cep.plan.rewrites.fold_constants import fold_constants
from cep.plan.rewrites.merge_filters import merge_filters
from cep.plan.rewrites.merge_projects import merge_projects
from cep.plan.rewrites.narrow_join import narrow_join
from cep.plan.rewrites.project_into_match import project_into_match
from cep.plan.rewrites.project_into_window import project_into_window
from cep.plan.rewrites.push_key_filter import push_key_filter
from cep.plan.rewrites.run_in_one_pass import run_in_one_pass
from cep.plan.tree import rewrite_nodes
from cep.plan.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from cep.plan.nodes import Node, Plan, RulePlan

# The order is meaning: filters are merged before they move, and moved before keys are split off.
REWRITES: tuple[Callable[[Node], Node], ...] = (
    fold_constants,
    merge_filters,
    filter_into_window,
    push_key_filter,
    merge_projects,
    project_into_match,
    project_into_window,
    narrow_join,
    run_in_one_pass,
)


def rewrite(plan: Plan, *, rewrites: tuple[Callable[[Node], Node], ...] = REWRITES) -> Plan:
    """Return an equal plan that costs less; every rewrite keeps outputs byte for byte.

    Args:
        plan: A bound plan.
        rewrites: Functions from node to node, applied in order to all nodes from the bottom up.

    Raises:
        CepError: CEP901 when a rewrite broke the plan.
    """
    verify(plan)
    for step in rewrites:
        before = plan
        plan = replace(plan, rules=tuple(_rewritten(rule, step) for rule in plan.rules))
        verify(plan, verified=before)
    return plan


def _rewritten(rule: RulePlan, step: Callable[[Node], Node]) -> RulePlan:
    """Return the rule after a rewrite; the rule itself where the rewrite gave back every node."""
    root = rewrite_nodes(rule.root, step)
    roots = [rewrite_nodes(b.root, step) for b in rule.branches]
    if root is rule.root and all(
        new is b.root for new, b in zip(roots, rule.branches, strict=True)
    ):
        return rule
    branches = tuple(replace(b, root=new) for new, b in zip(roots, rule.branches, strict=True))
    return replace(rule, root=root, branches=branches)
