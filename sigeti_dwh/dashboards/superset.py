"""Superset's bundle of assets: database, datasets with metrics, charts, dashboards.

Identifiers follow from names, so that importing again replaces what an earlier import made.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sigeti_dwh.dashboards import superset_charts, superset_layout, superset_map
from sigeti_dwh.dashboards.columns import Column
from sigeti_dwh.dashboards.specification import PERIOD, Dashboard, Mart, Panel, Specification

VERSION = "1.0.0"
DATABASE = "databases/sigeti.yaml"
NAME = "SIGETI DWH"
MASKED = "XXXXXXXXXX"
"""What stands for the password: Superset asks for it, or gets it beside the bundle."""
EXAMPLE_URI = f"postgresql+psycopg2://bi_login:{MASKED}@127.0.0.1:5432/sigeti_dwh"
THIS_YEAR = "Current year"
"""What is shown until a reader chooses another period."""
TYPES = {"text": "STRING", "date": "DATE", "integer": "INTEGER", "bigint": "BIGINT"}


def bundle(
    specification: Specification, schema: str = "dwh", uri: str = EXAMPLE_URI
) -> dict[str, Mapping[str, Any]]:
    """Return the content of each file of the bundle, by its path."""
    files: dict[str, Mapping[str, Any]] = {
        "metadata.yaml": {"version": VERSION, "type": "assets"},
        DATABASE: _database(uri),
    }
    maps = [panel for page in specification.dashboards for panel in page.panels if _is_map(panel)]
    for mart in specification.marts.values():
        levels = [superset_map.level_column(panel) for panel in maps if panel.mart is mart]
        files[f"datasets/sigeti/{mart.name}.yaml"] = _dataset(mart, levels, schema)
    if maps:
        files["themes/carte.yaml"] = _theme()
    for dashboard in specification.dashboards:
        for panel in dashboard.panels:
            files[f"charts/{dashboard.name}_{panel.name}.yaml"] = _chart(dashboard, panel)
        files[f"dashboards/{dashboard.name}.yaml"] = _dashboard(dashboard, specification)
    return files


def _identifier(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(["sigeti-dwh", *names])))


def _is_map(panel: Panel) -> bool:
    return panel.chart == "map"


def _theme() -> dict[str, Any]:
    return {
        "theme_name": "SIGETI DWH : carte",
        "json_data": superset_map.theme(),
        "uuid": _identifier("theme", "carte"),
        "version": VERSION,
    }


def _database(uri: str) -> dict[str, Any]:
    return {
        "database_name": NAME,
        "sqlalchemy_uri": uri,
        "expose_in_sqllab": True,
        "allow_dml": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": _identifier("database"),
        "version": VERSION,
    }


def _dataset(mart: Mart, levels: Sequence[dict[str, Any]], schema: str) -> dict[str, Any]:
    return {
        "table_name": mart.name,
        "schema": f"{schema}_{mart.schema}",
        "description": mart.label,
        "main_dttm_col": mart.filters.get(PERIOD),
        "filter_select_enabled": True,
        "columns": [*(_column(column) for column in mart.columns.values()), *levels],
        "metrics": [
            {
                "metric_name": measure.name,
                "verbose_name": superset_charts.label(measure),
                "expression": measure.sql,
                "d3format": superset_charts.number_format(measure),
            }
            for measure in mart.measures.values()
        ],
        "uuid": _identifier("dataset", mart.name),
        "database_uuid": _identifier("database"),
        "version": VERSION,
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "verbose_name": column.label,
        "is_dttm": column.is_temporal,
        "is_active": True,
        "type": TYPES.get(column.data_type, column.data_type.upper()),
        "groupby": True,
        "filterable": True,
    }


def _chart(dashboard: Dashboard, panel: Panel) -> dict[str, Any]:
    kind = superset_charts.TYPES[panel.chart]
    return {
        "slice_name": superset_charts.title(panel),
        "viz_type": kind,
        "params": {"viz_type": kind, **superset_charts.parameters(panel)},
        "uuid": _identifier("chart", dashboard.name, panel.name),
        "dataset_uuid": _identifier("dataset", panel.mart.name),
        "version": VERSION,
    }


def _dashboard(dashboard: Dashboard, specification: Specification) -> dict[str, Any]:
    charts = [
        (number, _identifier("chart", dashboard.name, panel.name), panel)
        for number, panel in enumerate(dashboard.panels, start=1)
    ]
    has_map = any(map(_is_map, dashboard.panels))
    return {
        "dashboard_title": dashboard.title,
        "slug": dashboard.name,
        "published": True,
        "css": superset_layout.STYLE,
        "position": superset_layout.position(dashboard.title, charts),
        "metadata": {
            "cross_filters_enabled": True,
            "filter_bar_orientation": "HORIZONTAL",
            "color_scheme": "supersetColors",
            "label_colors": superset_map.COLOURS if has_map else {},
            "native_filter_configuration": [
                _filter(word, dashboard, specification) for word in dashboard.filters
            ],
        },
        "uuid": _identifier("dashboard", dashboard.name),
        **({"theme_uuid": _identifier("theme", "carte")} if has_map else {}),
        "version": VERSION,
    }


def _filter(word: str, dashboard: Dashboard, specification: Specification) -> dict[str, Any]:
    mart = next(panel.mart for panel in dashboard.panels if word in panel.mart.filters)
    target = {
        "datasetUuid": _identifier("dataset", mart.name),
        "column": {"name": mart.filters[word]},
    }
    period = THIS_YEAR if word == PERIOD and not dashboard.whole_time else None
    return {
        "id": f"NATIVE_FILTER-{dashboard.name}-{word}",
        "name": specification.filters[word],
        "type": "NATIVE_FILTER",
        "filterType": "filter_time" if word == PERIOD else "filter_select",
        "targets": [{}] if word == PERIOD else [target],
        "controlValues": {"multiSelect": True, "enableEmptyFilter": False},
        "defaultDataMask": {
            "extraFormData": {"time_range": period} if period else {},
            "filterState": {"value": period} if period else {},
        },
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "cascadeParentIds": [],
    }
