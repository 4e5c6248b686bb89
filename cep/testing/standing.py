"""The rules as they stand at the place of a TEST in its file (ruling 30), as texts with the rest blanked."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from cep.errors import SourceText, Span
from cep.lang import ast, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cep.lang.ast import Statement
    from cep.plan.rule_tests import RuleTest

# What acts at its place. All other declarations are collected first and hold in the whole file.
_RULES = (ast.CreateRule, ast.CreateIncident, ast.Insert)
_CHANGES = (ast.Drop, ast.RuleState)
_ASIDE = (ast.Test, ast.ExplainRule, ast.ExplainWhy, ast.ExplainQuery)


def as_they_stand(test: RuleTest, sources: Sequence[SourceText]) -> list[SourceText]:
    """Return the texts without what comes after a test in its file; places stay the same.

    Later rules, replacements, DROP, PAUSE and RESUME are left out. A later rule stays where the rules before
    it could not be without it: one of them, or the test, names it or the stream that it alone writes.
    """
    found = []
    for source in sources:
        text = source.text
        if source == test.span.source:
            for node in _left_out(test, parse(source).statements):
                text = _blanked(text, node.span)
        found.append(SourceText(source.name, text))
    return found


def _left_out(test: RuleTest, statements: Iterable[Statement]) -> Iterator[Statement]:
    standing: list[Statement] = []
    later: list[Any] = []
    for node in statements:
        after = node.span.start > test.span.start
        again = getattr(node, "or_replace", False) and _name(node) in map(_name, standing)
        if isinstance(node, _ASIDE) or (after and (isinstance(node, _CHANGES) or again)):
            yield node
        elif after and isinstance(node, _RULES):
            later.append(node)
        else:
            standing.append(node)
    yield from _unneeded(test, standing, later)


def _unneeded(test: RuleTest, standing: list[Statement], later: list[Any]) -> list[Any]:
    """Return the later rules that nothing which stands is built on."""
    named = {test.rule, *(t.stream for t in test.expect)}
    named.update(word for node in standing for word in _words(node))
    made = {_written(node) for node in standing if isinstance(node, _RULES)}
    made.update(n for node in standing if not isinstance(node, _CHANGES) and (n := _name(node)))
    while True:
        needed = [
            node
            for node in later
            if not {_name(node), _written(node)} & made and {_name(node), _written(node)} & named
        ]
        if not needed:
            return later
        for node in needed:
            named.update(_words(node))
        later = [node for node in later if node not in needed]


def _name(node: object) -> str | None:
    name = getattr(node, "name", None)
    return name if isinstance(name, str) else None


def _written(node: Any) -> str | None:
    """Return the stream that a rule writes."""
    into = getattr(getattr(node, "body", node), "target", None)
    return into if isinstance(into, str) else _name(node)


def _words(node: object) -> Iterator[str]:
    """Yield every text in a statement, the names it reads among them."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from _words(part)
    elif is_dataclass(node) and not isinstance(node, Span):
        for field in fields(node):
            yield from _words(getattr(node, field.name))


def _blanked(text: str, span: Span) -> str:
    inside = "".join(c if c == "\n" else " " for c in text[span.start : span.end])
    return text[: span.start] + inside + text[span.end :]
