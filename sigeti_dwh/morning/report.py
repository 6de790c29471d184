"""The report of a reader: what it says, and its files."""

from collections.abc import Sequence
from pathlib import Path

from sigeti_dwh.folders import REPORT_PAGE, write_private
from sigeti_dwh.morning.content import Report
from sigeti_dwh.morning.french import minute
from sigeti_dwh.morning.pages import as_html, as_pdf
from sigeti_dwh.morning.reading import Reading
from sigeti_dwh.morning.sections import sections
from sigeti_dwh.readers.published import published_marts
from sigeti_dwh.settings import Settings

TITLE = "Rapport du matin des zones industrielles"


def gather(settings: Settings, user: str | None = None, zones: Sequence[int] = ()) -> Report:
    """Return what the report says to a login, or of some zones; of all to the owner without both.

    Raises UserError when nothing is published, or the login cannot be read as.
    """
    with published_marts(settings, user) as marts:
        reading = Reading(marts, zones, user)
        published = reading.publication()
        while True:
            whose = _whose(reading) if user is not None or zones else "Toutes les zones."
            report = Report(
                TITLE, minute(published.data_of), whose, sections(reading, published.today)
            )
            # On Spark another publication can begin between two queries.
            before, published = published, reading.publication()
            if published == before:
                return report


def _whose(reading: Reading) -> str:
    seen = reading.rows(
        "select nom_zone from {mart_occupation_zones} where {of_zones} order by nom_zone"
    )
    return f"Zones visibles : {', '.join(row['nom_zone'] for row in seen) or 'aucune'}."


def write(report: Report, page: Path = REPORT_PAGE, pdf: Path | None = None) -> list[Path]:
    """Write the page and the PDF, beside it unless named; return both, for their owner alone."""
    files: dict[Path, str | bytes] = {
        page: as_html(report),
        pdf or page.with_suffix(".pdf"): as_pdf(report),
    }
    for path, content in files.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, content)
    return list(files)
