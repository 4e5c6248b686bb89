"""What TWA and INTEGRAL share: each value holds until the next one, the last to the end of the frame."""

from __future__ import annotations

from cep.aggregates.contract import AggregateFunction, Formula, Options, Use
from cep.types import Type

# Area from the first sample to the end of the frame, in value x seconds.
AREA = "held_area({area.total}, {area.last_ts}, {area.last}, {end})"


def held(name: str, value: str, summary: str) -> AggregateFunction:
    """Return an aggregate over the step function; of one sample it is that sample."""
    formula = Formula(
        (Use("area", "area"),),
        f"({value} if {{area.first_ts}} != {{area.last_ts}} else {{area.last}})",
        "{area.first_ts} != NULL_I64",
        Type.DOUBLE,
        functions=(("trends", "held_area"),),
    )

    def formula_of(kind: Type | None, options: Options) -> Formula:
        return formula

    return AggregateFunction(
        name, {Type.INT: Type.DOUBLE, Type.DOUBLE: Type.DOUBLE}, formula_of, summary=summary
    )
