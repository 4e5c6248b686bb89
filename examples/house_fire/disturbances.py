"""What happens in a house without a fire: heating, sunshine, doors, cooking, toast, showers.

Every disturbance adds to the temperatures and optical densities of a station over time. Sizes and
time constants are drawn at random; the ranges are those of ordinary homes: a kitchen ceiling gains
a few kelvins in ten minutes, an opened oven a few in half a minute, a sunlit room a few in an hour;
frying leaves some hundredths of optical density per metre, burnt toast some tenths for minutes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]
"""One item per sample time."""
Levels = NDArray[np.float64]
"""Temperature rise or smoke by (sample time, height: 0 floor to 1 ceiling)."""


def pulse(time: Signal, start: float, length: float, rise: float, fall: float) -> Signal:
    """Goes to 1 with time constant `rise` for `length` seconds, then back with `fall`."""
    inside = 1.0 - np.exp(-np.clip(time - start, 0.0, length) / rise)
    return np.asarray(inside * np.exp(-np.clip(time - start - length, 0.0, None) / fall))


def daily_swing(rng: np.random.Generator, time: Signal) -> Signal:
    """The slow swing of a day and the cycles of the heating, K."""
    day = rng.uniform(0.5, 2.0) * np.sin(2 * np.pi * (time / 86_400 + rng.uniform()))
    period = rng.uniform(1200, 3600)
    phase = (time / period + rng.uniform()) % 1.0
    saw = np.where(phase < 0.3, phase / 0.3, (1.0 - phase) / 0.7)
    return np.asarray(day + rng.uniform(0.2, 1.5) * saw)


def sunshine(rng: np.random.Generator, time: Signal) -> tuple[Signal, Signal]:
    """A sunny window: rise of the room's air, and of a sensor that the beam reaches, K."""
    start, length = rng.uniform(0, max(1.0, time[-1])), rng.uniform(3600, 10_800)
    air = rng.uniform(3, 9) * pulse(time, start, length, rng.uniform(1800, 5400), 3600)
    beam = rng.uniform(2, 8) * pulse(
        time, start + rng.uniform(0, length), rng.uniform(600, 2400), rng.uniform(120, 400), 300
    )
    return air, beam


def draught(rng: np.random.Generator, time: Signal) -> Signal:
    """An outer door stands open for some minutes in winter: a fall and a recovery, K."""
    start = rng.uniform(0, max(1.0, time[-1]))
    return -rng.uniform(2, 7) * pulse(time, start, rng.uniform(60, 600), 60, rng.uniform(150, 500))


def cooking(rng: np.random.Generator, time: Signal) -> tuple[Signal, Signal]:
    """A meal: heat at the kitchen's ceiling, K, and smoke from frying, 1/m."""
    start, length = rng.uniform(0, max(1.0, time[-1])), rng.uniform(600, 2400)
    heat = rng.uniform(2, 9) * pulse(time, start, length, rng.uniform(240, 600), 900)
    for _ in range(rng.integers(0, 4)):
        opened = start + rng.uniform(0, length)
        heat += rng.uniform(1, 4) * pulse(time, opened, rng.uniform(10, 30), 15, 60)
    smoke = rng.uniform(0.0, 0.045) * pulse(time, start, length, rng.uniform(90, 400), 400)
    puffs = 1.0 + 0.3 * np.sin(2 * np.pi * (time - start) / rng.uniform(120, 400))
    return heat, np.asarray(smoke * puffs)


def toast(rng: np.random.Generator, time: Signal) -> Signal:
    """Burnt toast: smoke for some minutes without heat, 1/m."""
    start = rng.uniform(0, max(1.0, time[-1]))
    length, fall = rng.uniform(45, 180), rng.uniform(150, 400)
    return rng.uniform(0.08, 0.4) * pulse(time, start, length, length / 2, fall)


def shower(rng: np.random.Generator, time: Signal) -> tuple[Signal, Signal]:
    """Steam: a little heat, K, and what a smoke sensor takes for smoke, 1/m."""
    start, length = rng.uniform(0, max(1.0, time[-1])), rng.uniform(240, 720)
    shape = pulse(time, start, length, 150, 400)
    return rng.uniform(1, 4) * shape, rng.uniform(0.0, 0.1) * shape


def often(rng: np.random.Generator, per_day: float, hours: float) -> range:
    """A random number of repetitions, `per_day` on average."""
    return range(int(rng.poisson(per_day * hours / 24.0)))


Heights = Callable[[float], float]
"""How much of a disturbance a sensor at a height (m) feels, 0 to 1."""


def towards_ceiling(height: float) -> float:
    """Warm air and smoke from a stove gather high up."""
    return float(np.clip((height - 0.5) / 1.8, 0.05, 1.0))


def towards_floor(height: float) -> float:
    """A draught is felt low down."""
    return float(np.clip((2.4 - height) / 1.8, 0.15, 1.0))
