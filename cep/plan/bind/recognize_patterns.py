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
    RowFollowed,
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
    negated: bool = False
    condition: ast.Expression | None = None


class RowPatternReader:
    """Turns a pattern into a row pattern and collects its variables."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.variables: dict[str, RowVariableText] = {}

    def read(self, node: ast.Pattern) -> RowPattern | None:
        """Return the row pattern, None on a mistake.

        Errors: CEP240, CEP242, CEP244, CEP252, CEP254, CEP307.
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
            case ast.Followed():
                return self._followed(node)
            case ast.Absent():
                hint = "write A -> NOT n -> B"
                self.report.add("CEP240", "NOT must stand between two ->", node.span, hint)
                return RowEmpty()
            case _:
                message = f"{_ONLY_MATCH[type(node)]} stands in MATCH only"
                self.report.add("CEP254", message, node.span, "use PERMUTE(..), or MATCH ( .. )")
                return RowEmpty()

    def _followed(self, node: ast.Followed) -> RowPattern:
        """`A -> B`, `A -> NOT n -> B`: the row for a step is the first later one that fits (ruling 26).

        Errors: CEP240, CEP254, CEP307.
        """
        for edge in node.edges:
            if edge.any_match:
                message = "->> stands in MATCH only"
                self.report.add("CEP254", message, edge.span, "use MATCH ( .. )")
            elif edge.low is not None or edge.high is not None:
                refuse(self.report, "Recognize.edge_gap", edge.span)
        parts: list[RowPattern] = []
        last = len(node.parts) - 1
        for place, part in enumerate(node.parts):
            if not isinstance(part, ast.Absent):
                if parts and not isinstance(parts[-1], RowFollowed):
                    parts.append(RowFollowed())
                parts.append(self._pattern(part))
                continue
            beside = place > 0 and isinstance(node.parts[place - 1], ast.Absent)
            if part.duration is None and (place in (0, last) or beside):
                hint = "write A -> NOT n -> B, with alternatives A -> NOT (n | m) -> B"
                self.report.add("CEP240", "NOT must stand between two steps", part.span, hint)
            parts.append(RowFollowed(self._guards(part)))
        return RowSequence(tuple(parts))

    def _guards(self, node: ast.Absent) -> tuple[str, ...]:
        """Return the variables behind a NOT.

        Errors: CEP240, CEP254.
        """
        if node.duration is not None:
            hint = "use MATCH ( .. )"
            self.report.add("CEP254", "NOT .. FOR stands in MATCH only", node.span, hint)
        part: ast.Pattern = node.part
        while isinstance(part, ast.Group):
            part = part.part
        steps = part.parts if isinstance(part, ast.Choice) else (part,)
        names = []
        for step in steps:
            if isinstance(step, ast.Atom):
                self._step(step, negated=True)
                names.append(step.variable)
            else:
                message = "NOT takes one step, or alternatives of steps"
                self.report.add("CEP240", message, step.span)
        return tuple(names)

    def _step(self, node: ast.Atom, *, negated: bool = False) -> RowStep:
        if node.stream is not None:
            refuse(self.report, "Recognize.stream", node.span)
        new = RowVariableText(node.variable, node.span, negated)
        found = self.variables.setdefault(node.variable, new)
        if found.negated != negated:
            message = f"{node.variable!r} is a step and stands behind NOT"
            self.report.add("CEP240", message, node.span, "use two variables")
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
        if node.high == 0:
            report.add("CEP242", "this quantifier allows no row at all", node.span)
        part = self._pattern(node.part)
        return RowLoop(
            part,
            node.low,
            node.high,
            reluctant=node.kind == "reluctant",
            relaxed=node.mode == "relaxed",
        )

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
        case RowEmpty() | RowFirst() | RowFollowed():
            return 0
        case RowExcluded():
            return size_of(pattern.part)
        case RowLoop():
            times = max(1, pattern.low if pattern.high is None else pattern.high)
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
        case RowEmpty() | RowFirst() | RowFollowed():
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
        case RowEmpty() | RowFirst() | RowFollowed():
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
