"""What the morning report says, the same for the page and the PDF: its texts are final."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """One key figure."""

    label: str
    value: str
    details: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """Rows of texts below their headers; all columns but the first `texts` hold numbers."""

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1


def filled(*tables: Table) -> list[Table]:
    """Return the tables that have rows."""
    return [table for table in tables if table.rows]


@dataclass(frozen=True)
class Drawing:
    """A picture as SVG, and what it shows in words."""

    caption: str
    svg: str
    is_map: bool = False


@dataclass(frozen=True)
class Section:
    """One subject; its notes say what a reader must know of its figures."""

    title: str
    tiles: Sequence[Tile] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """The whole report."""

    title: str
    data_of: str
    zones: str
    """Whose figures these are."""
    sections: Sequence[Section]
