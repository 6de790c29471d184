"""The parameters of Superset's charts, and its number formats.

`$` in a D3 format puts the currency of superset_config.py behind the number: FCFA.
"""

import json
from collections.abc import Iterator
from typing import Any

from sigeti_dwh.dashboards import superset_map
from sigeti_dwh.dashboards.specification import PERIOD, Measure, Panel

TYPES = {
    "number": "big_number_total",
    "line": "echarts_timeseries_line",
    "bars": "echarts_timeseries_bar",
    "stacked": "echarts_timeseries_bar",
    "table": "table",
    "rows": "table",
    "map": superset_map.TYPE,
}
FORMATS = {"FCFA": "$,.0f", "%": ",.1%", "jours": ",.1f", "heures": ",.1f"}
IN_LABEL = ("m²", "jours", "heures")
"""Units that no number format can write."""
DAY = "%d/%m/%Y"
MOMENT = f"{DAY} %H:%M"
TABLE = {
    "page_length": 0,
    "show_cell_bars": False,
    "allow_rearrange_columns": False,
}


def number_format(measure: Measure) -> str | None:
    """Return the D3 format of a measure; None for what is not a number."""
    return None if measure.unit == "date" else FORMATS.get(measure.unit, ",.0f")


def label(measure: Measure) -> str:
    """Return what names a measure in tables and legends."""
    return f"{measure.label} ({measure.unit})" if measure.unit in IN_LABEL else measure.label


def title(panel: Panel) -> str:
    """Return what stands above a chart."""
    return label(panel.measures[0]) if panel.chart == "number" else panel.title


def parameters(panel: Panel) -> dict[str, Any]:
    """Return the parameters of a panel's chart, its type apart."""
    return _PARAMETERS[panel.chart](panel) | {"adhoc_filters": list(_filters(panel))}


def _filters(panel: Panel) -> Iterator[dict[str, Any]]:
    if (period := panel.mart.filters.get(PERIOD)) is not None:
        yield {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": period,
            "operator": "TEMPORAL_RANGE",
            "comparator": "No filter",
        }
    if panel.where is not None:
        yield _sql_filter(panel.where)
    if panel.chart == "map":
        yield _sql_filter("longitude is not null")


def _sql_filter(condition: str) -> dict[str, Any]:
    return {"clause": "WHERE", "expressionType": "SQL", "sqlExpression": condition}


def _number(panel: Panel) -> dict[str, Any]:
    (measure,) = panel.measures
    if measure.unit == "date":
        return {
            "metric": measure.name,
            "force_timestamp_formatting": True,
            "time_format": MOMENT,
        }
    return {
        "metric": measure.name,
        "y_axis_format": number_format(measure),
    }


def _line(panel: Panel) -> dict[str, Any]:
    assert panel.by is not None
    by_month = panel.by.name.endswith("mois")
    return _axes(panel) | {
        "time_grain_sqla": "P1M" if by_month else "P1D",
        "x_axis_time_format": "%b %Y" if by_month else "%d %b",
        "tooltipTimeFormat": "%B %Y" if by_month else DAY,
        "rich_tooltip": True,
    }


def _bars(panel: Panel) -> dict[str, Any]:
    return _axes(panel) | {
        "orientation": "horizontal",
        "stack": "Stack" if panel.chart == "stacked" else None,
        "x_axis_sort": panel.measures[0].name,
        "x_axis_sort_asc": True,
        "xAxisForceCategorical": True,
        "show_value": True,
    }


def _axes(panel: Panel) -> dict[str, Any]:
    assert panel.by is not None
    return {
        "x_axis": panel.by.name,
        "metrics": [measure.name for measure in panel.measures],
        "groupby": [],
        "row_limit": panel.limit,
        "order_desc": True,
        "y_axis_format": number_format(panel.measures[0]),
        "show_legend": len(panel.measures) > 1,
        "legendOrientation": "top",
        "legendType": "scroll",
    }


def _table(panel: Panel) -> dict[str, Any]:
    assert panel.by is not None
    adds_up = all(measure.unit != "date" for measure in panel.measures)
    return {
        "query_mode": "aggregate",
        "groupby": [panel.by.name],
        "metrics": [measure.name for measure in panel.measures],
        "timeseries_limit_metric": _order(panel),
        "order_desc": panel.ordered_by is None,
        "row_limit": panel.limit,
        **TABLE,
        "table_timestamp_format": MOMENT,
        "show_totals": panel.has_total and adds_up,
    }


def _order(panel: Panel) -> str | dict[str, Any]:
    if panel.ordered_by is None:
        return panel.measures[0].name
    return {
        "expressionType": "SQL",
        "sqlExpression": f"min({panel.ordered_by.name})",
        "label": panel.ordered_by.label,
    }


def _rows(panel: Panel) -> dict[str, Any]:
    assert panel.sorted_by is not None
    return {
        "query_mode": "raw",
        "all_columns": [column.name for column in panel.columns],
        "order_by_cols": [json.dumps([panel.sorted_by.name, False])],
        "row_limit": panel.limit,
        "server_page_length": panel.limit,
        **TABLE,
        "table_timestamp_format": DAY,
        "column_config": {
            column.name: {"d3NumberFormat": f",.{column.decimals}f"}
            for column in panel.columns
            if column.is_number
        },
    }


_PARAMETERS = {
    "number": _number,
    "line": _line,
    "bars": _bars,
    "stacked": _bars,
    "table": _table,
    "rows": _rows,
    "map": superset_map.parameters,
}
