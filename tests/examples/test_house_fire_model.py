"""The rates of `rules/house_fire.cep` against numpy, on whole recordings.

The model works sensor by sensor over all its readings, with none of the engine's code: the lower of
two readings, less the highest of three and twice the scatter of twenty at the first reading of 75 s.
"""

import numpy as np
import pytest

import cep
from examples.house_fire.generate import generate
from tests.examples import fires

PAST_S = 75
LEAST = {"temperature_C": 4.0, "optical_density_per_m": 0.06}


def of_last(values, count, pick):
    """`pick` of each value and up to `count - 1` before it."""
    result = values.copy()
    for back in range(1, count):
        result[back:] = pick(result[back:], values[:-back])
    return result


def rises_of_sensor(time, values, least):
    """(time, rise) of the readings of one sensor that have risen by at least `least`."""
    low, high = of_last(values, 2, np.minimum)[1:], of_last(values, 3, np.maximum)[1:]
    scatter = np.array([values[max(0, k - 19) : k + 1].std(ddof=1) for k in range(1, len(values))])
    time = time[1:]
    first = np.searchsorted(time, time - PAST_S, side="left")
    rise = low - high[first] - 2 * scatter[first]
    found = rise >= least
    return list(zip(time[found].tolist(), rise[found].tolist(), strict=True))


def model(readings):
    """All (time, sensor, rise), in the order of the readings."""
    found = []
    for k, (name, kind) in enumerate(zip(readings.names, readings.kinds, strict=True)):
        own = readings.sensor == k
        for at, rise in rises_of_sensor(readings.time_s[own], readings.value[own], LEAST[kind]):
            found.append((at, k, name, rise))
    found.sort()
    return [(at, name, pytest.approx(rise, rel=1e-9, abs=1e-9)) for at, _, name, rise in found]


def engine_rises(readings, tier):
    out = cep.run(fires.HOUSE_FIRE, {"readings": readings.batch()}, tier=tier)
    rows = out["rises"].to_dicts()
    return [(int(row["ts"].timestamp()), row["sensor"], row["rise"]) for row in rows]


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("seed", [1, 2])
def test_rises_of_a_fire(seed, tier):
    readings = fires.generated(generate(seed, "flaming", 0.2))
    expected = model(readings)
    assert len(expected) > 20
    assert engine_rises(readings, tier) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 13))
def test_rises_of_many_fires(seed):
    readings = fires.generated(generate(seed, "flaming", 1.0))
    assert engine_rises(readings, "llvm") == model(readings)
