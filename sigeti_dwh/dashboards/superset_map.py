"""A map in Superset: circles on the outline of Côte d'Ivoire, which no server has to send.

Superset draws maps on tiles of a server. Its bubbles, with longitude and latitude for axes, need
none; the theme of the page takes the axes away and draws the outline.
"""

from itertools import pairwise
from typing import Any

from sigeti_dwh.dashboards.specification import Panel
from sigeti_dwh.morning.country import (
    EAST,
    LEVELS,
    NORTH,
    SHRUNK,
    SOUTH,
    UNKNOWN,
    WEST,
    outline,
)

TYPE = "bubble_v2"
HEIGHT = 76
"""In Superset's units of 8 pixels."""
SIDE, SMALL_SIDE = 500, 310
"""How many pixels high a map is, on a screen and on a phone."""
COLOURS = {words: colour for _, colour, words in LEVELS} | {UNKNOWN[1]: UNKNOWN[0]}


def parameters(panel: Panel) -> dict[str, Any]:
    """Return the parameters of a map's chart."""
    (measure,) = panel.measures
    assert panel.by is not None and panel.coloured_by is not None
    return {
        "entity": panel.by.name,
        "series": level_name(panel),
        "x": _metric("min(longitude)", "Longitude"),
        "y": _metric("min(latitude)", "Latitude"),
        "size": _metric(measure.sql, measure.label),
        "orderby": _metric(f"min({panel.coloured_by.name})", panel.coloured_by.label),
        "order_desc": False,
        "row_limit": panel.limit,
        "max_bubble_size": "12",
        "opacity": 0.9,
        "show_legend": True,
        "legendType": "plain",
        "legendOrientation": "top",
        "xAxisFormat": ",.2f",
        "y_axis_format": ",.2f",
        "tooltipSizeFormat": ",.0f",
        "xAxisBounds": [WEST, EAST],
        "truncateXAxis": True,
        "y_axis_bounds": [SOUTH, NORTH],
        "truncateYAxis": True,
    }


def level_name(panel: Panel) -> str:
    """Return the name of the column that says in which level of colour a row is."""
    assert panel.coloured_by is not None
    return f"niveau_{panel.coloured_by.name}"


def level_column(panel: Panel) -> dict[str, Any]:
    """Return that column, for the dataset of the panel's mart."""
    assert panel.coloured_by is not None
    rate = panel.coloured_by.name
    whens = [f"when {rate} is null then '{UNKNOWN[1]}'"]
    whens += [f"when {rate} < {limit} then '{words}'" for limit, _, words in LEVELS[:-1]]
    return {
        "column_name": level_name(panel),
        "verbose_name": panel.coloured_by.label,
        "expression": f"case {' '.join(whens)} else '{LEVELS[-1][2]}' end",
        "is_dttm": False,
        "is_active": True,
        "type": "STRING",
        "groupby": True,
        "filterable": True,
    }


def theme() -> dict[str, Any]:
    """Return the theme of a page with a map."""
    return {"echartsOptionsOverridesByChartType": {TYPE: _options()}}


def _options() -> dict[str, Any]:
    return {
        "xAxis": {"show": False},
        "yAxis": {"show": False},
        "grid": _grid(SIDE),
        "media": [{"query": {"maxWidth": SIDE}, "option": {"grid": _grid(SMALL_SIDE)}}],
        "series": {
            "markLine": {
                "silent": True,
                "animation": False,
                "symbol": "none",
                "z": 1,
                "lineStyle": {"type": "solid", "width": 1, "color": "#8b98a5"},
                "data": [[{"coord": start}, {"coord": end}] for start, end in pairwise(outline())],
            },
        },
    }


def _grid(height: int) -> dict[str, Any]:
    width = round(height * SHRUNK * (EAST - WEST) / (NORTH - SOUTH))
    return {"width": width, "height": height, "left": "center", "top": 40, "containLabel": False}


def _metric(sql: str, label: str) -> dict[str, Any]:
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label}
