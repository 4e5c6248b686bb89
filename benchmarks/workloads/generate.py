"""Benchmark input: sensor readings of a building in which some rooms catch fire.

A thousand sensors (by default) in rooms of ten send about one reading a second each: seven of a
room's sensors measure temperature, two smoke, one humidity. Two rooms in a hundred catch fire per
ten minutes of stream: temperature grows with the square of time for three minutes, smoke follows
after 20 s. The generator is seeded; its output is the same on every machine, byte for byte.

Use it from Python (`columns`, `write`) or as `python -m benchmarks.workloads.generate N PREFIX`,
which writes `PREFIX.csv` and `PREFIX.jsonl`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

START_MS = 1_700_000_000_000
KINDS = ("temperature", "smoke", "humidity")
SENSORS_PER_ROOM = 10
SEED = 7

BASE_LEVEL = (21.0, 0.02, 40.0)
NOISE = (1.5, 0.01, 3.0)
FIRES_PER_ROOM_AND_TEN_MINUTES = 0.02
FIRE_LASTS_MS = 180_000


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings as columns of equal length, in order of time.

    Attributes:
        ts: epoch milliseconds, int64.
        sensor: code of the sensor, int32; its name is `sensor_names[code]`.
        room: code of the room, int32.
        kind: code of the kind, int32: 0 temperature, 1 smoke, 2 humidity.
        value: the reading, float64, three decimals.
        sensor_names: names of the sensor codes, `s00000` and on.
        room_names: names of the room codes, `r0000` and on.
    """

    ts: NDArray[np.int64]
    sensor: NDArray[np.int32]
    room: NDArray[np.int32]
    kind: NDArray[np.int32]
    value: NDArray[np.float64]
    sensor_names: tuple[str, ...]
    room_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ts)


def columns(rows: int, sensors: int = 1000) -> Readings:
    """Makes `rows` readings of `sensors` sensors; the same arguments give the same readings."""
    rng = np.random.default_rng(SEED)
    rooms = max(1, sensors // SENSORS_PER_ROOM)
    sensor = rng.integers(0, sensors, rows)
    ts = START_MS + np.sort(rng.integers(0, max(1, rows // sensors) * 1000, rows))
    place = np.arange(sensors) % SENSORS_PER_ROOM
    kind_of_sensor = np.where(place < 7, 0, np.where(place < 9, 1, 2))
    room = sensor // SENSORS_PER_ROOM
    kind = kind_of_sensor[sensor]
    value = np.array(BASE_LEVEL)[kind] + np.array(NOISE)[kind] * rng.standard_normal(rows)
    _ignite(rng, ts, room, kind, value, rooms)
    return Readings(
        ts=ts,
        sensor=sensor.astype(np.int32),
        room=room.astype(np.int32),
        kind=kind.astype(np.int32),
        value=np.round(value, 3),
        sensor_names=tuple(f"s{code:05d}" for code in range(sensors)),
        room_names=tuple(f"r{code:04d}" for code in range((sensors - 1) // SENSORS_PER_ROOM + 1)),
    )


def _ignite(
    rng: np.random.Generator,
    ts: NDArray[np.int64],
    room: NDArray[np.int64],
    kind: NDArray[np.int64],
    value: NDArray[np.float64],
    rooms: int,
) -> None:
    """Adds the fires to `value` in place."""
    span = ts[-1] - ts[0]
    fires = max(1, int(rooms * FIRES_PER_ROOM_AND_TEN_MINUTES * max(1, span / 600_000)))
    for _ in range(fires):
        burning = rng.integers(0, rooms)
        ignition = ts[0] + rng.integers(0, max(1, span))
        touched = (room == burning) & (ts >= ignition) & (ts < ignition + FIRE_LASTS_MS)
        elapsed = (ts[touched] - ignition) / 1000.0
        heat = 0.006 * elapsed**2
        smoke = np.clip((elapsed - 20) * 0.01, 0, None)
        value[touched] += np.where(kind[touched] == 0, heat, np.where(kind[touched] == 1, smoke, 0))


def write(readings: Readings, prefix: Path) -> tuple[Path, Path]:
    """Writes `prefix`.csv and `prefix`.jsonl and returns the two paths."""
    csv, jsonl = Path(f"{prefix}.csv"), Path(f"{prefix}.jsonl")
    rows = zip(
        readings.ts.tolist(),
        readings.sensor.tolist(),
        readings.room.tolist(),
        readings.kind.tolist(),
        readings.value.tolist(),
        strict=True,
    )
    with csv.open("w", newline="\n") as table, jsonl.open("w", newline="\n") as lines:
        table.write("ts,sensor,room,kind,value\n")
        for ts, sensor_code, room_code, kind_code, value in rows:
            sensor = readings.sensor_names[sensor_code]
            room = readings.room_names[room_code]
            kind = KINDS[kind_code]
            table.write(f"{ts},{sensor},{room},{kind},{value}\n")
            lines.write(
                f'{{"ts":{ts},"sensor":"{sensor}","room":"{room}","kind":"{kind}","value":{value}}}\n'
            )
    return csv, jsonl


def main(arguments: list[str]) -> int:
    """Runs the command line: N, PREFIX and optionally the number of sensors."""
    if len(arguments) not in {2, 3}:
        print("usage: python -m benchmarks.workloads.generate N PREFIX [SENSORS]", file=sys.stderr)
        return 2
    sensors = int(arguments[2]) if len(arguments) > 2 else 1000
    for path in write(columns(int(arguments[0]), sensors), Path(arguments[1])):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
