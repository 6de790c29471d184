"""A look whether there is anything to do: without dbt and Prefect, whose imports cost the most."""

import hashlib
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from sigeti_dwh.alerts.thresholds import FILE as THRESHOLDS
from sigeti_dwh.areas import LOADS
from sigeti_dwh.errors import BusyError, NoNightError, RetryableError, UserError
from sigeti_dwh.load.night_load import load
from sigeti_dwh.morning.country import FILE as OUTLINE
from sigeti_dwh.night.acceptances import FILE as ACCEPTED
from sigeti_dwh.night.run_log import LOOK, RunLog
from sigeti_dwh.settings import ROOT, Settings
from sigeti_dwh.warehouse.database import connect

CODE = ("models", "macros", "snapshots", "tests/dbt", "sigeti_dwh", "prefect")
SUFFIXES = (".py", ".sql", ".yml", ".md")
FILES = (
    "dbt_project.yml",
    "profiles.example.yml",
    "requirements.lock",
    str(ACCEPTED),
    str(THRESHOLDS),
    str(OUTLINE),
)


def nothing_changed_since(settings: Settings) -> datetime | None:
    """Return the end of the last run when neither source, project, warehouse nor day changed since.

    The look is then recorded as a run, and the source as read. None when there is something to do,
    or when only a run can tell: whatever fails here, the run meets again. Raises BusyError when
    another run is at work.
    """
    if settings.spark is not None:
        # No change is numbered there.
        return None
    code = code_version(settings)
    try:
        with connect(settings.warehouse, autocommit=True) as connection:
            if RunLog.stands(connection, settings.schema, code) is None:
                return None
        with RunLog(settings, LOOK) as log:
            try:
                loaded = load(settings, report=_silent, only_unchanged=True)
                changed = loaded.changed or any(
                    _area_changed(settings, area) for area in settings.areas
                )
                ended = None if changed else log.still_stands(code)
                if ended is not None:
                    _still_fresh(settings, loaded.run_id)
            except (UserError, psycopg.Error):
                ended = None
            if ended is None:
                raise NoNightError("There is something to do.")
            log.loaded(loaded.run_id)
            return ended
    except BusyError:
        raise
    except (NoNightError, RetryableError, UserError, psycopg.Error):
        return None


def _silent(line: str) -> None:
    pass


def _area_changed(settings: Settings, area: str) -> bool:
    from sigeti_dwh.load.documents.area_load import load_area

    return any(one.written for one in load_area(settings, area, _silent, only_unchanged=True))


def _still_fresh(settings: Settings, load: int) -> None:
    """Let the marts tell that they are what the source was at a load that found nothing changed."""
    with connect(settings.warehouse, autocommit=True) as connection:
        connection.execute(
            sql.SQL(
                "update {} set donnees_au = debut, chargement = chargements.chargement "
                "from dwh_meta.chargements where chargements.chargement = %s"
            ).format(sql.Identifier(f"{settings.schema}_marts_operationnel", "fraicheur")),
            [load],
        )
        for area in settings.areas:
            loads = sql.Identifier(f"raw_{area}", LOADS)
            connection.execute(
                sql.SQL(
                    "update {} set donnees_au = debut, chargement = loads.chargement "
                    "from {} as loads where loads.chargement = (select max(chargement) from {})"
                ).format(
                    sql.Identifier(f"{settings.schema}_marts_{area}", f"fraicheur_{area}"),
                    loads,
                    loads,
                )
            )


def code_version(settings: Settings) -> str:
    """Return a fingerprint of the day, the areas that are on and the files that a run goes by."""
    paths = [ROOT / name for name in FILES]
    for folder in CODE:
        paths += [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    day = datetime.now(UTC).date()
    digest = hashlib.md5(f"{day.isoformat()} {sorted(settings.areas.items())}".encode())
    for path in sorted(paths):
        if path.is_file():
            digest.update(f"\n{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
