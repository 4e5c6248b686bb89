"""How runs of a MATCH end and what they say: EMIT ON MATCH, ON CLOSE, CHANGES; ON TIMEOUT (rulings 13 and 17)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from cep.errors import NO_SPAN, Span
from cep.lang import ast
from cep.plan.bind.constants import bind_duration
from cep.plan.nodes import Pattern, Repeat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cep.plan.bind.environment import Environment
    from cep.plan.bind.patterns import Chain
    from cep.plan.bind.report import Report

MATCH_EMITS = frozenset({"on_match", "on_close", "changes"})
_MODES: dict[str, OneOf["match", "close", "changes"]] = {
    "on_match": "match",
    "on_close": "close",
    "changes": "changes",
}


@dataclass(frozen=True, slots=True)
class Emits:
    """When a MATCH gives rows: as `Match.emit` and `Match.every_us`."""

    emit: OneOf["match", "close", "changes"] = "match"
    every_us: int | None = None
    span: Span = NO_SPAN

    @property
    def grows(self) -> bool:
        """Whether complete runs stay."""
        return self.emit != "match"


def bind_emit(clauses: Iterable[ast.OutputClause], environment: Environment) -> Emits:
    """Return what the EMIT clause of a MATCH says; that others cannot stand here is said elsewhere.

    Errors: CEP216.
    """
    for clause in clauses:
        if isinstance(clause, ast.Emit) and clause.mode in _MODES:
            every = None
            if clause.every is not None:
                every = bind_duration(clause.every, "the time of EMIT CHANGES EVERY", environment)
            return Emits(_MODES[clause.mode], every, clause.span)
    return Emits()


def check_endings(
    emits: Emits, timeouts: Sequence[ast.Select], chain: Chain, report: Report, *, ends: bool
) -> None:
    """Check that what is said about the ends of runs can happen; ends: some clause ends runs by time.

    Errors: CEP223 nothing ends runs, no loop to grow; CEP224 ON TIMEOUT with EMIT CHANGES.
    """
    if timeouts and not ends:
        message = "ON TIMEOUT, but no run of this pattern ends by time"
        report.add("CEP223", message, timeouts[0].span, "add WITHIN to the pattern")
    if timeouts and emits.emit == "changes":
        message = "ON TIMEOUT and EMIT CHANGES exclude each other"
        report.add("CEP224", message, timeouts[0].span, "use EMIT ON CLOSE, or a second rule")
    if not emits.grows:
        return
    last = chain.parts[-1][0] if chain.parts else None
    if not ends and not (isinstance(last, Repeat) and last.until):
        message = "nothing closes a match of this pattern"
        hint = "add WITHIN to the pattern, or UNTIL to its last loop"
        report.add("CEP223", message, emits.span, hint)
    if emits.emit == "changes" and last is not None and not _can_grow(last):
        message = (
            "EMIT CHANGES, but the pattern does not end with a loop: its matches do not change"
        )
        report.add("CEP223", message, emits.span, "leave it out")


def _can_grow(part: Pattern) -> bool:
    """Return whether a part is a loop that may take more than it needs."""
    return isinstance(part, Repeat) and part.high != part.low
