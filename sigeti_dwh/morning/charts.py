"""The charts of the report, drawn by pygal as SVG that needs neither script nor style sheet."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

from sigeti_dwh.morning.french import number

COLOURS = ("#1f5f8b", "#e0a030", "#2c8a4b")
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#3c4650",
    foreground_strong="#1d2733",
    foreground_subtle="#c5ccd3",
    guide_stroke_color="#d9e0e7",
    major_guide_stroke_color="#c5ccd3",
    opacity="1",
    colors=COLOURS,
    font_family="sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
)
MILLION = 1_000_000


def horizontal_bars(values: Mapping[str, Decimal], unit: int = MILLION) -> str:
    """Return one bar a value, in millions or another unit."""
    chart = pygal.HorizontalBar(**_look(height=50 + 30 * len(values)), show_legend=False)
    # From the bottom up.
    turned = list(values.items())[::-1]
    chart.x_labels = [name for name, _ in turned]
    chart.add("", [float(value / unit) for _, value in turned])
    return _svg(chart)


def bars(labels: Sequence[str], series: Mapping[str, Sequence[Decimal]]) -> str:
    """Return groups of bars, in millions, with a legend."""
    chart = pygal.Bar(
        **_look(height=280),
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        legend_box_size=12,
        x_label_rotation=35,
    )
    chart.x_labels = labels
    for name, values in series.items():
        chart.add(name, [float(value / MILLION) for value in values])
    return _svg(chart)


def _look(height: int) -> dict[str, object]:
    return {
        "style": STYLE,
        "js": [],
        "width": 640,
        "height": height,
        "explicit_size": True,
        "print_values": False,
        "disable_xml_declaration": True,
        "truncate_label": -1,
        "truncate_legend": -1,
        "margin": 6,
        "min_scale": 3,
        "max_scale": 6,
        "value_formatter": lambda value: number(
            Decimal(repr(value)), 0 if value == round(value) else 1
        ),
    }


def _svg(chart: "pygal.graph.graph.Graph") -> str:
    chart.add_xml_filter(_without_tooltips)
    drawn: str = chart.render(is_unicode=True)
    return drawn


def _without_tooltips(root: Element) -> Element:
    """Take out what pygal's tooltips need: the page runs no script."""
    for parent in list(root.iter()):
        for child in list(parent):
            # Of a comment the tag is a function.
            name = str(child.tag).rpartition("}")[2]
            is_tooltip = "tooltip" in child.get("class", "").split()
            if callable(child.tag) or is_tooltip or name in ("script", "desc", "title"):
                parent.remove(child)
    return root
