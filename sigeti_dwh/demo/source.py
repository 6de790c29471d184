"""The demo source on the embedded server: made, made anew, advanced; never elsewhere."""

from dataclasses import replace

from psycopg import sql

from sigeti_dwh import demo
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect, translated

MARK = "SIGETI demo source"


def ensure(source: Server) -> None:
    """Fill the source when it holds no SIGETI table."""
    with connect(source) as connection:
        empty = demo.is_empty(connection)
    if empty:
        create(source)


def create(source: Server, *, scale: int = 1, seed: int | None = None) -> None:
    """Make the demo source anew: what the demo made before is dropped, nothing else ever is.

    Raises UserError when the source is a configured server, or holds tables of another origin.
    """
    _refuse_configured(source)
    with connect(source) as connection:
        empty = demo.is_empty(connection)
        marked = connection.execute(
            "select shobj_description(oid, 'pg_database') from pg_database "
            "where datname = current_database()"
        ).fetchone() == (MARK,)
    if not empty and not marked:
        raise UserError(
            f"The {source} holds tables that the demo did not make; it does not replace them."
        )
    database = sql.Identifier(source.name)
    with connect(replace(source, name="postgres"), autocommit=True) as connection:
        if not empty:
            connection.execute(sql.SQL("drop database {} with (force)").format(database))
            connection.execute(
                sql.SQL("create database {} encoding 'UTF8' template template0").format(database)
            )
        connection.execute(sql.SQL("comment on database {} is {}").format(database, MARK))
    with connect(source) as connection, translated(source):
        if seed is None:
            demo.create(connection, scale=scale)
        else:
            demo.create(connection, scale=scale, seed=seed)


def advance(source: Server, *, days: int, seed: int | None = None) -> None:
    """Let days pass in the demo source, which is made first when there is none.

    Raises UserError when the source is a configured server.
    """
    _refuse_configured(source)
    ensure(source)
    with connect(source) as connection, translated(source):
        demo.advance(connection, days=days, seed=seed)


def _refuse_configured(source: Server) -> None:
    if not source.embedded:
        raise UserError(
            f"The {source} is a server of yours: no demo data are written there.\n"
            "Empty the SOURCE_DB_ variables to use the embedded server."
        )
