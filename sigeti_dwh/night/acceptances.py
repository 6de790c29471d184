"""Warnings that somebody has looked at: fine until a day, or until the rows found are others."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT, Server, Settings
from sigeti_dwh.warehouse.database import connect, translated

FILE = Path("tests/avertissements_acceptes.yml")
KEYS = {"jusqu_au", "raison", "empreinte"}
HEAD = """\
# Avertissements acceptés, écrits par ./run_pipeline.sh accept TEST --until DAY --reason TEXT.
# Une entrée vaut jusqu'à son jour, tant que le test trouve les mêmes lignes (empreinte).
"""
FINGERPRINT = """
select md5(coalesce(string_agg(ligne, ',' order by ligne), ''))
from (
    -- What the publication and the numbering of changes write says nothing of the row itself.
    select md5((to_jsonb(t) - array['_insertion', '_changement', 'charge_le'])::text) as ligne
    from {} as t
) as lignes
"""
LAST = """
select distinct on (noeud) nom, etat, echecs, to_jsonb(n) ->> 'empreinte'
from dwh_meta.noeuds n
where type = 'test' and etat <> 'unchanged'
order by noeud, execution desc
"""


@dataclass(frozen=True)
class Acceptance:
    """One warning that is accepted, with the fingerprint of the rows that were looked at."""

    until: date
    reason: str
    fingerprint: str


@dataclass(frozen=True)
class Judgement:
    """Whether a warning counts as fine, and in words why, or why no more."""

    is_fine: bool
    said: str = ""
    french: str = ""


class Acceptances:
    """The accepted warnings of a project, by the name of their test."""

    def __init__(self, root: Path = ROOT) -> None:
        self.file = root / FILE
        self.known = _read(self.file)

    def check(self, tests: Collection[str]) -> None:
        """Raise UserError for an entry whose test the project does not have."""
        if unknown := sorted(self.known.keys() - set(tests)):
            raise UserError(
                f"{FILE}: there is no test {unknown[0]}.\nCorrect its name, or remove the entry."
            )

    def judge(self, test: str, fingerprint: str | None) -> Judgement:
        """Return whether the rows that a test found are accepted today."""
        entry = self.known.get(test)
        if entry is None:
            return Judgement(False)
        if entry.until < _today():
            return Judgement(
                False,
                f"accepted until {entry.until} only",
                f"accepté jusqu'au {entry.until:%d/%m/%Y} seulement",
            )
        if entry.fingerprint != fingerprint:
            return Judgement(
                False,
                "its rows are not those that were accepted",
                "ces lignes ne sont pas celles qui ont été acceptées",
            )
        return Judgement(
            True,
            f"accepted until {entry.until}: {entry.reason}",
            f"accepté jusqu'au {entry.until:%d/%m/%Y} : {entry.reason}",
        )

    def write(self, test: str, acceptance: Acceptance) -> None:
        """Accept a warning, in the place of what was said of it before."""
        self.known[test] = acceptance
        entries = {
            name: {
                "jusqu_au": entry.until,
                "raison": entry.reason,
                "empreinte": entry.fingerprint,
            }
            for name, entry in sorted(self.known.items())
        }
        text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=100)
        fresh = self.file.with_suffix(".new")
        try:
            fresh.write_text(HEAD + text, encoding="utf-8")
            fresh.replace(self.file)
        except OSError as error:
            raise UserError(f"{self.file} cannot be written: {error.strerror}.") from None


def fingerprint(warehouse: Server, relation: str) -> str:
    """Return what tells the rows that a test kept in a relation from others."""
    kept = sql.Identifier(*relation.split("."))
    with connect(warehouse) as connection:
        row = connection.execute(sql.SQL(FINGERPRINT).format(kept)).fetchone()
    assert row is not None
    return str(row[0])


def accept(settings: Settings, test: str, until: date, reason: str, root: Path = ROOT) -> str:
    """Accept what a test found last, until a day; return what was written.

    Raises UserError for a test that does not warn, a day that is past and a reason of no word.
    """
    acceptances = Acceptances(root)
    if until < _today():
        raise UserError(f"{until} is past.\nName the last day, as in --until 2027-01-31.")
    if not reason.strip():
        raise UserError("A reason is needed.\nSay why these rows may stay: --reason TEXT.")
    warnings = _warnings(settings)
    if test not in warnings:
        there = f"Warnings now: {', '.join(warnings)}." if warnings else "No test warns now."
        raise UserError(f"The test {test} does not warn, or there is none of that name.\n{there}")
    rows, found = warnings[test]
    if found is None:
        raise UserError(f"The rows of {test} are not known yet.\nRun ./run_pipeline.sh once more.")
    acceptances.write(test, Acceptance(until, reason.strip(), found))
    return f"Accepted: {test}, {rows} rows, until {until}. Commit {acceptances.file}."


def _warnings(settings: Settings) -> dict[str, tuple[int, str | None]]:
    """Return the tests that warned last, with the number of rows and their fingerprint."""
    with connect(settings.warehouse) as connection, translated(settings.warehouse):
        try:
            found = connection.execute(LAST).fetchall()
        except psycopg.errors.UndefinedTable:
            raise UserError("No night has run here yet.\nRun one: ./run_pipeline.sh") from None
    return {name: (rows, known) for name, state, rows, known in found if state == "warn"}


def _read(file: Path) -> dict[str, Acceptance]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{FILE} is not YAML: {said}.") from None
    if not isinstance(content, dict):
        raise UserError(f"{FILE} holds no entries.\nWrite them by ./run_pipeline.sh accept.")
    return {str(test): _acceptance(str(test), entry) for test, entry in content.items()}


def _acceptance(test: str, entry: Any) -> Acceptance:
    if not isinstance(entry, dict) or entry.keys() != KEYS:
        raise _mistake(test, f"it has {', '.join(sorted(KEYS))}, and nothing else")
    until, reason, found = entry["jusqu_au"], entry["raison"], entry["empreinte"]
    if not isinstance(until, date) or isinstance(until, datetime):
        raise _mistake(test, f"jusqu_au is {until!r}, no day as 2027-01-31")
    if not isinstance(reason, str) or not reason.strip():
        raise _mistake(test, "raison says nothing")
    if not re.fullmatch("[0-9a-f]{32}", str(found)):
        raise _mistake(test, f"empreinte is {found!r}, not what accept wrote")
    return Acceptance(until, reason, str(found))


def _mistake(test: str, what: str) -> UserError:
    return UserError(f"{FILE}: {test}: {what}.\nWrite it anew: ./run_pipeline.sh accept {test} …")


def _today() -> date:
    return datetime.now(UTC).date()
