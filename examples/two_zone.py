"""A small two-zone fire model: a hot smoky layer under the ceiling, cool clear air below.

The fire grows with the square of time (`Q = alpha * t^2`, NFPA 72 annex B). Its plume carries heat
and smoke into the upper layer of the room, which deepens (Zukoski's plume), warms, and spills
through the door once it is deeper than the lintel; the next room then fills from what spills. A
sensor near the ceiling above the fire also feels the ceiling jet (Alpert). Walls take a fixed part
of the heat. Good for the first minutes of a fire, which is what detection is about; not for more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

AIR_DENSITY = 1.2
"""kg/m3."""
AIR_HEAT = 1.005
"""kJ/(kg K)."""
AMBIENT = 293.0
"""K; only the rise above it is used."""
OPTICAL_PER_SOOT = 3.8
"""Optical density (base 10) in 1/m per g/m3 of smoke from flames: 8.7 m2/g / ln 10."""
FUEL_HEAT = 18_000.0
"""Heat of combustion of furnishings, kJ/kg."""
STEP = 1.0
"""Seconds per integration step."""


@dataclass(frozen=True, slots=True)
class Fire:
    """A growing fire.

    Attributes:
        alpha: growth in kW/s2; 0.0029 slow, 0.0117 medium, 0.047 fast, 0.19 very fast.
        incubation: seconds from ignition to the start of the growth.
        soot_yield: kg of smoke per kg of fuel; 0.015 wood, 0.1 foam.
        limit: largest heat release, kW.
    """

    alpha: float
    incubation: float = 0.0
    soot_yield: float = 0.05
    limit: float = 1500.0

    def heat_release(self, seconds: float) -> float:
        """kW, a time after ignition."""
        growing = max(0.0, seconds - self.incubation)
        return min(self.alpha * growing**2, self.limit)


@dataclass(frozen=True, slots=True)
class Room:
    """A room: floor area in m2, height and lintel height in m, door width in m."""

    area: float = 15.0
    height: float = 2.4
    lintel: float = 2.0
    door: float = 0.8


@dataclass(frozen=True, slots=True)
class Layers:
    """The upper layer of one room over time, one item per second after ignition.

    Attributes:
        interface: height of the layer's lower edge, m.
        rise: the layer's temperature above ambient, K.
        density: its optical density, 1/m.
        jet: what the ceiling jet adds at the ceiling, K; zero but in the room of the fire.
    """

    interface: NDArray[np.float64]
    rise: NDArray[np.float64]
    density: NDArray[np.float64]
    jet: NDArray[np.float64]


def plume(heat: float, height: float) -> float:
    """Air and gas in the plume at a height, kg/s (Zukoski), for a heat release in kW."""
    convected = 0.7 * heat
    return (
        0.071 * math.pow(convected, 1 / 3) * math.pow(max(height, 0.1), 5 / 3) + 0.0018 * convected
    )


def ceiling_jet(heat: float, height: float, radius: float) -> float:
    """Rise in K of the ceiling jet at a distance from the plume's axis (Alpert)."""
    if radius < 0.18 * height:
        return 16.9 * math.pow(heat, 2 / 3) / math.pow(height, 5 / 3)
    return 5.38 * math.pow(heat / radius, 2 / 3) / height


def burn(
    fire: Fire, rooms: list[Room], seconds: int, loss: float = 0.65, radius: float = 1.5
) -> list[Layers]:
    """Follows a fire in `rooms[0]`, whose smoke spills from each room into the next.

    Args:
        fire: the fire.
        rooms: the room of the fire and the rooms behind its doors, nearest first.
        seconds: how long, from ignition.
        loss: part of the layer's heat that the walls take.
        radius: distance of the sensor in the first room from the fire, m.

    Returns:
        The layers of each room.
    """
    count = len(rooms)
    mass, heat, soot = np.zeros(count), np.zeros(count), np.zeros(count)  # kg, kJ, g
    results = [Layers(*(np.zeros(seconds + 1) for _ in range(4))) for _ in rooms]
    for second in range(seconds + 1):
        release = fire.heat_release(second)
        burnt = release / FUEL_HEAT  # kg/s
        inflow = (0.0, 0.7 * release * (1 - loss), burnt * fire.soot_yield * 1000.0)
        for k, room in enumerate(rooms):
            interface, rise = _record(results[k], second, room, mass[k], heat[k], soot[k])
            entrained = plume(release, interface) if k == 0 and release > 0 else inflow[0]
            mass[k] += entrained * STEP
            heat[k] += inflow[1] * STEP
            soot[k] += inflow[2] * STEP
            part = min(1.0, _spill(room, interface, rise) * STEP / mass[k]) if mass[k] else 0.0
            inflow = (part * mass[k] / STEP, part * heat[k] / STEP, part * soot[k] / STEP)
            mass[k] *= 1 - part
            heat[k] *= 1 - part
            soot[k] *= 1 - part
        results[0].jet[second] = 0.3 * ceiling_jet(release, rooms[0].height, radius)
    return results


def _record(
    result: Layers, second: int, room: Room, mass: float, heat: float, soot: float
) -> tuple[float, float]:
    """Notes the state of a room's layer; returns its interface height and rise."""
    rise = heat / (AIR_HEAT * mass) if mass > 0 else 0.0
    volume = mass / AIR_DENSITY * (AMBIENT + rise) / AMBIENT
    interface = max(0.3, room.height - volume / room.area)
    volume = max(volume, 0.05 * room.area)
    result.interface[second] = interface
    result.rise[second] = rise
    result.density[second] = OPTICAL_PER_SOOT * soot / volume
    return interface, rise


def _spill(room: Room, interface: float, rise: float) -> float:
    """Gas that leaves through the door, kg/s, from the layer's depth below the lintel."""
    depth = room.lintel - interface
    if depth <= 0:
        return 0.0
    buoyancy = 9.81 * rise / AMBIENT
    return AIR_DENSITY * 0.46 * room.door * math.sqrt(buoyancy) * math.pow(depth, 1.5)


def at_height(layers: Layers, height: float, thickness: float = 0.25) -> NDArray[np.float64]:
    """How much of the layer a sensor at a height is in, 0 to 1, over time: a soft edge."""
    edge = np.clip((layers.interface - height) / thickness, -40, 40)
    inside = 1.0 / (1.0 + np.exp(edge))
    inside[layers.rise <= 0] = 0.0
    return inside


def lagged(values: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    """What a sensor with time constant `tau` seconds shows of a signal in steps of a second."""
    shown = np.empty_like(values)
    part = 1.0 - float(np.exp(-STEP / tau)) if tau > 0 else 1.0
    state = values[0]
    for k, value in enumerate(values):
        state += part * (value - state)
        shown[k] = state
    return shown
