"""A survey as one French page: no request leaves it, charts are SVG, light and dark, printable."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import Element

import pygal
from jinja2 import Environment
from markupsafe import Markup
from pygal.style import Style

from sigeti_dwh.monitor.history import Seen, daily
from sigeti_dwh.monitor.objects import MEASURED, Measure
from sigeti_dwh.monitor.reconciliation import FRENCH
from sigeti_dwh.monitor.survey import Survey

TEMPLATE = Path(__file__).with_name("page.html")
SPACE = "\u202f"
LAYER_NAMES = {
    "raw": "Copies de la source",
    "reference": "Référence",
    "staging": "Préparation des données",
    "snapshots": "Historique",
    "dimensions": "Dimensions",
    "facts": "Faits",
    "preparation": "Marts en préparation",
    "marts": "Marts publiés",
}
KIND_NAMES = {"table": "table", "view": "vue", "materialized view": "vue matérialisée"}
VERDICTS = {"fine": "Tout va bien", "warning": "À surveiller", "critical": "Problème grave"}
FINDING_NAMES = {
    "access": "accès",
    "freshness": "fraîcheur",
    "volume": "volume",
    "schema": "schéma",
    "run": "exécution",
    "test": "contrôle",
    "reconciliation": "concordance",
}
LEVELS = {"accepted": "Accepté", "warning": "Avertissement", "critical": "Grave"}
# Colours that hold on a light and on a dark page.
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#7a8794",
    foreground_strong="#7a8794",
    foreground_subtle="#7a8794",
    colors=("#2f7fb5",),
    font_family="sans-serif",
    label_font_size=12,
    major_label_font_size=12,
    value_font_size=13,
)
DRAWN_DAYS = 60


def as_page(survey: Survey) -> str:
    """Return the page, with charts of the sizes by layer and of the rows of each fact by day."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "number": french_number,
        "amount": french_amount,
        "size": french_size,
        "minute": french_minute,
        "day": lambda day: f"{day:%d/%m/%Y}" if day else "–",
    }
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    layers = [
        (LAYER_NAMES[layer], here)
        for layer in MEASURED
        if (here := [one for one in survey.measures if one.layer == layer])
    ]
    return template.render(
        survey=survey,
        layers=layers,
        verdict=VERDICTS[survey.verdict],
        levels=LEVELS,
        kinds_of_finding=FINDING_NAMES,
        kinds=KIND_NAMES,
        french=FRENCH,
        sizes=_sizes(layers),
        curves=[(name, chart) for name, chart in _curves(survey)],
    )


def french_number(value: int | None) -> str:
    """Return a number as a French reader writes it: 1 234 567."""
    return "?" if value is None else f"{value:,}".replace(",", SPACE)


def french_amount(value: Decimal | None) -> str:
    """Return an amount as a French reader writes it, its cents only where there are some."""
    if value is None:
        return "?"
    whole, cents = divmod(abs(value), 1)
    text = french_number(int(whole)) + (f",{round(cents * 100):02}" if cents else "")
    return f"-{text}" if value < 0 else text


def french_size(value: int | None) -> str:
    """Return bytes in their largest unit: 1,2 Mo."""
    if value is None:
        return "–"
    amount, unit = float(value), "o"
    for larger in ("ko", "Mo", "Go", "To"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    digits = 0 if unit == "o" else 1
    return f"{amount:.{digits}f}".replace(".", ",") + f"{SPACE}{unit}"


def french_minute(moment: datetime | None) -> str:
    """Return a moment to the minute, in UTC, which Abidjan keeps."""
    return f"{moment:%d/%m/%Y %H:%M}" if moment else "–"


def _sizes(layers: Sequence[tuple[str, Sequence[Measure]]]) -> Markup:
    sizes = [sum(one.size or 0 for one in here) for _, here in layers]
    look = _look(height=30 + 28 * len(layers)) | {"show_x_labels": False}
    chart = pygal.HorizontalBar(**look)
    chart.value_formatter = french_size
    chart.x_labels = [
        f"{name} : {french_size(size)}" for (name, _), size in zip(layers, sizes, strict=True)
    ]
    chart.add("", sizes)
    return _svg(chart)


def _curves(survey: Survey) -> list[tuple[str, Markup]]:
    curves = []
    for one in survey.measures:
        days = daily(survey.seen.get(one.name, []))[-DRAWN_DAYS:]
        if one.layer == "facts" and len(days) > 1:
            curves.append((one.name, _curve(days)))
    return curves


def _curve(days: Sequence[Seen]) -> Markup:
    chart = pygal.Line(**_look(height=170), show_dots=len(days) < 15)
    chart.value_formatter = lambda value: french_number(round(value))
    chart.x_labels = [f"{day.moment:%d/%m}" for day in days]
    chart.x_labels_major_count = 6
    chart.show_minor_y_labels = False
    chart.y_labels_major_count = 4
    chart.add("", [day.rows for day in days])
    return _svg(chart)


def _look(height: int) -> dict[str, object]:
    return {
        "style": STYLE,
        "js": [],
        "width": 480,
        "height": height,
        "show_legend": False,
        "print_values": False,
        "disable_xml_declaration": True,
        "show_minor_x_labels": False,
        "truncate_label": -1,
        "margin": 8,
    }


def _svg(chart: "pygal.graph.graph.Graph") -> Markup:
    chart.add_xml_filter(_without_scripts)
    return Markup(chart.render(is_unicode=True))


def _without_scripts(root: Element) -> Element:
    """Take out what pygal's tooltips need: the page runs no script."""
    for parent in root.iter():
        for script in parent.findall("{*}script"):
            parent.remove(script)
    return root
