"""What WHY counts is what the engine counts: every rule with a MATCH of every `.test` case, and the case's rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import cep
from cep.compile import plan_rules
from cep.errors import CepError
from cep.plan.bind.forks import is_endless
from cep.plan.nodes import Match
from cep.plan.tree import source_of
from cep.why.reasons import Reasons
from cep.why.runs import runs_of
from tests.cases.test_cases import CASES, name_of
from tests.harness.runner import Mode, Run
from tests.harness.sources import source_of as text_of

if TYPE_CHECKING:
    from cep.testing.case_format import Case

PATTERNS = [
    case
    for case in CASES
    if "MATCH" in case.rules and not {s.kind for s in case.steps} & {"error", "restart"}
]


class Observed(Run):
    """A run of a case in which one rule is observed."""

    def __init__(self, case: Case, rule: str) -> None:
        self.rule = rule
        super().__init__(case, Mode(batch=3))

    def _options(self) -> dict[str, Any]:
        return {**super()._options(), "observe": self.rule}


def matches(case: Case) -> dict[str, Match]:
    """Return the MATCH of each rule of a case that has one and whose runs can be followed."""
    found: dict[str, Match] = {}
    for rule in plan_rules([text_of(case.rules)]).optimized.rules:
        node = rule.root
        while not isinstance(node, Match) and (below := source_of(node)) is not None:
            node = below
        if isinstance(node, Match) and not is_endless(node):
            found[rule.name] = node
    return found


@pytest.mark.parametrize("case", PATTERNS, ids=name_of)
def test_counts_and_rows_are_those_of_the_engine(case: Case) -> None:
    """Every run has started once and ended once, for the reason that is counted; each reason has words."""
    for rule, node in matches(case).items():
        run = Observed(case, rule)
        run.play()
        counted = run.engine.stats()["rules"][rule]
        operator = run.engine.observed
        assert operator is not None
        runs = runs_of(node, operator.notes)
        ends = Counter(r.ending.reason for r in runs if r.ending)
        assert len(runs) == counted["runs_started"]
        assert ends == {why: n for why, n in counted["run_ends"].items() if n}
        assert len(runs) - ends.total() == counted["runs_live"]
        reasons = Reasons(node, operator.seen)
        assert all(reasons.ending(r) for r in runs)
        assert all(1 <= reasons.step(r) <= len(reasons.steps) for r in runs)


def test_a_rule_without_match_is_refused() -> None:
    rules = "CREATE STREAM s (ts TIMESTAMP, x INT);\nCREATE RULE r AS SELECT x FROM s;"
    with pytest.raises(CepError, match="rule r has no MATCH"):
        cep.Engine(rules, observe="r")
    with pytest.raises(CepError, match="there is no rule q"):
        cep.Engine(rules, observe="q")


def test_runs_without_number_are_not_followed() -> None:
    rules = (
        "CREATE STREAM s (ts TIMESTAMP, x INT, WATERMARK FOR ts AS ts);\nCREATE RULE r AS SELECT b.x FROM s "
        "MATCH (a[x = 1]+ COMBINE -> b[x = 2] WITHIN 1m AFTER MATCH SKIP NONE);"
    )
    cep.Engine(rules).close()
    with pytest.raises(CepError, match="WHY of COMBINE without an upper limit"):
        cep.Engine(rules, observe="r")
