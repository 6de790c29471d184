"""Where the charts of a Superset dashboard stand."""

from collections.abc import Sequence
from typing import Any

from sigeti_dwh.dashboards import superset_map
from sigeti_dwh.dashboards.layout import rows
from sigeti_dwh.dashboards.specification import Panel
from sigeti_dwh.dashboards.superset_charts import title

HEIGHTS = {"number": 16, "line": 45, "map": superset_map.HEIGHT}
"""In Superset's units of 8 pixels."""
BARS_HEIGHT, BAR_HEIGHT = 18, 3
TABLE_HEIGHT, ROW_HEIGHT, HIGHEST_TABLE = 20, 3.5, 60
STYLE = """\
.dt-is-null { font-size: 0; }
.dt-is-null::after { content: "—"; font-size: 12px; }
.superset-legacy-chart-big-number .header-line { font-size: 19px !important; }
@media (max-width: 767px) {
  .grid-row { flex-wrap: wrap !important; row-gap: 16px; }
  .superset-legacy-chart-big-number .header-line { font-size: 15px !important; }
  [data-test-viz-type=big_number_total] [data-test=slice-header] {
    font-size: 13px; line-height: 1.2;
  }
  .grid-row > .dragdroppable-column { width: 45%; flex-grow: 1; }
  .header-controls, [data-test=metadata-bar], [data-test=edit-dashboard-button],
  .title-panel .ant-tag { display: none !important; }
  .title-panel input { min-width: 200px !important; }
  [data-test=filter-bar] > div { flex-wrap: wrap; }
  [data-test=filterbar-action-buttons] { flex-basis: 100%; }
  body, .dashboard, .dashboard-content { min-width: 0 !important; overflow-x: hidden; }
  .grid-row .resizable-container { width: 100% !important; max-width: 100% !important; }
}
@media print {
  @page { size: A4 landscape; margin: 8mm; }
  #main-menu, .ant-menu, [data-test=edit-dashboard-button], [data-test=actions-trigger],
  [data-test=filterbar-action-buttons], .header-controls { display: none !important; }
  .dashboard, .dashboard-content, .grid-content, .grid-container {
    width: max-content !important; max-width: none !important;
  }
  html, body, #app { overflow: visible !important; }
  .dashboard-component-chart-holder { break-inside: avoid; }
}
"""
"""A number as large as its neighbours; on a narrow screen two in a row instead of six.

On paper a page keeps the width that it has on the screen, to which its charts are drawn: the
browser shrinks it.
"""


def position(heading: str, charts: Sequence[tuple[int, str, Panel]]) -> dict[str, Any]:
    """Return the tree of a page: rows of charts, each given by its number and identifier."""
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": heading}},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
    }
    numbers = {panel.name: (number, identifier) for number, identifier, panel in charts}
    for place, row in enumerate(rows(panel for _, _, panel in charts), start=1):
        row_name = f"ROW-{place}"
        tree["GRID_ID"]["children"].append(row_name)
        height = max(map(_height, row))
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
                    "sliceName": title(panel),
                    "width": panel.width,
                    "height": height,
                },
            }
    return tree


def _height(panel: Panel) -> int:
    if panel.chart in ("table", "rows"):
        return min(HIGHEST_TABLE, round(TABLE_HEIGHT + ROW_HEIGHT * panel.limit))
    return HEIGHTS.get(panel.chart) or BARS_HEIGHT + BAR_HEIGHT * panel.limit
