"""Where each panel stands: from left to right, in rows as wide as the page."""

from collections.abc import Iterable, Iterator

from sigeti_dwh.dashboards.specification import GRID, Panel


def rows(panels: Iterable[Panel]) -> Iterator[list[Panel]]:
    """Yield the panels of each row."""
    row: list[Panel] = []
    for panel in panels:
        if row and sum(other.width for other in row) + panel.width > GRID:
            yield row
            row = []
        row.append(panel)
    if row:
        yield row
