"""What the warehouse's own records say: last nights, when each object was made and published."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.areas import LOADS, areas_on
from sigeti_dwh.monitor.findings import RUN, Finding, Level, monitor
from sigeti_dwh.monitor.objects import Measure
from sigeti_dwh.night.acceptances import Acceptances, Judgement
from sigeti_dwh.settings import ROOT, read_variables

MADE = """
select n.nom, greatest(max(coalesce(e.fin, e.debut)), (
    -- It found that all nodes stand as the last run left them.
    select max(fin) from dwh_meta.executions
    where options = 'look' and etat = 'réussie'
        and fin < current_timestamp + interval '10 minutes'
))
from dwh_meta.noeuds n
join dwh_meta.executions e using (execution)
where n.etat in ('success', 'pass', 'unchanged') and n.type in ('model', 'snapshot')
    and coalesce(e.fin, e.debut) < current_timestamp + interval '10 minutes'
group by n.nom
"""
LOADED = """
select max(fin) from {} where fin < current_timestamp + interval '10 minutes'
"""
TOLERATED = timedelta(minutes=10)
"""What two machines' clocks may differ by."""
NIGHTS = """
select execution, debut, fin, etat, message, revision, options
from dwh_meta.executions
order by execution desc
limit %s
"""
# Of the nights before one that ended well and did as much as it.
USUAL = """
select
    count(*),
    percentile_cont(0.5) within group (order by extract(epoch from fin - debut))
from dwh_meta.executions
where execution < %s and options = %s and etat = 'réussie'
"""
# The newest result of each test since the last whole night that ended well: one that a part of a
# night did not run keeps its last, one that the project has no more is forgotten.
TESTS = """
select distinct on (noeud) nom, etat, echecs, relation, message, to_jsonb(n) ->> 'empreinte'
from dwh_meta.noeuds n
where type = 'test' and execution >= coalesce((
    select max(execution) from dwh_meta.executions
    where etat = 'réussie' and options like '%select=None'
), 0)
order by noeud, execution desc
"""


@dataclass(frozen=True)
class Night:
    """One run, as it recorded itself."""

    number: int
    began: datetime
    ended: datetime | None
    state: str
    message: str | None
    revision: str | None
    options: str = ""
    """What it was asked to do."""

    @property
    def seconds(self) -> float | None:
        """Return how long it took, None while it is at work or when it left no word."""
        return (self.ended - self.began).total_seconds() if self.ended else None


def freshness_relations(prefix: str, areas: Iterable[str]) -> list[str]:
    """Return the relations that say when each mart was published, of SIGETI and of areas."""
    own = f"{prefix}_marts_operationnel.fraicheur"
    return [own, *(f"{prefix}_marts_{area}.fraicheur_{area}" for area in areas)]


def with_times(
    connection: psycopg.Connection[Any], prefix: str, measures: Sequence[Measure]
) -> list[Measure]:
    """Return the measures with when each object was last brought up to date, and published.

    A night that finds nothing to write leaves no row to tell it: its record does. What lies in the
    future says nothing of now: a clock was ahead.
    """
    now = datetime.now(UTC) + TOLERATED
    made = dict(rows(connection, MADE))
    areas = areas_on(read_variables())
    loads = {"raw_sigeti": ("dwh_meta", "chargements")}
    loads |= {f"raw_{area}": (f"raw_{area}", LOADS) for area in areas}
    loaded = {
        schema: rows(connection, sql.SQL(LOADED).format(sql.Identifier(*table)))
        for schema, table in loads.items()
    }
    published: dict[str, datetime] = {}
    for relation in freshness_relations(prefix, areas):
        query = sql.SQL("select mart, publie_le from {}").format(
            sql.Identifier(*relation.split("."))
        )
        published |= dict(rows(connection, query))
    completed = []
    for one in measures:
        schema, _, name = one.name.partition(".")
        if one.layer == "raw":
            ((last,),) = loaded.get(schema) or [(None,)]
        else:
            last = made.get(name)
        known = [one.loaded, last]
        completed.append(
            replace(
                one,
                loaded=max((moment for moment in known if moment and moment < now), default=None),
                published=published.get(name) if one.layer == "marts" else None,
            )
        )
    return completed


def last_nights(connection: psycopg.Connection[Any], number: int) -> list[Night]:
    """Return the last runs, the newest first; none when none is recorded or may be read."""
    return [Night(*row) for row in rows(connection, NIGHTS, [number])]


def usual_seconds(connection: psycopg.Connection[Any], night: Night) -> tuple[int, float] | None:
    """Return the number of earlier nights like this one and how long they took, by their median."""
    found = rows(connection, USUAL, [night.number, night.options])
    number, median = found[0] if found else (0, None)
    return None if median is None else (number, float(median))


def judge_runs(connection: psycopg.Connection[Any], root: Path = ROOT) -> list[Finding]:
    """Say whether the last night failed, and which tests found rows, and where these are."""
    found = []
    ended = [night for night in last_nights(connection, 10) if night.state != "en cours"]
    if ended and ended[0].state != "réussie":
        said = first_line(ended[0].message) or "it left no word"
        state = "interrupted" if ended[0].state == "interrompue" else "failed"
        found.append(
            Finding(
                "critical",
                f"night {ended[0].number}",
                f"{state}: {said}",
                f"{ended[0].state} : {first_line(ended[0].message) or 'sans un mot'}",
                "run",
                RUN,
            )
        )
    acceptances = Acceptances(root)
    for name, state, failures, relation, message, fingerprint in rows(connection, TESTS):
        if state not in ("warn", "fail", "error"):
            continue
        judged = acceptances.judge(name, fingerprint) if state == "warn" else Judgement(False)
        level: Level = (
            "critical" if state != "warn" else "accepted" if judged.is_fine else "warning"
        )
        said = f"; {judged.said}" if judged.said else ""
        more = f" ; {judged.french}" if judged.french else ""
        kept = bool(failures and relation)
        found.append(
            Finding(
                level,
                f"test {name}",
                (
                    f"{failures} row{'s' * (failures > 1)}, kept in {relation}"
                    if kept
                    else f"{state}: {message}"
                )
                + said,
                (f"{failures} lignes, gardées dans {relation}" if kept else f"{state} : {message}")
                + more,
                "test",
                monitor("rows", relation.replace('"', "")) if kept else RUN,
            )
        )
    return found


def first_line(text: str | None) -> str:
    """Return the first line of a message that says something, empty when there is none."""
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")


def rows(
    connection: psycopg.Connection[Any],
    query: str | sql.Composed,
    arguments: Sequence[Any] | None = None,
) -> list[tuple[Any, ...]]:
    """Return a query's rows; none when the records are not there or not for this role."""
    try:
        return connection.execute(query, arguments).fetchall()
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.InsufficientPrivilege,
    ):
        return []
