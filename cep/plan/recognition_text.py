"""MATCH_RECOGNIZE in explanations: its pattern and its node as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cep.plan.explain_expressions import expression_text
from cep.plan.recognition import (
    RowChoice,
    RowEmpty,
    RowExcluded,
    RowFirst,
    RowFollowed,
    RowLoop,
    RowSequence,
    RowStep,
)
from cep.times import format_duration

if TYPE_CHECKING:
    from cep.plan.recognition import Recognize, RowPattern

_SIGNS = {(0, None): "*", (1, None): "+", (0, 1): "?"}


def row_pattern_text(pattern: RowPattern) -> str:
    """Return a row pattern as in PATTERN."""
    match pattern:
        case RowStep():
            return pattern.variable
        case RowSequence():
            return " ".join(_part(p) for p in pattern.parts)
        case RowChoice():
            return " | ".join(row_pattern_text(p) for p in pattern.parts)
        case RowLoop():
            text = row_pattern_text(pattern.part)
            if not isinstance(pattern.part, RowStep):
                text = f"({text})"
            return text + _quantifier(pattern)
        case RowEmpty():
            return "()"
        case RowFirst():
            return "^"
        case RowFollowed():
            guards = " | ".join(pattern.guards)
            return f"-> NOT ({guards}) ->" if guards else "->"
        case RowExcluded():
            return f"{{- {row_pattern_text(pattern.part)} -}}"
        case _:
            assert_never(pattern)


def _part(pattern: RowPattern) -> str:
    text = row_pattern_text(pattern)
    return f"({text})" if isinstance(pattern, RowChoice) else text


def _quantifier(loop: RowLoop) -> str:
    sign = _SIGNS.get((loop.low, loop.high), "")
    if not sign:
        high = "" if loop.high is None else str(loop.high)
        sign = f"{{{loop.low}}}" if loop.high == loop.low else f"{{{loop.low},{high}}}"
    return sign + ("?" if loop.reluctant else "") + (" RELAXED" if loop.relaxed else "")


def recognize_lines(node: Recognize) -> list[str]:
    """Return a MATCH_RECOGNIZE as lines, without what stands below it."""
    keys = f" partition by {', '.join(node.partition)}" if node.partition else ""
    within = f" within {format_duration(node.within_us)}" if node.within_us is not None else ""
    if node.within_events is not None:
        within += f" within {node.within_events} events"
    within += f" gap {format_duration(node.gap_us)}" if node.gap_us is not None else ""
    where = f" where {expression_text(node.where)}" if node.where is not None else ""
    skip = f"{node.skip.kind} {node.skip.variable}".rstrip()
    lines = [
        f"Recognize {row_pattern_text(node.pattern)}{keys}{within} rows {node.rows} skip {skip}{where}"
    ]
    for variable in node.variables:
        if variable.condition is not None:
            lines.append(f"  {variable.name}: where {expression_text(variable.condition)}")
    lines += [f"  {name}: {' | '.join(members)}" for name, members in node.subsets]
    for measure in node.measures:
        final = "FINAL " if measure.final else ""
        lines.append(f"  measure {measure.name} := {final}{expression_text(measure.value)}")
    return lines
