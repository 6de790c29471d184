"""The map: zones as circles on the outline of Côte d'Ivoire."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from xml.sax.saxutils import escape

from sigeti_dwh.morning.french import SPACE
from sigeti_dwh.settings import ROOT

OUTLINE = ROOT / "bi" / "cote_divoire.geojson"
WEST, EAST, SOUTH, NORTH = -8.75, -2.35, 4.2, 10.85
SCALE = 90
"""Points a degree of latitude."""
SHRUNK = math.cos(math.radians((SOUTH + NORTH) / 2))
LEVELS = (
    (Decimal(50), "#7fbf9b", f"moins de 50{SPACE}%"),
    (Decimal(80), "#e6c84f", f"50 à 80{SPACE}%"),
    (Decimal(95), "#e08a3c", f"80 à 95{SPACE}%"),
    (Decimal("Infinity"), "#b5382e", f"95{SPACE}% et plus"),
)
UNKNOWN = ("#c5ccd3", "sans parcelle")
SMALLEST, LARGEST = 6.0, 22.0
PLACES = [(angle, reach) for reach in (8, 22, 40, 62) for angle in range(0, 360, 30)]


@dataclass(frozen=True)
class Zone:
    """A zone on the map."""

    number: int
    name: str
    longitude: float
    latitude: float
    parcels: int
    occupation: Decimal | None
    """In percent, None without parcels."""


def draw(zones: Sequence[Zone]) -> str:
    """Return the map as SVG: colour by occupation, area by parcels, numbers beside the circles."""
    most = max((zone.parcels for zone in zones), default=0) or 1
    circles = [
        (*_point(zone.longitude, zone.latitude), _radius(zone, most), zone) for zone in zones
    ]
    width, height = (EAST - WEST) * SCALE * SHRUNK, (NORTH - SOUTH) * SCALE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 34:.0f}" '
        f'width="{width:.0f}" height="{height + 34:.0f}" font-family="sans-serif" font-size="15">',
        f'<path d="{_outline()}" fill="#eef2f5" stroke="#8b98a5" stroke-width="1.5"/>',
    ]
    for x, y, radius, zone in sorted(circles, key=lambda circle: -circle[2]):
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{_colour(zone)}" '
            f'fill-opacity="0.9" stroke="#ffffff" stroke-width="1"><title>{escape(zone.name)}'
            "</title></circle>"
        )
    taken = [(x, y, radius) for x, y, radius, _ in circles]
    for x, y, radius, zone in circles:
        left, top = _label_place(x, y, radius, taken)
        taken.append((left, top, 9))
        if math.hypot(left - x, top - y) > radius + 14:
            parts.append(
                f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{left:.1f}" y2="{top:.1f}" '
                'stroke="#5b6875" stroke-width="0.8"/>'
            )
        parts.append(
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="9" fill="#ffffff" fill-opacity="0.85"/>'
            f'<text x="{left:.1f}" y="{top + 5:.1f}" text-anchor="middle" font-weight="bold" '
            f'fill="#1d2733">{zone.number}</text>'
        )
    return "".join([*parts, _legend(height, zones), "</svg>"])


def _legend(top: float, zones: Sequence[Zone]) -> str:
    entries = [(colour, words) for _, colour, words in LEVELS]
    if any(zone.occupation is None for zone in zones):
        entries.append(UNKNOWN)
    step = (EAST - WEST) * SCALE * SHRUNK / len(entries)
    return "".join(
        f'<circle cx="{place * step + 10:.0f}" cy="{top + 17:.0f}" r="7" fill="{colour}"/>'
        f'<text x="{place * step + 21:.0f}" y="{top + 22:.0f}" font-size="13" fill="#1d2733">'
        f"{escape(words)}</text>"
        for place, (colour, words) in enumerate(entries)
    )


def _label_place(
    x: float, y: float, radius: float, taken: Sequence[tuple[float, float, float]]
) -> tuple[float, float]:
    """Return the nearest place beside a circle that covers no other circle and no other label."""

    def place(angle: int, reach: int) -> tuple[float, float]:
        turned, away = math.radians(angle), radius + reach
        return x + away * math.cos(turned), y - away * math.sin(turned)

    def covered(left: float, top: float) -> float:
        return sum(max(0.0, 9 + r - math.hypot(left - a, top - b)) for a, b, r in taken)

    return min((place(*one) for one in PLACES), key=lambda spot: covered(*spot) > 0)


def _radius(zone: Zone, most: int) -> float:
    return max(SMALLEST, LARGEST * math.sqrt(zone.parcels / most))


def _colour(zone: Zone) -> str:
    if zone.occupation is None:
        return UNKNOWN[0]
    return next(colour for limit, colour, _ in LEVELS if zone.occupation < limit)


def _point(longitude: float, latitude: float) -> tuple[float, float]:
    return (longitude - WEST) * SCALE * SHRUNK, (NORTH - latitude) * SCALE


@cache
def _outline() -> str:
    [feature] = json.loads(OUTLINE.read_text(encoding="utf-8"))["features"]
    [ring] = feature["geometry"]["coordinates"]
    points = " L".join(f"{x:.1f} {y:.1f}" for x, y in (_point(*place) for place in ring))
    return f"M{points} Z"
