"""Distances and directions on a sphere: what `geo.cep` calls."""

import math

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


def haversine_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the length of the great circle between two places in degrees, km.

    Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    north, east = math.radians(lat2 - lat1) / 2, math.radians(lon2 - lon1) / 2
    across = math.cos(math.radians(lat1)) * math.cos(math.radians(lat2))
    h = math.sin(north) ** 2 + across * math.sin(east) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, h)))


def bearing_deg(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the direction in which the great circle leaves the first place, degrees from north."""
    here, there, east = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    y = math.sin(east) * math.cos(there)
    x = math.cos(here) * math.sin(there) - math.sin(here) * math.cos(there) * math.cos(east)
    return math.degrees(math.atan2(y, x)) % 360.0


def within_km(lat: float, lon: float, lat0: float, lon0: float, km: float) -> bool:
    """Return whether a place is at most `km` from another."""
    return haversine_km(lat, lon, lat0, lon0) <= km
