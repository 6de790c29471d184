"""The published marts on whichever engine, read by SQL that both understand."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, Protocol

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from sigeti_dwh.errors import UserError
from sigeti_dwh.readers.contract import read_marts
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.database import connect, translated

Row = dict[str, Any]
COLUMNS = """
select attname from pg_attribute
where attrelid = to_regclass(%(name)s) and attnum > 0 and not attisdropped
    and has_schema_privilege(%(schema)s, 'usage')
    and has_table_privilege(attrelid, 'select')
"""


class PublishedMarts(Protocol):
    """What an engine gives of its marts to who sums them up."""

    def columns(self, mart: str) -> set[str]:
        """Return the columns of a mart, none of one that is not there or not to be read."""

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Row]:
        """Return the rows of a query in which marts stand as {mart}, and values as %(value)s."""


def published_marts(
    settings: Settings, user: str | None = None
) -> AbstractContextManager[PublishedMarts]:
    """Open the marts as a login sees them, by its rights; without one, as their owner.

    Raises UserError when there is no such login, or the owner may not take on its role.
    """
    if settings.spark is None:
        return _of_postgres(settings, user)
    if user is not None:
        raise UserError(
            f"On Spark the catalog knows what {user} may read, and nobody reads in its name.\n"
            "Leave --user out; --zones chooses some zones."
        )
    from sigeti_dwh.spark.marts import marts_of_spark

    return marts_of_spark(settings)


@cache
def qualified_names(prefix: str) -> dict[str, str]:
    """Return schema and name of each mart."""
    return {mart.name: f"{prefix}_{mart.schema}.{mart.name}" for mart in read_marts()}


class _OfPostgres:
    """One snapshot of the marts."""

    def __init__(self, connection: psycopg.Connection[Any], prefix: str) -> None:
        self._connection = connection
        self._names = qualified_names(prefix)

    def columns(self, mart: str) -> set[str]:
        schema = self._names[mart].partition(".")[0]
        there = self._connection.execute("select to_regnamespace(%s)", [schema]).fetchone()
        if there is None or there[0] is None:
            return set()
        asked = {"name": self._names[mart], "schema": schema}
        return {name for (name,) in self._connection.execute(COLUMNS, asked)}

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Row]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            # The names are ours, and what a user has written in a query was checked when read.
            return cursor.execute(query.format(**self._names).encode(), values).fetchall()


@contextmanager
def _of_postgres(settings: Settings, user: str | None) -> Iterator[PublishedMarts]:
    warehouse = settings.warehouse
    with (
        connect(warehouse, application_name="sigeti_dwh report") as connection,
        translated(warehouse),
    ):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if user is not None:
            _take_on(connection, user)
        connection.execute("set transaction read only")
        yield _OfPostgres(connection, settings.schema)
        # Also what _take_on granted.
        connection.rollback()


def _take_on(connection: psycopg.Connection[Any], user: str) -> None:
    login = sql.Identifier(user)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [user]).fetchone():
        raise UserError(
            f"There is no login {user!r}.\nMake it: ./run_pipeline.sh roles --login {user} "
            "--zones all"
        )
    try:
        with connection.transaction():
            connection.execute(sql.SQL("set local role {}").format(login))
    except psycopg.errors.InsufficientPrivilege:
        owner = connection.info.user
        try:
            connection.execute(sql.SQL("grant {} to current_user").format(login))
            connection.execute(sql.SQL("set local role {}").format(login))
        except psycopg.errors.InsufficientPrivilege:
            raise UserError(
                f"{owner} may not read as {user}.\n"
                f'As an administrator, once: GRANT "{user}" TO "{owner}";'
            ) from None
