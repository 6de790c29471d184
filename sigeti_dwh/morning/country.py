"""The map: zones as circles on the outline of Côte d'Ivoire."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from sigeti_dwh.morning.french import SPACE
from sigeti_dwh.settings import ROOT

FILE = Path("bi/cote_divoire.geojson")
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
SMALLEST, LARGEST = 5.0, 16.0
LETTER_WIDTH, LINE_HEIGHT = 9.6, 21.0
"""What a label takes at its font size, on average."""
BESIDE = 6
PLACES = [(angle, reach) for reach in (BESIDE, 20, 36, 56, 80, 110) for angle in range(0, 360, 15)]
OF_A_NAME = re.compile(
    r"^zones? industrielles? (de la |de l['’]|du |des |de |d['’])?", re.IGNORECASE
)
"""What the names of zones begin by, which a map need not repeat."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Zone:
    """A zone on the map."""

    name: str
    longitude: float
    latitude: float
    parcels: int
    occupation: Decimal | None
    """In percent, None without parcels."""


def draw(zones: Sequence[Zone]) -> str:
    """Return the map as SVG: colour by occupation, area by parcels, names beside the circles."""
    most = max((zone.parcels for zone in zones), default=0) or 1
    circles = [
        (*_point(zone.longitude, zone.latitude), _radius(zone, most), zone) for zone in zones
    ]
    width, height = (EAST - WEST) * SCALE * SHRUNK, (NORTH - SOUTH) * SCALE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 34:.0f}" '
        f'width="{width:.0f}" height="{height + 34:.0f}" font-family="sans-serif" font-size="18">',
        f'<path d="{_outline()}" fill="#eef2f5" stroke="#8b98a5" stroke-width="1.5"/>',
    ]
    for x, y, radius, zone in sorted(circles, key=lambda circle: -circle[2]):
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{_colour(zone)}" '
            f'fill-opacity="0.9" stroke="#ffffff" stroke-width="1"><title>{escape(zone.name)}'
            "</title></circle>"
        )
    taken = [(x - radius, y - radius, x + radius, y + radius) for x, y, radius, _ in circles]
    for x, y, radius, zone in circles:
        name = OF_A_NAME.sub("", zone.name) or zone.name
        box, reach, angle = _label_place(x, y, radius, name, taken, width, height)
        taken.append(box)
        if reach > BESIDE:
            to_right, to_top, away = math.cos(angle), math.sin(angle), radius + reach - 2
            parts.append(
                f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x + away * to_right:.1f}" '
                f'y2="{y - away * to_top:.1f}" stroke="#5b6875" stroke-width="0.8"/>'
            )
        parts.append(
            f'<text x="{(box[0] + box[2]) / 2:.1f}" y="{box[3] - 5:.1f}" text-anchor="middle" '
            f'fill="#1d2733">{escape(name)}</text>'
        )
    return "".join([*parts, _legend(height, zones), "</svg>"])


def _legend(top: float, zones: Sequence[Zone]) -> str:
    entries = [(colour, words) for _, colour, words in LEVELS]
    if any(zone.occupation is None for zone in zones):
        entries.append(UNKNOWN)
    step = (EAST - WEST) * SCALE * SHRUNK / len(entries)
    return "".join(
        f'<circle cx="{place * step + 10:.0f}" cy="{top + 17:.0f}" r="7" fill="{colour}"/>'
        f'<text x="{place * step + 21:.0f}" y="{top + 22:.0f}" font-size="16" fill="#1d2733">'
        f"{escape(words)}</text>"
        for place, (colour, words) in enumerate(entries)
    )


def _label_place(
    x: float, y: float, radius: float, name: str, taken: Sequence[Box], width: float, height: float
) -> tuple[Box, float, float]:
    """Return the nearest place of a name that covers neither circle nor name; reach and angle."""

    def place(degrees: int, reach: float) -> tuple[Box, float, float]:
        angle = math.radians(degrees)
        to_right, to_top = math.cos(angle), math.sin(angle)
        long, high = LETTER_WIDTH * len(name), LINE_HEIGHT
        # The side of the label that is turned to the circle is at its reach.
        left = x + (radius + reach) * to_right - long * (1 - to_right) / 2
        top = y - (radius + reach) * to_top - high * (1 + to_top) / 2
        return (left, top, left + long, top + high), reach, angle

    def covered(box: Box) -> float:
        left, top, right, bottom = box
        outside = max(0, -left) + max(0, -top) + max(0, right - width) + max(0, bottom - height)
        return LINE_HEIGHT * outside + sum(
            max(0.0, min(right, other[2]) - max(left, other[0]))
            * max(0.0, min(bottom, other[3]) - max(top, other[1]))
            for other in taken
        )

    return min((place(*one) for one in PLACES), key=lambda found: covered(found[0]))


def _radius(zone: Zone, most: int) -> float:
    return max(SMALLEST, LARGEST * math.sqrt(zone.parcels / most))


def _colour(zone: Zone) -> str:
    if zone.occupation is None:
        return UNKNOWN[0]
    return next(colour for limit, colour, _ in LEVELS if zone.occupation < limit)


def _point(longitude: float, latitude: float) -> tuple[float, float]:
    return (longitude - WEST) * SCALE * SHRUNK, (NORTH - latitude) * SCALE


def outline() -> list[tuple[float, float]]:
    """Return the places, in degrees east and north, that the border of Côte d'Ivoire joins."""
    [feature] = json.loads((ROOT / FILE).read_text(encoding="utf-8"))["features"]
    [ring] = feature["geometry"]["coordinates"]
    return [(longitude, latitude) for longitude, latitude in ring]


@cache
def _outline() -> str:
    points = " L".join(f"{x:.1f} {y:.1f}" for x, y in (_point(*place) for place in outline()))
    return f"M{points} Z"
