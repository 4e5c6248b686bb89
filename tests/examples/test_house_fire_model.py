"""The rates and witnesses of `rules/house_fire.cep` against plain Python, on whole recordings.

The model works sensor by sensor over all its readings, with none of the engine's code: the lower of
two readings, less the highest of three and twice the scatter of twenty at the first reading of 75 s.
"""

import numpy as np
import pytest

import cep
from examples.house_fire.generate import generate
from tests.examples import fires

PAST_S = 75
WITHIN_S = 60
APART_S = 10
HEAT = 6.0
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
    found = rise >= least - 1e-9
    return list(zip(time[found].tolist(), rise[found].tolist(), strict=True))


def rises(readings):
    """All (time, sensor number, rise), in the order of the readings."""
    found = []
    for k, kind in enumerate(readings.kinds):
        own = readings.sensor == k
        for at, rise in rises_of_sensor(readings.time_s[own], readings.value[own], LEAST[kind]):
            found.append((at, k, rise))
    return sorted(found)


def witnesses(readings):
    """All (time, evidence, first sensor, second sensor, since) of the rule `two_witnesses`.

    A run for every rise; the run that started first completes; a match ends all runs of its station.
    """
    found, runs = [], {}
    for event in rises(readings):
        at, sensor, _ = event
        station = readings.stations[sensor]
        live = [run for run in runs.get(station, []) if at - run[0] <= WITHIN_S]
        done = next((run for run in live if is_second(readings, run, event)), None)
        runs[station] = [] if done else [*live, event]
        if done:
            same = readings.kinds[done[1]] == readings.kinds[sensor]
            evidence = "heat" if same else "heat and smoke"
            names = (readings.names[done[1]], readings.names[sensor])
            found.append((at, evidence, *names, done[0]))
    return found


def is_second(readings, first, event):
    """Whether a rise is the second witness to `first`."""
    kinds = readings.kinds[first[1]], readings.kinds[event[1]]
    both_hot = kinds[0] == "temperature_C" and first[2] >= HEAT and event[2] >= HEAT
    other = first[1] != event[1] and event[0] - first[0] >= APART_S
    return other and (kinds[0] != kinds[1] or both_hot)


def run(readings, tier):
    return cep.run(fires.HOUSE_FIRE, {"readings": readings.batch()}, tier=tier)


def seconds(moment):
    return int(moment.timestamp())


def check(readings, tier):
    out = run(readings, tier)
    risen = [(seconds(row["ts"]), row["sensor"], row["rise"]) for row in out["rises"].to_dicts()]
    assert risen == [
        (at, readings.names[k], pytest.approx(rise, rel=1e-9, abs=1e-9))
        for at, k, rise in rises(readings)
    ]
    names = ("evidence", "first_sensor", "second_sensor")
    assert [
        (seconds(row["ts"]), *(row[name] for name in names), seconds(row["since"]))
        for row in out["fire_signs"].to_dicts()
        if row["evidence"] in {"heat", "heat and smoke"}
    ] == witnesses(readings)


@pytest.mark.parametrize("tier", ["python", "llvm"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_fire(seed, tier):
    readings = fires.generated(generate(seed, "flaming", 0.2))
    assert len(rises(readings)) > 20
    assert len(witnesses(readings)) > 2
    check(readings, tier)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 13))
def test_many_fires(seed):
    check(fires.generated(generate(seed, "flaming", 1.0)), "llvm")
