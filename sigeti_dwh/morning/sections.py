"""The subjects of the report, each read from the marts that hold it."""

from collections.abc import Callable
from datetime import date

from sigeti_dwh.morning.content import Section
from sigeti_dwh.morning.finance import aged_balance, campaigns, key_figures
from sigeti_dwh.morning.operations import cases, jobs, request_path
from sigeti_dwh.morning.reading import Reading
from sigeti_dwh.morning.zones import occupation

SUBJECTS: dict[str, Callable[[Reading, date], Section | None]] = {
    "Chiffres clés": key_figures,
    "Balance âgée": aged_balance,
    "Campagnes de recouvrement": campaigns,
    "Occupation des zones": occupation,
    "Parcours des demandes": request_path,
    "Emplois et investissements": jobs,
    "Suivi des dossiers": cases,
}


def sections(reading: Reading, today: date) -> list[Section]:
    """Return the subjects of which the reader sees something; the last names the others."""
    made = {title: subject(reading, today) for title, subject in SUBJECTS.items()}
    found = [section for section in made.values() if section is not None]
    empty = [title for title, section in made.items() if section is None]
    if empty:
        found.append(Section("Non présenté", notes=[f"Sans donnée visible : {', '.join(empty)}."]))
    return found
