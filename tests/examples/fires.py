"""Recordings as columns for the engine: generated houses, recorded fires, a calm hour in front."""

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import cep
from examples.house_fire.generate import STATIONS, Recording

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT.parent / "shared" / "data" / "fire"
HOUSE_FIRE = ROOT / "rules" / "house_fire.cep"


@dataclass(frozen=True)
class Readings:
    """Columns of the stream `readings` of `house_fire.cep`; strings are codes into `sensors`."""

    test: str
    time_s: np.ndarray
    sensor: np.ndarray
    value: np.ndarray
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    stations: tuple[str, ...]
    levels: tuple[int, ...]

    def batch(self):
        """The columns as `send_batch` takes them."""
        return {
            "time_s": self.time_s,
            "test": cep.Coded(np.zeros(len(self.time_s), np.int32), (self.test,)),
            "sensor": cep.Coded(self.sensor, self.names),
            "kind": coded(self.sensor, self.kinds),
            "station": coded(self.sensor, self.stations),
            "level": np.array(self.levels, np.int64)[self.sensor],
            "value": self.value,
        }

    def only(self, wanted):
        """The readings of the sensors whose number `wanted` accepts."""
        keep = np.array([wanted(k) for k in range(len(self.names))])[self.sensor]
        return self.rows(keep)

    def rows(self, keep):
        """The readings at a mask or an order."""
        return replace(
            self, time_s=self.time_s[keep], sensor=self.sensor[keep], value=self.value[keep]
        )


def coded(sensor, texts):
    """A coded column with the sensor's text on each row."""
    distinct = tuple(dict.fromkeys(texts))
    codes = np.array([distinct.index(text) for text in texts], np.int32)
    return cep.Coded(codes[sensor], distinct)


def generated(recording: Recording) -> Readings:
    """The columns of a generated recording."""
    return Readings(
        test=recording.test,
        time_s=recording.time_s.astype(np.int64),
        sensor=recording.sensor,
        value=recording.value,
        names=tuple(sensor.name for sensor in recording.sensors),
        kinds=tuple(sensor.kind for sensor in recording.sensors),
        stations=tuple(STATIONS[sensor.station] for sensor in recording.sensors),
        levels=tuple(sensor.level for sensor in recording.sensors),
    )


def recorded(test: str) -> Readings:
    """The columns of a recorded fire."""
    with (RECORDED / f"{test}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sensors = {row["sensor"]: row for row in rows}
    names = tuple(sensors)
    number = {name: k for k, name in enumerate(names)}
    return Readings(
        test=test,
        time_s=np.array([int(row["time_s"]) for row in rows]),
        sensor=np.array([number[row["sensor"]] for row in rows], np.int32),
        value=np.array([float(row["value"]) for row in rows]),
        names=names,
        kinds=tuple(row["kind"] for row in sensors.values()),
        stations=tuple(row["station"] for row in sensors.values()),
        levels=tuple(int(row["level"]) for row in sensors.values()),
    )


def alarms(test: str) -> list[float]:
    """When each real smoke alarm of a recorded fire sounded, seconds after ignition."""
    truth = json.loads((RECORDED / "ground_truth.json").read_text())
    return sorted(truth[test]["alarms_measured_s"].values())


CALM_S = 3600


def after_calm(fire: Readings, seed: int) -> Readings:
    """The fire, shifted by an hour, after an hour of its first three scans' levels and noise."""
    rng = np.random.default_rng(seed)
    scans = np.unique(fire.time_s)
    step = int(np.median(np.diff(scans)))
    first = fire.time_s <= scans[2]
    time = np.arange(0, CALM_S, step)
    count = len(fire.names)
    values = np.empty((len(time), count))
    for k in range(count):
        seen = fire.value[first & (fire.sensor == k)]
        least = 0.05 if fire.kinds[k] == "temperature_C" else 0.001
        noise = max(seen.std(ddof=1), least) * rng.standard_normal(len(time))
        values[:, k] = seen.mean() + noise
    return replace(
        fire,
        time_s=np.concatenate([np.repeat(time, count), fire.time_s + CALM_S]),
        sensor=np.concatenate([np.tile(np.arange(count, dtype=np.int32), len(time)), fire.sensor]),
        value=np.concatenate([values.ravel(), fire.value]),
    )


def incidents(readings: Readings, rules=HOUSE_FIRE):
    """Runs the rules over the readings; returns the rows of `fire_incidents` as dicts."""
    out = cep.run(rules, {"readings": readings.batch()})
    return out["fire_incidents"].to_dicts()


def opened(readings: Readings) -> list[tuple[float, str]]:
    """When (seconds, the recording's own clock) and at which station incidents opened."""
    return [
        (row["opened_at"].timestamp(), row["station"])
        for row in incidents(readings)
        if row["state"] == "opened"
    ]
