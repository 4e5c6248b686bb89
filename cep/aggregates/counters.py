"""What INCREASE, RATE and RESETS share: the samples of a counter and the one before the frame.

Ruling 32: the sequence is (baseline, if there is one), v1, .., vn; the baseline is the group's last
sample before the frame, however old. A decrease is a reset: it adds the new value.
"""

from __future__ import annotations

from cep.aggregates.contract import IN_FRAMES, AggregateFunction, Formula, Options, Use
from cep.types import Type

# At least one sample in the frame, and at least two elements with the baseline.
TWO_ELEMENTS = (
    "{samples.first_ts} != NULL_I64 and "
    "({base.ts} != NULL_I64 or {samples.first_ts} != {samples.last_ts})"
)
# Last time minus time of the first element, us.
ELAPSED = "counter_elapsed({base.ts}, {samples.first_ts}, {samples.last_ts})"
ELAPSED_FUNCTION = ("counters", "counter_elapsed")

_ENDS = (
    "{base.ts}, {base.value}, {samples.first_ts}, {samples.first}, "
    "{samples.before}, {samples.last_ts}, {samples.last}"
)


def total(routine: str, field: str) -> str:
    """Return the text of a whole sum of steps: the slot's field and the steps at both ends."""
    return f"{routine}({{samples.{field}}}, {_ENDS})"


def uses(value: str) -> tuple[Use, ...]:
    """Return the slots of a counter of stored type `value` (i64 or f64)."""
    return (Use("samples", f"counter_{value}"), Use("base", f"baseline_{value}"))


def counter(
    name: str, results: dict[Type, Type], formulas: dict[Type, Formula], summary: str
) -> AggregateFunction:
    """Return an aggregate over a counter, INT or DOUBLE."""

    def formula(kind: Type | None, options: Options) -> Formula:
        return formulas[kind or Type.DOUBLE]

    return AggregateFunction(name, results, formula, where=IN_FRAMES, summary=summary)
