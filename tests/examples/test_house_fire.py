"""`rules/house_fire.cep` on generated houses and on two recorded fires."""

import statistics
from dataclasses import replace

import numpy as np
import pytest

import cep
from examples.house_fire.generate import generate
from tests.examples import fires

FIRES = ("SDC05", "SDC39")
WITHIN_S = 90

recorded_fires = [
    pytest.mark.fire_data,
    pytest.mark.skipif(not fires.RECORDED.is_dir(), reason="the recorded fires are not here"),
]
each_fire = pytest.mark.parametrize(
    "test", [pytest.param(test, marks=recorded_fires) for test in FIRES]
)


def delay(recording):
    """Seconds from ignition to the incident, None without one; fails when it came before."""
    found = fires.opened(fires.generated(recording))
    assert all(at >= recording.ignition_s for at, _ in found)
    return found[0][0] - recording.ignition_s if found else None


@each_fire
def test_recorded_fire_from_its_file(test):
    out = cep.run(fires.HOUSE_FIRE, {"readings": fires.RECORDED / f"{test}.csv"})
    rows = [row for row in out["fire_incidents"].to_dicts() if row["state"] == "opened"]
    assert [(row["test"], row["station"]) for row in rows] == [(test, "B")]
    at = rows[0]["opened_at"].timestamp()
    assert 0 < at < 60
    assert at < statistics.median(fires.alarms(test))


@each_fire
@pytest.mark.parametrize("seed", range(1, 4))
def test_recorded_fire_after_a_calm_hour(test, seed):
    found = fires.opened(fires.after_calm(fires.recorded(test), seed))
    assert len(found) == 1
    at = found[0][0] - fires.CALM_S
    assert 0 < at < statistics.median(fires.alarms(test))


@each_fire
def test_recorded_fire_without_the_nearest_sensors(test):
    fire = fires.recorded(test)
    found = fires.opened(fire.only(lambda k: fire.stations[k] not in {"B", "FIRE"}))
    assert found[0][0] < statistics.median(fires.alarms(test))


@each_fire
def test_recorded_fire_with_sensors_at_the_ceiling_only(test):
    fire = fires.recorded(test)
    found = fires.opened(fire.only(lambda k: fire.levels[k] == 1))
    assert found[0][0] < statistics.median(fires.alarms(test))


@each_fire
def test_recorded_fire_with_a_third_of_the_scans(test):
    fire = fires.recorded(test)
    for offset in range(3):
        kept = np.unique(fire.time_s)[offset::3]
        found = fires.opened(fire.rows(np.isin(fire.time_s, kept)))
        assert found[0][0] < statistics.median(fires.alarms(test))


@pytest.mark.fire_data
@pytest.mark.skipif(not fires.RECORDED.is_dir(), reason="the recorded fires are not here")
def test_two_houses_in_one_stream_do_not_disturb_each_other():
    first, second = (fires.recorded(test) for test in FIRES)
    alone = [fires.opened(first)[0], fires.opened(second)[0]]
    rows = [*zip(first.time_s, first.sensor, first.value, strict=True)]
    lines = [(int(at), first, int(k), float(v)) for at, k, v in rows]
    rows = [*zip(second.time_s, second.sensor, second.value, strict=True)]
    lines += [(int(at), second, int(k), float(v)) for at, k, v in rows]
    lines.sort(key=lambda line: line[0])
    with cep.Engine(fires.HOUSE_FIRE) as engine:
        seen = []
        engine.on("fire_incidents")(seen.append)
        for at, house, k, value in lines:
            reading = {"time_s": at, "test": house.test, "sensor": house.names[k], "value": value}
            reading |= {"kind": house.kinds[k], "station": house.stations[k]}
            engine.send("readings", reading | {"level": house.levels[k]})
        engine.flush()
    found = {event["test"]: event for event in seen if event["state"] == "opened"}
    together = [(found[test]["opened_at"].timestamp(), found[test]["station"]) for test in FIRES]
    assert together == alone


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_quiet_day_is_quiet(seed):
    assert fires.incidents(fires.generated(generate(seed, "quiet", 24.0, 10.0))) == []


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_flaming_fire_is_found(seed):
    assert delay(generate(seed, "flaming", 1.0)) <= WITHIN_S


def test_a_smouldering_fire_is_found():
    assert delay(generate(1, "smouldering", 1.0, 10.0)) < 30 * 60


def test_an_incident_opens_once_and_closes():
    rows = fires.incidents(fires.generated(generate(1, "flaming", 1.0)))
    states = [row["state"] for row in rows]
    assert states[0] == "opened"
    assert states[-1] == "closed"
    assert set(states[1:-1]) <= {"updated"}
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
    assert len({row["incident_id"] for row in rows}) == 1


def calm_house(hours=0.5):
    """Half an hour of a quiet house, sampled every five seconds."""
    return fires.generated(generate(11, "quiet", hours, 5.0))


def with_values(readings, change):
    """The readings with values changed by `change(values, seconds, sensor numbers)`."""
    values = change(readings.value.copy(), readings.time_s, readings.sensor)
    return replace(readings, value=values)


def test_one_sensor_alone_is_not_believed():
    def runaway(values, at, sensor):
        values[(sensor == 0) & (at > 600)] += 400.0
        return values

    assert fires.incidents(with_values(calm_house(), runaway)) == []


def test_a_scan_of_wrong_readings_is_not_believed():
    def blip(values, at, sensor):
        values[at == 600] += 50.0
        values[at == 900] -= 50.0
        return values

    assert fires.incidents(with_values(calm_house(), blip)) == []


def test_the_first_reading_of_a_sensor_is_not_believed():
    def zeros(values, at, sensor):
        values[at == 0] = 0.0
        return values

    assert fires.incidents(with_values(calm_house(), zeros)) == []


def test_error_codes_are_not_believed():
    def codes(values, at, sensor):
        values[(sensor < 6) & (at >= 600) & (at < 605)] = -999.0
        values[(sensor < 6) & (at >= 900) & (at < 905)] = 9999.0
        return values

    assert fires.incidents(with_values(calm_house(), codes)) == []


@pytest.mark.slow
def test_fifty_quiet_days_are_quiet():
    loud = [
        seed
        for seed in range(1, 51)
        if fires.incidents(fires.generated(generate(seed, "quiet", 24.0)))
    ]
    assert loud == []


@pytest.mark.slow
def test_fifty_flaming_fires_each_after_a_quiet_day():
    delays = [delay(generate(seed, "flaming")) for seed in range(1, 51)]
    assert sum(at is not None and at <= WITHIN_S for at in delays) >= 45


@pytest.mark.slow
def test_smouldering_fires():
    delays = [delay(generate(seed, "smouldering", 1.0)) for seed in range(1, 21)]
    assert all(at is not None and at <= 45 * 60 for at in delays)


@pytest.mark.slow
@each_fire
def test_recorded_fire_after_many_calm_hours(test):
    fire = fires.recorded(test)
    limit = statistics.median(fires.alarms(test))
    for seed in range(1, 21):
        found = fires.opened(fires.after_calm(fire, seed))
        assert len(found) == 1
        assert 0 < found[0][0] - fires.CALM_S < limit
