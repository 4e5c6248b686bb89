"""INTEGRAL: the area under the steps from the first sample to the end of the frame, in value x seconds."""

from __future__ import annotations

from cep.aggregates.held import AREA, held

AGGREGATE = held("integral", AREA, "area under the steps, value x seconds")
