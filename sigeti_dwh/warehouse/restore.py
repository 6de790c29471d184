"""Restore of the warehouse: into a new database, which takes the old one's place at the end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from sigeti_dwh.errors import MissingDatabaseError, UserError
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.backup import (
    TABLES,
    Connection,
    administration,
    count_rows,
    exclusive,
    require_right_to_create,
    restore_into,
    scratch_database,
)
from sigeti_dwh.warehouse.client_tools import find_tool, run_tool
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.public_rights import take_back_inside

SWAP_ATTEMPTS = 10
# What belongs to the database and not to its content: rights on it, and its settings. The value of
# a setting that is a list is kept quoted.
PROPERTIES = """
select format('revoke all on database %%I from public', %(new)s::text)
union all
select format('grant %%s on database %%I to %%s%%s', privilege_type, %(new)s::text,
    case when grantee = 0 then 'public' else grantee::regrole::text end,
    case when is_grantable then ' with grant option' else '' end)
from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
where datname = %(old)s
union all
select format(case when name ~ '^(search_path|temp_tablespaces|.*_preload_libraries)$'
    then 'alter%%s database %%I set %%I to %%s' else 'alter%%s database %%I set %%I to %%L' end,
    case when setrole = 0 then '' else format(' role %%s in', setrole::regrole) end,
    %(new)s::text, name, value)
from pg_db_role_setting s
join pg_database d on d.oid = s.setdatabase
cross join unnest(setconfig) as setting
cross join lateral (
    select split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value
) as parts
where datname = %(old)s
"""
CLOSING = """
select format('revoke all on database %%I from %%s', datname,
    case when grantee = 0 then 'public' else grantee::regrole::text end)
from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
where datname = %(old)s and grantee <> datdba
group by datname, grantee
"""
# Our own sessions, under whose feet no database may be replaced: whoever else takes such a name, or
# reads by the pool of marts.py, holds up nothing.
WORKING = """
select application_name from pg_stat_activity
where datname = %s and usename = current_user
    and application_name ~ '^(sigeti_dwh (night|load|roles)|dbt sigeti_dwh|sigeti_dwh backup.*)$'
limit 1
"""
# Of other users' sessions, who is no superuser sees the user and not the kind.
END_SESSIONS = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where datname = %s and usename is not null
"""


@dataclass(frozen=True)
class Restored:
    """A restored database: its name, its rows, and how the database it replaced is called now."""

    name: str
    tables: int
    rows: int
    former: str | None
    only_former: list[str]
    """Schemas of the replaced database that the backup does not have."""

    def __str__(self) -> str:
        """Tell what is where and what to do next."""
        lines = [f"Restored: the database {self.name}, {self.rows} rows of {self.tables} tables."]
        if self.former:
            lines.append(
                f"The one it replaces is kept as {self.former}. When it is no longer needed: "
                f'DROP DATABASE "{self.former}";'
            )
        if self.only_former:
            lines.append(f"Only there, not in the backup: schema {', '.join(self.only_former)}.")
        return "\n".join(lines)


def restore(
    settings: Settings,
    archive: Path,
    into: str | None = None,
    force: bool = False,
    report: Callable[[str], None] = print,
) -> Restored:
    """Restore a backup into the warehouse's database, or into another one of its server.

    Readers see the old database until the new one is complete. One that holds tables is replaced
    only by `force`, and kept under another name. Raises UserError; nothing is replaced then.
    """
    target = replace(settings.warehouse, name=into or settings.warehouse.name)
    _refuse_source(settings, target)
    if not archive.is_file():
        raise UserError(f"There is no file {archive}.")
    with administration(target) as connection, exclusive(connection, target.name):
        version = connection.info.server_version // 10_000
        program = find_tool("pg_restore", version, tls=target.demands_tls, archive=archive)
        run_tool(program, target, "--list", str(archive))
        require_right_to_create(connection, target)
        tables = _tables(target)
        if tables and not force:
            raise UserError(
                f"The {target} holds {len(tables)} tables.\n"
                "--force puts the backup in its place and keeps it under another name; "
                "--into DATABASE restores beside it."
            )
        _refuse_work(connection, target.name)
        with scratch_database(target, "restoring", report) as fresh:
            report(f"Restoring {archive} into the new database {fresh.name}.")
            restore_into(program, fresh, archive, settings.threads)
            with connect(fresh, autocommit=True, unlimited=True) as filled:
                if into is None:
                    meta.require_prefix(filled, settings.schema)
                filled.execute("analyze")
                counts = count_rows(filled)
                if take_back_inside(filled):
                    report("Readers may write there what everybody may: ./run_pipeline.sh roles")
            former = None
            if tables is not None:
                former = f"{target.name[:40]}_before_{datetime.now(UTC):%Y%m%d_%H%M%S}"
            _swap(connection, fresh.name, target.name, former)
        if former and not tables:
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(former)))
            former = None
    schemas = {name.split(".")[0] for name in counts}
    only_former = sorted({name.split(".")[0] for name in tables or ()} - schemas)
    return Restored(target.name, len(counts), sum(counts.values()), former, only_former)


def _refuse_source(settings: Settings, target: Server) -> None:
    source = settings.source
    if (target.host, target.port, target.name) == (source.host, source.port, source.name):
        raise UserError(
            f"{target.name} is the source's own database: it is never replaced.\n"
            "Restore into another one by --into DATABASE, and take from there what is needed."
        )


def _tables(server: Server) -> list[str] | None:
    """Return the tables of a database, None when there is no such database."""
    try:
        with connect(server, application_name="restore") as connection:
            return [f"{schema}.{name}" for schema, name in connection.execute(TABLES)]
    except MissingDatabaseError:
        return None


def _swap(connection: Connection, fresh: str, target: str, former: str | None) -> None:
    """Give the new database its name in one transaction, after ending the old one's sessions."""
    rename = sql.SQL("alter database {} rename to {}")
    for attempt in range(1, SWAP_ATTEMPTS + 1):
        try:
            if former is not None:
                _refuse_work(connection, target)
                connection.execute(END_SESSIONS, [target])
            with connection.transaction():
                if former is None:
                    opening = sql.SQL("grant connect on database {} to public")
                    connection.execute(opening.format(sql.Identifier(fresh)))
                else:
                    _copy_properties(connection, target, fresh)
                    _close(connection, target)
                    connection.execute(
                        rename.format(sql.Identifier(target), sql.Identifier(former))
                    )
                connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(target)))
            return
        except psycopg.errors.ObjectInUse:
            # Someone came back between the two steps.
            if attempt == SWAP_ATTEMPTS:
                raise UserError(
                    f"Sessions keep coming back to {target}: it could not be renamed.\n"
                    "Stop what connects to it, and restore again."
                ) from None


def _close(connection: Connection, database: str) -> None:
    """Keep readers out of a database that is kept: who saw what there, nobody changes any more."""
    for (statement,) in connection.execute(CLOSING, {"old": database}).fetchall():
        connection.execute(statement.encode())


def _copy_properties(connection: Connection, old: str, new: str) -> None:
    for (statement,) in connection.execute(PROPERTIES, {"old": old, "new": new}).fetchall():
        connection.execute(statement.encode())


def _refuse_work(connection: Connection, database: str) -> None:
    working = connection.execute(WORKING, [database]).fetchone()
    if working is not None:
        raise UserError(
            f"A session named {working[0]} works in {database}.\n"
            "Wait for its end, and restore again."
        )
