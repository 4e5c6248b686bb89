"""Generates half an hour of sensor readings of a building in which one room catches fire.

Six rooms with four temperature and two smoke sensors each report every two seconds. In this half
hour, besides noise, lost readings and readings that arrive out of order (by less than two seconds):

| minute | room    | what happens                                           | what must be said    |
|--------|---------|--------------------------------------------------------|----------------------|
| 2-30   | office  | the sun reaches a window: some kelvins in half an hour | nothing              |
| 4      | kitchen | burnt toast: smoke for three minutes, no heat          | nothing              |
| 8      | hall    | a sensor is unplugged for two minutes                  | the sensor is lost   |
| 12     | bedroom | a fire (two-zone growth, `examples.two_zone`)          | a fire, in a minute  |
| 13-16  | bedroom | it reaches the hall; sensors burn through              | updates; a 2nd fire  |
| 16     | bedroom | the fire is put out                                    | closed, when quiet   |

The seed moves times, sizes and noise; the story stays. From Python: `generate(seed)`. From a
shell: `python -m examples.fire_detection.generate --seed 1 > readings.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from examples import two_zone

START = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
ROOMS = ("kitchen", "office", "hall", "bedroom", "living", "bath")
HEIGHTS = (2.35, 2.35, 1.9, 1.5)
"""Heights of a room's temperature sensors, m."""
SMOKE_HEIGHTS = (2.35, 1.9)
MINUTES = 30.0
EVERY_S = 2.0
BURNS_THROUGH = 160.0
"""Degrees Celsius at which a sensor fails."""
Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Story:
    """The readings, in order of arrival, and the truth.

    Attributes:
        rows: readings with ts (ISO-8601), sensor, room, kind and value.
        ignited_at: when the fire started.
        burning: its room.
        lost: the sensor that was unplugged.
    """

    rows: list[dict[str, object]]
    ignited_at: datetime
    burning: str
    lost: str


@dataclass(frozen=True, slots=True)
class _Times:
    """When things happen, seconds from the start."""

    toast: float
    sun: float
    unplugged: float
    ignition: float
    put_out: float


def generate(seed: int = 1) -> Story:
    """Generates the half hour; the same seed gives the same readings."""
    rng = np.random.default_rng(seed)
    time = np.arange(0.0, MINUTES * 60, EVERY_S)
    times = _Times(
        toast=240 + float(rng.uniform(0, 60)),
        sun=120 + float(rng.uniform(0, 120)),
        unplugged=480 + float(rng.uniform(0, 30)),
        ignition=720 + float(rng.uniform(0, 30)),
        put_out=960 + float(rng.uniform(0, 30)),
    )
    layers = _fire(rng)
    readings: list[tuple[float, float, dict[str, object]]] = []
    for room in ROOMS:
        for number, height in enumerate(HEIGHTS):
            values = _temperature(rng, time, times, room, height, layers, number)
            sensor = f"{room}-t{number + 1}"
            readings += _send(rng, time, values, sensor, room, "temperature", times)
        for number, height in enumerate(SMOKE_HEIGHTS):
            values = _smoke(rng, time, times, room, height, layers)
            readings += _send(rng, time, values, f"{room}-s{number + 1}", room, "smoke", times)
    readings.sort(key=lambda reading: reading[0])
    return Story(
        rows=[row for _, _, row in readings],
        ignited_at=START + timedelta(seconds=times.ignition),
        burning="bedroom",
        lost="hall-t1",
    )


def _fire(rng: np.random.Generator) -> list[two_zone.Layers]:
    """The layers of the bedroom and, behind its door, the hall."""
    fire = two_zone.Fire(
        alpha=float(rng.uniform(0.012, 0.04)), incubation=10.0, soot_yield=0.04, limit=800.0
    )
    rooms = [two_zone.Room(area=14.0), two_zone.Room(area=10.0)]
    return two_zone.burn(fire, rooms, 300, radius=1.5)


def _burning(times: _Times, time: Signal, history: Signal) -> Signal:
    """A signal of the fire over the story's time; it decays once the fire is put out."""
    elapsed = np.clip(time - times.ignition, 0, times.put_out - times.ignition)
    signal = np.interp(elapsed, np.arange(len(history)), history)
    return np.asarray(signal * np.exp(-np.clip(time - times.put_out, 0, None) / 120.0))


def _temperature(
    rng: np.random.Generator,
    time: Signal,
    times: _Times,
    room: str,
    height: float,
    layers: list[two_zone.Layers],
    number: int,
) -> Signal:
    """What a temperature sensor shows; NaN once it has burnt through."""
    values = 20.0 + rng.uniform(-0.5, 0.5) + 0.4 * height + 0.15 * rng.standard_normal(len(time))
    if room == "office":
        warming = 1.0 - np.exp(-np.clip(time - times.sun, 0, None) / 900.0)
        values += rng.uniform(5, 8) * warming
    place = {"bedroom": 0, "hall": 1}.get(room)
    if place is not None:
        layer = layers[place]
        rise = layer.rise * two_zone.at_height(layer, height)
        rise += layer.jet * (number == 0)
        values += _burning(times, time, two_zone.lagged(rise, 6.0))
    burnt = np.maximum.accumulate(values > BURNS_THROUGH)
    return np.where(burnt, np.nan, values)


def _smoke(
    rng: np.random.Generator,
    time: Signal,
    times: _Times,
    room: str,
    height: float,
    layers: list[two_zone.Layers],
) -> Signal:
    """What a smoke sensor shows."""
    values = rng.uniform(0.005, 0.015) + 0.003 * rng.standard_normal(len(time))
    if room == "kitchen":
        growing = np.clip((time - times.toast) / 90.0, 0, 1)
        clearing = np.exp(-np.clip(time - times.toast - 100, 0, None) / 60.0)
        values += rng.uniform(0.15, 0.3) * growing * clearing
    place = {"bedroom": 0, "hall": 1}.get(room)
    if place is not None:
        layer = layers[place]
        density = layer.density * two_zone.at_height(layer, height)
        values += _burning(times, time, two_zone.lagged(density, 4.0))
    return np.clip(values, 0, None)


def _send(
    rng: np.random.Generator,
    time: Signal,
    values: Signal,
    sensor: str,
    room: str,
    kind: str,
    times: _Times,
) -> list[tuple[float, float, dict[str, object]]]:
    """The sensor's readings as (arrival, time, row): some are lost, all arrive a little late."""
    phase = rng.uniform(0, EVERY_S)
    arriving = rng.uniform(0, 1.5, len(time))
    lost = rng.uniform(size=len(time)) < 0.005
    if sensor == "hall-t1":
        lost |= (time > times.unplugged) & (time < times.unplugged + 120)
    digits = 1 if kind == "temperature" else 3
    readings = []
    for k in np.nonzero(~lost & ~np.isnan(values))[0].tolist():
        moment = float(time[k] + phase)
        stamp = START + timedelta(milliseconds=round(moment * 1000))
        text = stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        value = round(float(values[k]), digits)
        row: dict[str, object] = {
            "ts": text,
            "sensor": sensor,
            "room": room,
            "kind": kind,
            "value": value,
        }
        readings.append((moment + float(arriving[k]), moment, row))
    return readings


def main(arguments: list[str]) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(
        prog="examples.fire_detection.generate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1)
    story = generate(parser.parse_args(arguments).seed)
    for row in story.rows:
        print(json.dumps(row))
    print(f"ignited at {story.ignited_at.isoformat()} in {story.burning}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
