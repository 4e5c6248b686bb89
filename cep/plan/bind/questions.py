"""EXPLAIN WHY: which rule, which key, which span of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.lang import ast
from cep.plan.bind.constants import bind_constant
from cep.plan.bind.expressions import bind_expression
from cep.plan.bind.refused import refuse
from cep.plan.bind.report import is_broken
from cep.plan.bind.scopes import Scope
from cep.plan.constants import constant
from cep.plan.nodes import Match, WhyQuestion
from cep.plan.tree import source_of
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cep.plan.bind.environment import Environment
    from cep.plan.nodes import Node, RulePlan


def bind_questions(
    nodes: Iterable[ast.ExplainWhy], rules: Sequence[RulePlan], environment: Environment
) -> tuple[WhyQuestion, ...]:
    """Return what EXPLAIN WHY statements ask.

    Errors: CEP202 a key that is no column of PARTITION BY, CEP215 and CEP216 values that are no constants, CEP237 a paused
    rule, CEP301 a rule without MATCH.
    """
    found = (_question(node, rules, environment) for node in nodes)
    return tuple(question for question in found if question is not None)


def _question(
    node: ast.ExplainWhy, rules: Sequence[RulePlan], environment: Environment
) -> WhyQuestion | None:
    plan = next((rule for rule in rules if rule.name == node.rule), None)
    if plan is None:
        message = f"EXPLAIN WHY: rule {node.rule} does not run"
        environment.report.add("CEP237", message, node.span)
        return None
    match = _match_of(plan.root)
    if match is None:
        refuse(environment.report, "ExplainWhy", node.span)
        return None
    key = [_key(item, match, environment) for item in node.keys]
    during = None
    if node.during is not None:
        start, end = (
            bind_constant(item, Type.TIMESTAMP, "DURING", environment) for item in node.during
        )
        if start is not None and end is not None:
            during = (int(start.value or 0), int(end.value or 0))
    return WhyQuestion(node.rule, node.negated, tuple(k for k in key if k is not None), during)


def _match_of(root: Node) -> Match | None:
    node: Node | None = root
    while node is not None and not isinstance(node, Match):
        node = source_of(node)
    return node


def _key(item: ast.Expression, match: Match, environment: Environment) -> tuple[str, object] | None:
    """Return name and value of `column = value`."""
    report = environment.report
    if not (
        isinstance(item, ast.Binary) and item.operator == "eq" and isinstance(item.left, ast.Name)
    ):
        report.add("CEP215", "FOR takes key = value", item.span, "for example FOR room = 'r12'")
        return None
    name = item.left.name
    known = {*match.key_names, *(column for columns in match.partition for column in columns)}
    if name not in known:
        hint = f"the keys: {', '.join(match.key_names) or 'none, it has no PARTITION BY'}"
        report.add("CEP202", f"{name} is no key of the rule", item.left.span, hint)
        return None
    value = bind_expression(item.right, Scope(environment, "a key"))
    if is_broken(value):
        return None
    literal = constant(value)
    if literal is None:
        report.add("CEP215", "a key is a constant", item.right.span)
        return None
    return name, literal.value
