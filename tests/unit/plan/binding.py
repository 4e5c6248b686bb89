"""Binds rule texts for the tests of the plan; a `¦` in a text marks the place a problem should have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.errors import SourceText
from cep.lang import parse
from cep.plan.binder import Binding, bind
from cep.plan.explain import rule_text
from cep.plan.rewrite import rewrite
from cep.plan.verify import verify

if TYPE_CHECKING:
    from cep.errors import Problem
    from cep.plan.nodes import Plan

MARK = "¦"
STREAMS = """
CREATE STREAM r (ts TIMESTAMP NOT NULL, sensor STRING, room STRING, kind STRING, value DOUBLE,
  n INT, ok BOOLEAN, t2 TIMESTAMP, d DURATION, WATERMARK FOR ts AS ts - 2s, LATE INTO late_r);
CREATE STREAM q (ts TIMESTAMP, room STRING, level INT, value INT, WATERMARK FOR ts AS ts);
CREATE STREAM arr (t TIMESTAMP, x INT, room STRING);
PARAM hot DOUBLE = 40.0;
PARAM quiet DURATION = 5m;
"""


def bind_text(text: str, **params: object) -> tuple[Binding, list[Problem]]:
    """Bind the streams above and a rule text; return the binding and all problems by place."""
    source = SourceText("t.cep", text.replace(MARK, "") + STREAMS)
    parsed = parse(source)
    binding = bind(parsed.statements, params=params, broken_names=parsed.broken_names)
    problems = [*parsed.problems, *binding.problems]
    return binding, sorted(problems, key=lambda p: p.span.start)


def plan_of(text: str, **params: object) -> Plan:
    """Return the verified plan of a rule text without mistakes."""
    binding, problems = bind_text(text, **params)
    mistakes = [p.render() for p in problems if not p.is_lint]
    assert not mistakes, "\n".join(mistakes)
    assert binding.plan is not None
    verify(binding.plan)
    return binding.plan


def text_of(text: str, *, optimized: bool = False, rule: int = -1) -> str:
    """Return one rule of a plan as text, without its first line and indent."""
    plan = plan_of(text)
    plan = rewrite(plan) if optimized else plan
    lines = rule_text(plan.rules[rule]).splitlines()[1:]
    return "\n".join(line[2:] for line in lines)


def place_of(text: str) -> tuple[int, int]:
    """Return line and column of the mark in a rule text, from 1."""
    before = text[: text.index(MARK)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def rule(query: str) -> str:
    """Return a rule around a query."""
    return f"CREATE RULE x AS {query};"


def match(pattern: str, options: str = "PARTITION BY room WITHIN 1m", items: str = "room") -> str:
    """Return a rule with a MATCH over `r`."""
    return rule(f"SELECT {items} FROM r MATCH ({pattern} {options})")


def recognize(clauses: str, mark: str = "") -> str:
    """Return a rule that selects all of a MATCH_RECOGNIZE with these clauses; `mark` stands before its input."""
    return rule(f"SELECT * FROM {mark}r MATCH_RECOGNIZE (PARTITION BY room {clauses})")
