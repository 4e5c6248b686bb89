"""Generates recordings of a house: a quiet day, a flaming fire, a smouldering fire.

A house has four to six stations (rooms) with two to five thermocouples each, the first just under
the ceiling, and one or two smoke sensors. The readings look like those of full-scale fire tests:
`time_s, test, sensor, kind, station, level, value`, all sensors in a scan every few seconds, with
noise, drift, single wrong readings, missing readings and sensors that drop out.

* `quiet`: heating, sunshine, draughts, meals, burnt toast, showers. Nothing may be reported.
* `flaming`: calm first, then a fire that grows with the square of time (`examples.two_zone`).
* `smouldering`: calm first, then smoke that grows slowly for an hour and nearly no heat.

From Python: `generate(seed, "flaming")`. From a shell:
`python -m examples.house_fire.generate --seed 3 --scenario flaming > fire.csv`; the truth (when and
where) goes to stderr.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

import numpy as np

from examples import two_zone
from examples.house_fire import disturbances as things

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Scenario = Literal["quiet", "flaming", "smouldering"]
COLUMNS = ("time_s", "test", "sensor", "kind", "station", "level", "value")
TEMPERATURE, SMOKE = "temperature_C", "optical_density_per_m"
LEVEL_SPACING = 0.3
"""Metres between the thermocouples of a station, from the ceiling down."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor: its name, kind, station number, level (1 = ceiling) and height in m."""

    name: str
    kind: str
    station: int
    level: int
    height: float


@dataclass(frozen=True, slots=True)
class Recording:
    """What the sensors of a house showed, one reading per row, in order of time.

    Attributes:
        test: name of the recording.
        time_s: time of the row, seconds.
        sensor: number of the row's sensor in `sensors`.
        value: the reading.
        sensors: all sensors.
        ignition_s: when the fire started, None without fire.
        station: where, None without fire.
        sampling_s: seconds between scans.
    """

    test: str
    time_s: NDArray[np.float64]
    sensor: NDArray[np.int32]
    value: NDArray[np.float64]
    sensors: tuple[Sensor, ...]
    ignition_s: float | None
    station: str | None
    sampling_s: float

    def __len__(self) -> int:
        return len(self.time_s)

    def rows(self) -> Iterator[dict[str, object]]:
        """The readings as dicts with the columns `COLUMNS`; `time_s` is an int of seconds."""
        for time, sensor, value in zip(
            self.time_s.tolist(), self.sensor.tolist(), self.value.tolist(), strict=True
        ):
            it = self.sensors[sensor]
            fields = (int(time), self.test, it.name, it.kind, STATIONS[it.station], it.level, value)
            yield dict(zip(COLUMNS, fields, strict=True))

    def write(self, file: TextIO) -> None:
        """Writes the readings as CSV with a header."""
        file.write(",".join(COLUMNS) + "\n")
        for row in self.rows():
            file.write(",".join(map(str, row.values())) + "\n")


STATIONS = "ABCDEFGH"


@dataclass(slots=True)
class _Air:
    """Rise of temperature and optical density at a station's sensors, filled by the scenario."""

    time: NDArray[np.float64]
    sensors: tuple[Sensor, ...]
    added: NDArray[np.float64]

    def add(
        self, station: int, kind: str, signal: things.Signal, heights: things.Heights | None = None
    ) -> None:
        """Adds a signal to all sensors of one kind in a station, by height."""
        for k, sensor in enumerate(self.sensors):
            if sensor.station == station and sensor.kind == kind:
                share = heights(sensor.height) if heights else 1.0
                self.added[k] += share * signal


def generate(
    seed: int, scenario: Scenario = "quiet", hours: float = 24.0, sampling_s: float | None = None
) -> Recording:
    """Generates a recording; the same arguments give the same recording.

    Args:
        seed: chooses the house, its sensors and everything that happens.
        scenario: what happens.
        hours: length of a quiet recording, or of the calm before a fire.
        sampling_s: seconds between scans; by default one of 2, 5 and 10.
    """
    rng = np.random.default_rng([seed, sum(scenario.encode())])
    sampling = sampling_s if sampling_s is not None else float(rng.choice([2, 5, 10]))
    burning = {"quiet": 0.0, "flaming": 240.0, "smouldering": 5400.0}[scenario]
    time = np.arange(0.0, hours * 3600 + burning, sampling)
    sensors = _place_sensors(rng)
    air = _Air(time, sensors, np.zeros((len(sensors), len(time))))
    _live(rng, air, hours)
    ignition, station = None, None
    if scenario != "quiet":
        ignition, origin = hours * 3600, int(rng.integers(sensors[-1].station + 1))
        station = STATIONS[origin]
        (_flame if scenario == "flaming" else _smoulder)(rng, air, ignition, origin)
    return _record(rng, air, f"{scenario}-{seed}", ignition, station, sampling)


def _place_sensors(rng: np.random.Generator) -> tuple[Sensor, ...]:
    sensors = []
    for station in range(int(rng.integers(4, 7))):
        name = STATIONS[station]
        for level in range(1, int(rng.integers(2, 6)) + 1):
            height = 2.35 - LEVEL_SPACING * (level - 1)
            sensors.append(Sensor(f"TC{name}_{level}", TEMPERATURE, station, level, height))
        for level in (1, 4)[: int(rng.integers(1, 3))]:
            height = 2.35 - LEVEL_SPACING * (level - 1)
            sensors.append(Sensor(f"SM{name}_{level}", SMOKE, station, level, height))
    return tuple(sensors)


def _live(rng: np.random.Generator, air: _Air, hours: float) -> None:
    """Adds heating, sunshine, draughts, meals, toast and showers; station 0 is the kitchen."""
    stations = air.sensors[-1].station + 1
    for station in range(stations):
        air.add(station, TEMPERATURE, things.daily_swing(rng, air.time))
    for _ in things.often(rng, 2.0, hours):
        room = int(rng.integers(stations))
        warm, beam = things.sunshine(rng, air.time)
        air.add(room, TEMPERATURE, warm)
        lit = [
            k for k, it in enumerate(air.sensors) if (it.station, it.kind) == (room, TEMPERATURE)
        ]
        air.added[int(rng.choice(lit))] += beam
    for _ in things.often(rng, 4.0, hours):
        room = int(rng.integers(stations))
        air.add(room, TEMPERATURE, things.draught(rng, air.time), things.towards_floor)
    for _ in things.often(rng, 4.0, hours):
        heat, smoke = things.cooking(rng, air.time)
        air.add(0, TEMPERATURE, heat, things.towards_ceiling)
        air.add(0, SMOKE, smoke, things.towards_ceiling)
        air.add(1, SMOKE, 0.4 * smoke)
    for _ in things.often(rng, 1.0, hours):
        smoke = things.toast(rng, air.time)
        air.add(0, SMOKE, smoke, things.towards_ceiling)
        air.add(1, SMOKE, 0.4 * smoke)
    for _ in things.often(rng, 3.0, hours):
        heat, steam = things.shower(rng, air.time)
        air.add(stations - 1, TEMPERATURE, heat, things.towards_ceiling)
        air.add(stations - 1, SMOKE, steam, things.towards_ceiling)


def _flame(rng: np.random.Generator, air: _Air, ignition: float, origin: int) -> None:
    """Adds a fire that grows with the square of time, slow to very fast."""
    fire = two_zone.Fire(
        alpha=float(np.exp(rng.uniform(np.log(0.0029), np.log(0.19)))),
        incubation=float(rng.uniform(0, 20)),
        soot_yield=float(rng.uniform(0.015, 0.1)),
    )
    others = [k for k in range(air.sensors[-1].station + 1) if k != origin]
    reached = [origin, *rng.permutation(others).tolist()]
    rooms = [two_zone.Room(area=float(rng.uniform(8, 25))) for _ in reached]
    layers = two_zone.burn(
        fire, rooms, 600, loss=float(rng.uniform(0.5, 0.75)), radius=float(rng.uniform(0.5, 3))
    )
    after = np.clip(air.time - ignition, 0, 600)
    for k, sensor in enumerate(air.sensors):
        place = reached.index(sensor.station)
        inside = two_zone.at_height(layers[place], sensor.height)
        if sensor.kind == TEMPERATURE:
            jet = layers[place].jet * (sensor.level == 1)
            signal = two_zone.lagged(inside * layers[place].rise + jet, 6.0)
        else:
            signal = two_zone.lagged(inside * layers[place].density, 4.0)
        air.added[k] += np.interp(after, np.arange(601.0), signal)


def _smoulder(rng: np.random.Generator, air: _Air, ignition: float, origin: int) -> None:
    """Adds smoke that grows for an hour and more in the room and, later, in the house."""
    after = np.clip(air.time - ignition, 0, None)
    peak, length = rng.uniform(0.4, 1.5), rng.uniform(2400, 5400)
    puffs = 1.0 + 0.1 * np.sin(2 * np.pi * after / rng.uniform(200, 500))
    for k, sensor in enumerate(air.sensors):
        delay = 0.0 if sensor.station == origin else 240.0 + 60.0 * sensor.station
        share = 1.0 if sensor.station == origin else 0.6
        grown = np.clip((after - delay) / length, 0, 1.2) ** 1.5 * share
        if sensor.kind == SMOKE:
            air.added[k] += peak * grown * puffs * (1.0 if sensor.level == 1 else 0.8)
        elif sensor.station == origin:
            air.added[k] += 2.0 * grown


def _record(
    rng: np.random.Generator,
    air: _Air,
    test: str,
    ignition: float | None,
    station: str | None,
    sampling: float,
) -> Recording:
    """Makes readings of the air: offsets, noise, wrong and missing readings, drop-outs."""
    values = np.empty_like(air.added)
    kept = rng.uniform(size=air.added.shape) > rng.choice([0.0, 0.005, 0.02])
    glitches = rng.choice([0.0, 1e-5, 1e-4])
    for k, sensor in enumerate(air.sensors):
        wrong = rng.uniform(size=len(air.time)) < glitches
        if sensor.kind == TEMPERATURE:
            level = 21.0 + rng.uniform(-2, 4) - 0.3 * sensor.level
            noise = rng.uniform(0.03, 0.3) * rng.standard_normal(len(air.time))
            jumps = rng.choice([-1, 1], len(air.time)) * rng.uniform(3, 60, len(air.time))
            values[k] = np.round(level + air.added[k] + noise + wrong * jumps, 1)
        else:
            noise = rng.uniform(0.001, 0.008) * rng.standard_normal(len(air.time))
            seen = rng.uniform(0, 0.02) + air.added[k] + noise + wrong * rng.uniform(0, 1)
            values[k] = np.round(np.clip(seen, 0, None), 4)
        for _ in things.often(rng, 0.5, len(air.time) * sampling / 3600):
            start = rng.uniform(0, air.time[-1])
            kept[k] &= (air.time < start) | (air.time > start + rng.uniform(60, 1800))
    scan, sensor_number = np.nonzero(kept.T)
    return Recording(
        test=test,
        time_s=air.time[scan],
        sensor=sensor_number.astype(np.int32),
        value=values.T[scan, sensor_number],
        sensors=air.sensors,
        ignition_s=ignition,
        station=station,
        sampling_s=sampling,
    )


def main(arguments: list[str]) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="examples.house_fire.generate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--scenario", choices=["quiet", "flaming", "smouldering"], default="flaming"
    )
    parser.add_argument("--hours", type=float, default=1.0, help="quiet hours (before the fire)")
    parser.add_argument("--sampling", type=float, default=None, help="seconds between scans")
    chosen = parser.parse_args(arguments)
    recording = generate(chosen.seed, chosen.scenario, chosen.hours, chosen.sampling)
    recording.write(sys.stdout)
    print(f"ignition_s={recording.ignition_s} station={recording.station}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
