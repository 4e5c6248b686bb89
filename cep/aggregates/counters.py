"""What INCREASE, RATE and RESETS share: the samples of a counter and the one before the frame.

Ruling 32: the sequence is (baseline, if there is one), v1, .., vn; the baseline is the group's last
sample before the frame, however old; a match of a pattern has none. A decrease is a reset: it adds the new value. With
`first_is_zero => TRUE` the counter was zero before its first sample ever.

`mode => 'prometheus'` is the extrapolated growth of Prometheus (promql/functions.go, extrapolatedRate): the
samples inside the frame alone, stretched to its bounds where they are near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cep.aggregates.contract import (
    AggregateFunction,
    Formula,
    Option,
    Options,
    Use,
)
from cep.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_IS_ZERO = Option("first_is_zero", Type.BOOLEAN, default=False)
_MODE = Option("mode", Type.STRING, "exact", words=("exact", "prometheus"))


class Elements:
    """The elements of a counter in kernel text: the baseline, the samples of the frame, both ends."""

    def __init__(self, kind: Type, *, from_zero: bool) -> None:
        value = "f64" if kind is Type.DOUBLE else "i64"
        self.uses = (Use("samples", f"counter_{value}"), Use("base", f"baseline_{value}"))
        base = "{base.ts}"
        self.any = "{samples.first_ts} != NULL_I64"
        self.two = (
            f"{self.any} and ({base} != NULL_I64 or {{samples.first_ts}} != {{samples.last_ts}})"
        )
        if from_zero:
            # The value of a slot without a baseline is 0.
            base = f"({base} if {base} != NULL_I64 else {{samples.first_ts}})"
            self.two = self.any
        # Last time minus time of the first element, us.
        self.elapsed = f"counter_elapsed({base}, {{samples.first_ts}}, {{samples.last_ts}})"
        self.ends = (
            f"{base}, {{base.value}}, {{samples.first_ts}}, {{samples.first}}, "
            "{samples.before}, {samples.last_ts}, {samples.last}"
        )

    def total(self, routine: str, field: str) -> str:
        """Return the text of a whole sum of steps: the slot's field and the steps at both ends."""
        return f"{routine}({{samples.{field}}}, {self.ends})"


def extrapolated(value: str = "{growth}") -> Formula:
    """Return the growth as Prometheus extrapolates it; `value` is text over `{growth}`."""
    fields = ("grown", "steps", "first_ts", "first", "before", "last_ts", "last")
    growth = f"extrapolated({', '.join(f'{{samples.{f}}}' for f in fields)}, {{start}}, {{end}})"
    return Formula(
        (Use("samples", "extrapolated"),),
        value.replace("{growth}", growth),
        "{samples.first_ts} != {samples.last_ts}",
        Type.DOUBLE,
        functions=(("counters", "extrapolated"),),
        bounded=True,
    )


def counter(
    name: str,
    results: dict[Type, Type],
    formula: Callable[[Type, Elements], Formula],
    summary: str,
    prometheus: Formula | None = None,
) -> AggregateFunction:
    """Return an aggregate over a counter, INT or DOUBLE; prometheus: its extrapolated form."""

    def formula_of(kind: Type | None, options: Options) -> Formula:
        if prometheus is not None and options["mode"] == "prometheus":
            return prometheus
        kind = kind or Type.DOUBLE
        return formula(kind, Elements(kind, from_zero=bool(options["first_is_zero"])))

    return AggregateFunction(
        name,
        results,
        formula_of,
        options=(_FIRST_IS_ZERO,) if prometheus is None else (_FIRST_IS_ZERO, _MODE),
        summary=summary,
        double_with=() if prometheus is None else (("mode", "prometheus"),),
    )
