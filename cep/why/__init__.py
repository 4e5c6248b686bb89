"""Why a rule did or did not fire: its MATCH is replayed over the inputs with an observer, and every run tells how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cep.api import Engine
from cep.compile import plan_rules
from cep.errors import error
from cep.plan.nodes import Match
from cep.plan.tree import source_of
from cep.rule_files import rule_sources
from cep.why.answer import Answer
from cep.why.keys import KeyTest
from cep.why.reasons import Reasons
from cep.why.runs import runs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cep.plan.nodes import Node, Plan
    from cep.rule_files import Rules

__all__ = ["Answer", "why"]

Instant = datetime | str | float | None


def why(
    rules: Rules,
    rule: str,
    inputs: Mapping[str, Any],
    *,
    key: Mapping[str, Any] | None = None,
    during: tuple[int, int] | None = None,
    params: Mapping[str, object] | None = None,
    span: tuple[Instant, Instant] = (None, None),
) -> Answer:
    """Replay inputs through a rule set and return what became of the runs of one rule for one key.

    All rows are replayed, so that time and other rules act as they did; the answer speaks of the events of the key.

    Args:
        rules: what `Engine` takes.
        rule: the rule asked about; it must have a MATCH.
        inputs: for each source stream what `Engine.read` takes.
        key: values of columns of PARTITION BY; those left out may be anything.
        during: only runs that lived in [start, end], us since 1970 UTC.
        params: values of PARAMs.
        span: `start` and `end` of `Engine.read`.

    Raises:
        CepError: mistakes of the rules; CEP201 no such rule; CEP205 a key that is no column of PARTITION BY; CEP301 the rule
            has no MATCH; CEP5xx an input cannot be read.
    """
    sources = rule_sources(rules)
    with Engine(sources, params=params, tier="python", bounded=True, observe=rule) as engine:
        node = _match_of(plan_rules(sources, params=params).optimized, rule)
        test = KeyTest(node, key or {})
        operator = engine.observed
        assert operator is not None
        operator.wanted = test
        for _ in engine.read(inputs, start=span[0], end=span[1]):
            pass
        stats = engine.stats()
        runs = runs_of(node, operator.notes)
        if during is not None:
            runs = [run for run in runs if run.lived(*during)]
        streams = {scan.stream for scan in node.inputs}
        late = {s: stats["streams"][s]["late"] for s in streams if s in stats["streams"]}
        return Answer(
            rule,
            dict(key or {}),
            Reasons(node, operator.seen),
            tuple(operator.seen),
            tuple(runs),
            sum(late.values()),
            stats["rules"][rule].get("null_keys", 0),
        )


def _match_of(plan: Plan, rule: str) -> Match:
    node: Node | None = next(r for r in plan.rules if r.name == rule).root
    while node is not None and not isinstance(node, Match):
        node = source_of(node)
    if node is None:
        msg = f"rule {rule} has no MATCH"
        raise error("CEP301", msg)
    return node
