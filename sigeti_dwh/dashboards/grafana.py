"""Grafana dashboards: one JSON model a dashboard, each panel with its own SQL.

Grafana writes numbers as the browser's language does under the unit `locale` only, which knows no
suffix: there the unit stands in the label. Its maps need a server of tiles: a map is a table here.
"""

from collections.abc import Iterator
from typing import Any

from sigeti_dwh.dashboards.columns import Column
from sigeti_dwh.dashboards.layout import rows
from sigeti_dwh.dashboards.specification import (
    GRID,
    PERIOD,
    Dashboard,
    Measure,
    Panel,
    Specification,
)

DATASOURCE = {"type": "grafana-postgresql-datasource", "uid": "sigeti-dwh"}
ABSENT = "Non renseigné"
TYPES = {
    "number": "stat",
    "line": "timeseries",
    "bars": "barchart",
    "stacked": "barchart",
    "table": "table",
    "rows": "table",
    "map": "table",
}
HEIGHTS = {"number": 4, "table": 10, "rows": 10, "map": 10}
COLUMNS = 24
WHOLE_TIME = {"from": "now-20y", "to": "now"}


def dashboards(specification: Specification, schema: str = "dwh") -> dict[str, dict[str, Any]]:
    """Return the JSON model of each dashboard, by its name."""
    return {
        dashboard.name: _model(dashboard, specification, schema)
        for dashboard in specification.dashboards
    }


def _model(dashboard: Dashboard, specification: Specification, schema: str) -> dict[str, Any]:
    by_period = PERIOD in dashboard.filters
    return {
        "uid": _uid(dashboard),
        "title": dashboard.title,
        "tags": ["sigeti"],
        "editable": False,
        "schemaVersion": 39,
        "time": WHOLE_TIME if dashboard.whole_time else {"from": "now/y", "to": "now/y"},
        "timepicker": {"hidden": not by_period},
        "timezone": "utc",
        "links": [
            {"type": "dashboards", "title": "SIGETI", "tags": ["sigeti"], "asDropdown": True}
        ],
        "templating": {
            "list": [
                _variable(word, dashboard, specification, schema)
                for word in dashboard.filters
                if word != PERIOD
            ]
        },
        "panels": list(_panels(dashboard, schema)),
    }


def _uid(dashboard: Dashboard) -> str:
    return f"sigeti-{dashboard.name}"


def _variable(
    word: str, dashboard: Dashboard, specification: Specification, schema: str
) -> dict[str, Any]:
    mart = next(panel.mart for panel in dashboard.panels if word in panel.mart.filters)
    value = _value(mart.columns[mart.filters[word]])
    query = f"select distinct {value} from {schema}_{mart.schema}.{mart.name} order by 1"
    return {
        "name": word,
        "label": specification.filters[word],
        "type": "query",
        "datasource": DATASOURCE,
        "query": query,
        "definition": query,
        "refresh": 1,
        "multi": True,
        "includeAll": True,
        "current": {"selected": True, "text": ["Tous"], "value": ["$__all"]},
    }


def _panels(dashboard: Dashboard, schema: str) -> Iterator[dict[str, Any]]:
    top, number = 0, 0
    for row in rows(dashboard.panels):
        left, height = 0, max(HEIGHTS.get(panel.chart, 9) for panel in row)
        for panel in row:
            number += 1
            width = panel.width * COLUMNS // GRID
            yield {
                "id": number,
                "title": panel.title if panel.chart != "number" else _label(panel.measures[0]),
                "type": TYPES[panel.chart],
                "datasource": DATASOURCE,
                "gridPos": {"x": left, "y": top, "w": width, "h": height},
                "targets": [
                    {
                        "refId": "A",
                        "datasource": DATASOURCE,
                        "format": "time_series" if panel.chart == "line" else "table",
                        "rawQuery": True,
                        "editorMode": "code",
                        "rawSql": panel_sql(panel, dashboard.filters, schema),
                    }
                ],
                "fieldConfig": {
                    "defaults": {"noValue": "—"},
                    "overrides": [
                        *map(_format, panel.measures),
                        *(
                            _written(column.label, "locale", column.decimals)
                            for column in panel.columns
                            if column.is_number
                        ),
                        *_links(panel, dashboard),
                    ],
                },
                "options": _options(panel),
            }
            left += width
        top += height


def panel_sql(panel: Panel, filters: tuple[str, ...], schema: str) -> str:
    """Return a panel's query, with Grafana's macros and variables in it."""
    mart = panel.mart
    select, tail = [], []
    if panel.by is not None:
        name = "time" if panel.chart == "line" else panel.by.label
        select.append(f'{_value(panel.by)} as "{name}"')
        order = "1" if panel.by.is_temporal else "2 desc nulls last, 1"
        if panel.ordered_by is not None:
            order = f"min({panel.ordered_by.name})"
        tail = ["group by 1", f"order by {order}", f"limit {panel.limit}"]
    for column in panel.columns:
        value = _value(column) if column.data_type == "text" else column.name
        select.append(f'{value} as "{column.label}"')
    if panel.sorted_by is not None:
        tail = [f"order by {panel.sorted_by.name} desc", f"limit {panel.limit}"]
    for measure in panel.measures:
        sql = f"100 * {measure.sql}" if measure.unit == "%" else measure.sql
        select.append(f'{sql} as "{_label(measure)}"')
    if panel.coloured_by is not None:
        select.append(f'min({panel.coloured_by.name}) as "{panel.coloured_by.label}"')
    conditions = [
        f"$__timeFilter({mart.filters[word]})"
        if word == PERIOD
        else f"{_value(mart.columns[mart.filters[word]])} in (${{{word}:sqlstring}})"
        for word in filters
        if word in mart.filters
    ]
    if panel.where is not None:
        conditions.append(panel.where)
    where = [f"where {' and '.join(conditions)}"] if conditions else []
    source = f"from {schema}_{mart.schema}.{mart.name}"
    return "\n".join([f"select {', '.join(select)}", source, *where, *tail])


def _value(column: Column) -> str:
    if column.is_temporal:
        return column.name
    text = column.name if column.data_type == "text" else f"cast({column.name} as text)"
    # An expression hides from the planner how many rows have which value.
    return text if column.is_required else f"coalesce({text}, '{ABSENT}')"


def _label(measure: Measure) -> str:
    unit = measure.unit if measure.unit != "date" else ""
    return f"{measure.label} ({unit})" if unit else measure.label


def _format(measure: Measure) -> dict[str, Any]:
    decimals = 1 if measure.unit in ("%", "jours", "heures") else 0
    unit = "dateTimeAsLocal" if measure.unit == "date" else "locale"
    return _written(_label(measure), unit, decimals)


def _written(label: str, unit: str, decimals: int) -> dict[str, Any]:
    return {
        "matcher": {"id": "byName", "options": label},
        "properties": [{"id": "unit", "value": unit}, {"id": "decimals", "value": decimals}],
    }


def _links(panel: Panel, dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    """Let the name of a zone lead to the same page of that zone alone: its enterprises."""
    if panel.drill is None or panel.by is None:
        return
    others = [word for word in dashboard.filters if word not in (PERIOD, panel.drill)]
    arguments = [
        "${__url_time_range}",
        f"var-{panel.drill}=${{__value.text:percentencode}}",
        *(f"${{{word}:queryparam}}" for word in others),
    ]
    url = f"/d/{_uid(dashboard)}?{'&'.join(arguments)}"
    yield {
        "matcher": {"id": "byName", "options": panel.by.label},
        "properties": [{"id": "links", "value": [{"title": "Voir le détail", "url": url}]}],
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.chart == "number":
        return {
            "colorMode": "none",
            "graphMode": "none",
            # Without fields Grafana takes numbers only, which a date is not.
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/"},
        }
    if panel.chart in ("bars", "stacked"):
        assert panel.by is not None
        return {
            "orientation": "horizontal",
            "xField": panel.by.label,
            "stacking": "normal" if panel.chart == "stacked" else "none",
            "legend": {"displayMode": "list", "placement": "bottom"},
        }
    return {}
