"""TWA: the time-weighted mean: the area under the steps by the time from the first sample to the end of the frame."""

from __future__ import annotations

from cep.aggregates.held import AREA, held

AGGREGATE = held(
    "twa",
    f"div_f64({AREA}, {{end}} - {{area.first_ts}}) * 1000000.0",
    "time-weighted mean; each value holds until the next one",
)
