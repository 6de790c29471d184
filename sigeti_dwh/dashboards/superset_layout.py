"""Where the charts of a Superset dashboard stand."""

from collections.abc import Sequence
from typing import Any

from sigeti_dwh.dashboards.layout import rows
from sigeti_dwh.dashboards.specification import Panel

HEIGHTS = {"number": 16, "table": 60}
"""In Superset's units of 8 pixels."""
NARROW = ""


def position(title: str, charts: Sequence[tuple[int, str, Panel]]) -> dict[str, Any]:
    """Return the tree of a page: rows of charts, each given by its number and identifier."""
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
    }
    numbers = {panel.name: (number, identifier) for number, identifier, panel in charts}
    for place, row in enumerate(rows(panel for _, _, panel in charts), start=1):
        row_name = f"ROW-{place}"
        tree["GRID_ID"]["children"].append(row_name)
        height = max(HEIGHTS.get(panel.chart, 45) for panel in row)
        tree[row_name] = {
            "id": row_name,
            "type": "ROW",
            "children": [f"CHART-{panel.name}" for panel in row],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for panel in row:
            number, identifier = numbers[panel.name]
            name = f"CHART-{panel.name}"
            tree[name] = {
                "id": name,
                "type": "CHART",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row_name],
                "meta": {
                    "chartId": number,
                    "uuid": identifier,
                    "sliceName": panel.title,
                    "width": panel.width,
                    "height": height,
                },
            }
    return tree
