"""Patterns of MATCH_RECOGNIZE: from the AST to row patterns, with their variables in order of appearance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from cep.lang import ast
from cep.plan.bind.refused import refuse
from cep.plan.recognition import (
    RowChoice,
    RowEmpty,
    RowExcluded,
    RowFirst,
    RowLoop,
    RowPattern,
    RowSequence,
    RowStep,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cep.errors import Span
    from cep.plan.bind.report import Report

MOST_PERMUTED = 6

_ONLY_MATCH: dict[type, str] = {
    ast.AnyOrder: "any order (&)",
    ast.AnyOf: "ANY n OF",
}


@dataclass(slots=True)
class RowVariableText:
    """What the pattern and DEFINE say about a variable."""

    name: str
    span: Span
    condition: ast.Expression | None = None


class RowPatternReader:
    """Turns a pattern into a row pattern and collects its variables."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.variables: dict[str, RowVariableText] = {}

    def read(self, node: ast.Pattern) -> RowPattern | None:
        """Return the row pattern, None on a mistake.

        Errors: CEP242, CEP244, CEP252, CEP254, CEP307.
        """
        before = self.report.mistakes
        pattern = self._pattern(node)
        return pattern if self.report.mistakes == before else None

    def _pattern(self, node: ast.Pattern) -> RowPattern:
        match node:
            case ast.Atom():
                return self._step(node)
            case ast.Group():
                return self._pattern(node.part)
            case ast.Adjacent():
                return RowSequence(tuple(self._pattern(p) for p in node.parts))
            case ast.Choice():
                return RowChoice(tuple(self._pattern(p) for p in node.parts))
            case ast.Quantified():
                return self._loop(node)
            case ast.Empty():
                return RowEmpty()
            case ast.Excluded():
                return RowExcluded(self._pattern(node.part))
            case ast.Permute():
                return self._permute(node)
            case _:
                return self._special(node)

    def _special(self, node: ast.Pattern) -> RowPattern:
        """Return `^`; report what MATCH_RECOGNIZE does not have."""
        match node:
            case ast.Anchor():
                if node.end:
                    hint = "leave $ out"
                    self.report.add("CEP254", "$: a stream has no end", node.span, hint)
                return RowFirst()
            case ast.Followed() | ast.Absent():
                return self._relaxed(node)
            case _:
                message = f"{_ONLY_MATCH[type(node)]} stands in MATCH only"
                self.report.add("CEP254", message, node.span, "use PERMUTE(..), or MATCH ( .. )")
                return RowEmpty()

    def _relaxed(self, node: ast.Followed | ast.Absent) -> RowPattern:
        """Refuse what is not strict: some of it stands in MATCH only, the rest later."""
        parts = node.parts if isinstance(node, ast.Followed) else (node,)
        lasting = [p for p in parts if isinstance(p, ast.Absent) and p.duration is not None]
        if lasting:
            hint = "use MATCH ( .. )"
            self.report.add("CEP254", "NOT .. FOR stands in MATCH only", lasting[0].span, hint)
        elif isinstance(node, ast.Followed) and any(e.any_match for e in node.edges):
            edge = next(e for e in node.edges if e.any_match)
            self.report.add("CEP254", "->> stands in MATCH only", edge.span, "use MATCH ( .. )")
        else:
            refuse(self.report, "Recognize.relaxed", node.span)
        return RowEmpty()

    def _step(self, node: ast.Atom) -> RowStep:
        if node.stream is not None:
            refuse(self.report, "Recognize.stream", node.span)
        found = self.variables.setdefault(node.variable, RowVariableText(node.variable, node.span))
        if node.condition is not None:
            self._fill(found, node.condition, node.span)
        return RowStep(node.variable)

    def define(self, node: ast.Define) -> None:
        """Note a DEFINE; one of a variable that is not in the pattern says nothing (Trino's documentation has one).

        Errors: CEP244, CEP312.
        """
        if node.stream is not None:
            refuse(self.report, "Recognize.stream", node.span)
        found = self.variables.get(node.variable)
        if found is not None and node.condition is not None:
            self._fill(found, node.condition, node.span)

    def _fill(self, found: RowVariableText, condition: ast.Expression, span: Span) -> None:
        if found.condition is not None:
            message = f"{found.name!r} has a condition already"
            self.report.add("CEP244", message, span, "give it at one of its places only")
        found.condition = condition

    def _loop(self, node: ast.Quantified) -> RowPattern:
        report = self.report
        if node.kind == "possessive" or node.mode == "combine" or node.until is not None:
            what = "a possessive quantifier" if node.kind == "possessive" else "COMBINE"
            what = "UNTIL" if node.until is not None else what
            report.add("CEP254", f"{what} stands in MATCH only", node.span, "use MATCH ( .. )")
        elif node.mode == "relaxed":
            refuse(report, "Recognize.relaxed", node.span)
        if node.high == 0:
            report.add("CEP242", "this quantifier allows no row at all", node.span)
        part = self._pattern(node.part)
        return RowLoop(part, node.low, node.high, reluctant=node.kind == "reluctant")

    def _permute(self, node: ast.Permute) -> RowPattern:
        parts = tuple(self._pattern(p) for p in node.parts)
        if len(parts) > MOST_PERMUTED:
            message = f"PERMUTE of more than {MOST_PERMUTED} parts has too many orders"
            self.report.add("CEP252", message, node.span, "split it")
            return RowEmpty()
        return permuted(parts)


def permuted(parts: Sequence[RowPattern]) -> RowPattern:
    """Return all orders of some parts as alternatives, in the order of the list (first part first).

    Orders that begin with the same step share it: that keeps the order of preference, as one step has one way to match.
    Other parts are written out order by order.
    """
    if len(parts) < 2:
        return parts[0] if parts else RowEmpty()
    if all(isinstance(p, RowStep) for p in parts):
        choices = []
        for place, first in enumerate(parts):
            rest = permuted([*parts[:place], *parts[place + 1 :]])
            choices.append(RowSequence((first, rest)))
        return RowChoice(tuple(choices))
    return RowChoice(tuple(RowSequence(order) for order in _orders(tuple(parts))))


def _orders(parts: tuple[RowPattern, ...]) -> list[tuple[RowPattern, ...]]:
    if not parts:
        return [()]
    return [
        (first, *rest)
        for place, first in enumerate(parts)
        for rest in _orders(parts[:place] + parts[place + 1 :])
    ]


def size_of(pattern: RowPattern) -> int:
    """Return the number of places of a pattern with its loops written out."""
    match pattern:
        case RowStep():
            return 1
        case RowEmpty() | RowFirst():
            return 0
        case RowExcluded():
            return size_of(pattern.part)
        case RowLoop():
            times = max(1, pattern.low + 1 if pattern.high is None else pattern.high)
            return times * max(1, size_of(pattern.part))
        case RowSequence() | RowChoice():
            return sum(size_of(part) for part in pattern.parts)
        case _:
            assert_never(pattern)


def first_variables(pattern: RowPattern) -> set[str]:
    """Return the variables a match that is not empty can begin with."""
    match pattern:
        case RowStep():
            return {pattern.variable}
        case RowEmpty() | RowFirst():
            return set()
        case RowExcluded() | RowLoop():
            return first_variables(pattern.part)
        case RowChoice():
            return set().union(*(first_variables(p) for p in pattern.parts))
        case RowSequence():
            found: set[str] = set()
            for part in pattern.parts:
                found |= first_variables(part)
                if not may_be_empty(part):
                    break
            return found
        case _:
            assert_never(pattern)


def may_be_empty(pattern: RowPattern) -> bool:
    """Whether a pattern can match no row."""
    match pattern:
        case RowStep():
            return False
        case RowEmpty() | RowFirst():
            return True
        case RowExcluded():
            return may_be_empty(pattern.part)
        case RowLoop():
            return pattern.low == 0 or may_be_empty(pattern.part)
        case RowChoice():
            return any(may_be_empty(p) for p in pattern.parts)
        case RowSequence():
            return all(may_be_empty(p) for p in pattern.parts)
        case _:
            assert_never(pattern)
