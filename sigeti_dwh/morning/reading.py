"""The marts of one publication, as their reader sees them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, LiteralString

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


class Reading:
    """One snapshot of the marts, of the zones given or of all that its reader sees."""

    def __init__(
        self, connection: psycopg.Connection[Any], prefix: str, zones: Sequence[int] = ()
    ) -> None:
        self.zones = list(zones)
        self._connection = connection
        self._schemas = {mart: f"{prefix}_{schema}" for mart, schema in _schemas().items()}

    def has(self, mart: str, *columns: str) -> bool:
        """Tell whether a mart is there to be read, with these columns, for the zones wanted."""
        needed = {*columns, "zone_id"} if self.zones else {*columns}
        present = self._columns(mart)
        return bool(present) and needed <= present

    def rows(self, query: LiteralString, **values: object) -> list[Row]:
        """Return the rows of a query in which marts stand as {mart}, and {of_zones} limits them."""
        of_zones: sql.Composable = sql.SQL("true")
        if self.zones:
            of_zones = sql.SQL("zone_id = any({})").format(sql.Literal(self.zones))
        marts = {mart: sql.Identifier(schema, mart) for mart, schema in self._schemas.items()}
        statement = sql.SQL(query).format(of_zones=of_zones, **marts)
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()

    def row(self, query: LiteralString, **values: object) -> Row:
        """Return the only row of a query."""
        [row] = self.rows(query, **values)
        return row

    def publication(self) -> tuple[datetime, date]:
        """Return of when the data are, and the day that the marts took for today.

        Raises UserError when nothing is published.
        """
        if self._columns("fraicheur"):
            found = self.row(
                "select max(donnees_au) as data_of, max(date_reference) as today from {fraicheur}"
            )
            if found["today"] is not None:
                return found["data_of"], found["today"]
        raise UserError(
            "Nothing is published here that this login may read.\n"
            "Marts come from ./run_pipeline.sh, rights from ./run_pipeline.sh roles --login NAME."
        )

    def _columns(self, mart: str) -> set[str]:
        schema = self._schemas.get(mart)
        there = self._connection.execute("select to_regnamespace(%s)", [schema]).fetchone()
        if schema is None or there is None or there[0] is None:
            return set()
        found = self._connection.execute(COLUMNS, {"name": f"{schema}.{mart}", "schema": schema})
        return {name for (name,) in found}


def total(rows: Iterable[Row], column: str) -> Decimal:
    """Return the sum of a column, in which null counts as nothing."""
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


@contextmanager
def reading(settings: Settings, user: str | None, zones: Sequence[int] = ()) -> Iterator[Reading]:
    """Read the marts as a login does, by its row policies; without one, as their owner.

    Raises UserError when there is no such login, or the owner may not take on its role.
    """
    warehouse = settings.warehouse
    with (
        connect(warehouse, application_name="sigeti_dwh report") as connection,
        translated(warehouse),
    ):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if user is not None:
            _take_on(connection, user)
        connection.execute("set transaction read only")
        yield Reading(connection, settings.schema, zones)
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


@cache
def _schemas() -> dict[str, str]:
    return {mart.name: mart.schema for mart in read_marts()}
