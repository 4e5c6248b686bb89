"""Checks of patterns that fork: `->>` and COMBINE need a bound and exclude some clauses (rulings 13 and 22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.plan.bind.aggregates import keeps_values
from cep.plan.bind.refused import refuse
from cep.plan.bind.shapes import parts_within
from cep.plan.expressions import Aggregate
from cep.plan.nodes import Gap, Repeat, Sequence
from cep.plan.sharing import shares_bindings
from cep.plan.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cep.errors import Span
    from cep.plan.bind.patterns import Chain, EdgeKind
    from cep.plan.bind.report import Report
    from cep.plan.nodes import Match, Pattern


def check_forks(match: Match, chain: Chain, span: Span, report: Report) -> bool:
    """Check a bound MATCH whose pattern may fork; return whether it can run.

    span: of the pattern.

    Errors: CEP257 no WITHIN, ON TIMEOUT; CEP307 what does not run yet.
    """
    before = report.mistakes
    if not is_forked(chain):
        return True
    if (match.within_us, match.within_events, match.gap_us) == (None, None, None):
        message = "->> and COMBINE need WITHIN or GAP: without it runs grow in number for ever"
        report.add("CEP257", message, span, "add WITHIN 1h (as long as a match may take)")
    if match.timeouts:
        report.add("CEP257", "ON TIMEOUT with ->> or COMBINE", span, "use -> and plain loops")
    if match.max_runs is not None:
        refuse(report, "Fork.max_runs", span)
    if match.grows:
        refuse(report, "Fork.grows", span)
    if is_endless(match) and not shares_bindings(match):
        refuse(report, "Quantified.combine", span)
    values = [item.value for item in match.measures]
    values += [v.condition for v in match.variables if v.condition is not None]
    leaves = [leaf for value in values for leaf in walk(value)]
    if any(isinstance(leaf, Aggregate) and keeps_values(leaf) for leaf in leaves):
        refuse(report, "Fork.distinct", span)
    return report.mistakes == before


def is_forked(chain: Chain) -> bool:
    """Return whether a whole pattern forks."""
    edges = any(_edge_forks(edge) for edge in chain.edges)
    return edges or forks(part for part, _ in chain.parts)


def forks(parts: Iterable[Pattern]) -> bool:
    """Return whether runs of some part both take an event and stay."""
    inner = [part for whole in parts for part in parts_within(whole)]
    loops = any(isinstance(part, Repeat) and part.mode == "combine" for part in inner)
    edges = [edge for part in inner if isinstance(part, Sequence) for edge in part.edges]
    return loops or any(_edge_forks(edge) for edge in edges)


def _edge_forks(edge: EdgeKind) -> bool:
    """Return whether a run that takes an event over an edge also stays before it."""
    return edge.fork if isinstance(edge, Gap) else edge == "fork"


def is_endless(match: Match) -> bool:
    """Return whether a start may have 2^n runs over n events: they fork at every round of a loop without upper limit.

    Under PAST LAST and TO NEXT those that can be told apart only by what they have bound are one.
    """
    if match.skip in ("past_last", "to_next"):
        return False
    return any(
        isinstance(part, Repeat) and part.high is None and forks([part])
        for part in parts_within(match.pattern)
    )
