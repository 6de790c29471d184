"""Whether the source has the columns that the load reads, with types it can read, and all rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.source_tables import DECLARED, SourceTable, read_source_tables
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.database import pin

CATALOGUE = """
select
    c.relname,
    c.oid,
    c.relkind::text,
    a.attname,
    case
        when t.typtype = 'e' then 'enum'
        when t.typtype = 'd' then format_type(t.typbasetype, null)
        -- PostGIS has such a cast, to GeoJSON, wherever its functions are.
        when exists (select from pg_cast where castsource = t.oid and casttarget = 'jsonb'::regtype)
            then 'jsonb'
        else format_type(t.oid, null)
    end as base_type,
    format_type(a.atttypid, a.atttypmod) as full_type,
    a.attnum,
    array(select l.enumlabel from pg_enum l where l.enumtypid = t.oid order by l.enumsortorder)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspname = %s
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname = any(%s)
"""
ELSEWHERE = """
select relname, min(relnamespace::regnamespace::text)
from pg_class
where relkind in ('r', 'p') and relname = any(%s)
    and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
group by 1
"""
# What has no rows of its own, with versions that tell what changed.
KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}

KEY_INDEXES = """
select c.relname, a.attname
from pg_index i
join pg_class x on x.oid = i.indexrelid
join pg_am m on m.oid = x.relam and m.amname = 'btree'
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace and n.nspname = %s
join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
where i.indisvalid and i.indpred is null and c.relname = any(%s)
"""

UNREADABLE = """
select c.relname
from pg_class c
where c.relnamespace = to_regnamespace(quote_ident(%s)) and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relname = any(%s) and not has_table_privilege(c.oid, 'select')
order by c.relname
"""

# Whatever row_security is set to, for the user who asks: a superuser, who has BYPASSRLS and who
# owns a table that does not force its policies are not concerned.
FILTERED = """
select format('%%I.%%I', %s::text, relname), relforcerowsecurity and pg_has_role(relowner, 'usage')
from pg_class
where relnamespace = to_regnamespace(quote_ident(%s)) and relname = any(%s)
    and row_security_active(oid)
order by 1
"""

# Numbers of transactions mean the same only while one server runs: put back from a copy of its
# disk it gives the same ones again, and so does one that lost its last commits in a crash, or a
# standby that was promoted. Nothing in a server that was started again tells which of these it was.
# Its statistics begin anew after a crash that it survived.
HISTORY = """
select system_identifier, timeline_id, pg_postmaster_start_time(), stats_reset
from pg_control_system(), pg_control_checkpoint(), pg_stat_bgwriter
"""
HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@dataclass(frozen=True)
class SourceShape:
    """What the source's catalogue says of the tables that the load reads.

    `shapes` maps each table to what changes when its values can have changed while its rows kept
    their versions: an enum value renamed, a column dropped and added again, a table made again.
    `indexed` are the tables with an index that leads to a key. All
    transactions below `horizon` have ended.
    """

    shapes: dict[str, tuple[Any, ...]]
    indexed: frozenset[str]
    horizon: int
    remarks: list[str]


def mark_missing(
    source: psycopg.Connection[Any], tables: Sequence[SourceTable]
) -> list[SourceTable]:
    """Return the tables, each optional one that the source cannot give with the reason."""
    optional = [table for table in tables if table.optional]
    found, kinds, _ = _catalogue(source, optional)
    closed = unreadable(source, optional)

    def reason(table: SourceTable) -> str | None:
        if table.relation not in found:
            return "not at the source"
        if table.relation in closed:
            return f'it may not be read: GRANT SELECT ON {table.spelled} TO "{source.info.user}";'
        if kinds.get(table.relation) in KINDS:
            return f"{table.spelled} is {KINDS[kinds[table.relation]]}"
        return next(_problems(table, found.get(table.relation), None), None)

    return [replace(table, missing=reason(table)) if table.optional else table for table in tables]


def unreadable(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> list[str]:
    """Return the names of the tables that are there and may not be read."""
    names = [table.relation for table in tables]
    schema = tables[0].schema if tables else None
    return [name for (name,) in source.execute(UNREADABLE, [schema, names])]


def _catalogue(
    source: psycopg.Connection[Any], tables: Sequence[SourceTable]
) -> tuple[dict[str, dict[str, tuple[Any, ...]]], dict[str, str], dict[str, int]]:
    """Return each table's columns with their shape, its kind and its identifier."""
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    kinds: dict[str, str] = {}
    identifiers: dict[str, int] = {}
    schema = tables[0].schema if tables else None
    names = [table.relation for table in tables]
    for table, identifier, kind, column, *shape in source.execute(CATALOGUE, [schema, names]):
        identifiers[table] = identifier
        kinds[table] = kind
        found.setdefault(table, {})[column] = tuple(shape)
    return found, kinds, identifiers


def hold_tables(
    source: psycopg.Connection[Any], settings: Settings
) -> tuple[list[SourceTable], SourceShape]:
    """Return the tables, held until the transaction ends, and what the catalogue says of them.

    A table that the source lacks says so. Raises UserError for a source that is not as declared.
    """
    pin(source, settings.source, unlimited=True)
    tables = mark_missing(source, read_source_tables(settings.source_schema))
    there = [table for table in tables if table.missing is None]
    # Another snapshot, which the tables are held for.
    source.rollback()
    _hold(source, there)
    pin(source, settings.source, unlimited=True)
    return tables, check_columns(source, there)


def _hold(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> None:
    """Keep the tables, until the transaction ends, from what its snapshot would not protect.

    A table that is truncated, rewritten or replaced after a snapshot was taken is empty in it. So
    this comes first in the transaction. Raises UserError for a table that is missing.
    """
    names = sql.SQL(", ").join(table.at_source for table in tables)
    try:
        # Neither statement takes the snapshot.
        source.execute("set local lock_timeout = '60s'")
        source.execute(sql.SQL("lock table {} in access share mode").format(names))
    except (pg.UndefinedTable, pg.InvalidSchemaName, pg.WrongObjectType):
        source.rollback()
        check_columns(source, tables)
        raise


def require_all_rows(connection: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> None:
    """Refuse tables of which row-level security would hide rows from this user.

    Raises UserError that names them, and the right that is missing.
    """
    schema = tables[0].schema
    filtered = connection.execute(
        FILTERED, [schema, schema, [table.relation for table in tables]]
    ).fetchall()
    if filtered:
        user = connection.info.user
        ways = [f'ALTER ROLE "{user}" BYPASSRLS;']
        ways += [
            f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY;"
            for name, is_own in filtered
            if is_own
        ]
        names = ", ".join(name for name, _ in filtered)
        raise UserError(
            f"Row-level security hides rows of {names} from the user {user}: they would pass for "
            "deleted.\nNothing was changed. The right BYPASSRLS is missing; as a superuser:\n"
            + " or ".join(ways[:2])
        )


def history(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """Return what is the same only while one server runs without an interruption."""
    row: tuple[Any, ...] | None = connection.execute(HISTORY).fetchone()
    assert row is not None
    return row


def check_columns(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> SourceShape:
    """Compare the source with the allow-list; `remarks` are lines about what is new or missing.

    Raises UserError that names the first table, column, expected and found type that do not fit,
    and how many more there are; and for tables that would be read in part.
    """
    names = [table.relation for table in tables]
    found, kinds, identifiers = _catalogue(source, tables)
    elsewhere: dict[str, str] = dict(source.execute(ELSEWHERE, [names]).fetchall())
    problems = [
        f"{table.schema}.{table.relation} is {KINDS[kind]}, whose rows have no versions"
        for table in tables
        if (kind := kinds.get(table.relation)) in KINDS
    ] or [
        line
        for table in tables
        for line in _problems(table, found.get(table.relation), elsewhere.get(table.relation))
    ]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(
            f"The source does not fit: {problems[0]}{more}.\n"
            f"Nothing was changed. Adapt {DECLARED} to the source's new schema."
        )
    require_all_rows(source, tables)
    [(horizon,)] = source.execute(HORIZON)
    leading = set(source.execute(KEY_INDEXES, [tables[0].schema, names]))
    indexed = {table.name for table in tables if (table.relation, table.key[0]) in leading}
    whole = [table for table in tables if table.name == table.relation]
    return SourceShape(
        {
            table.name: (
                identifiers[table.relation],
                [(name, found[table.relation][name]) for name in sorted(table.columns)],
            )
            for table in tables
        },
        frozenset(indexed),
        horizon,
        [
            f"{table.name}: new columns at the source, ignored: {', '.join(sorted(unknown))}"
            for table in whole
            if (unknown := found[table.relation].keys() - table.columns.keys() - table.ignored)
        ]
        + [
            f"{table.name}: no index on its key, so that few changes cost a scan; its owner can: "
            f"create index concurrently on {table.spelled} ({', '.join(table.key)});"
            for table in whole
            if table.name not in indexed
        ],
    )


def _problems(
    table: SourceTable, found: dict[str, tuple[Any, ...]] | None, elsewhere: str | None
) -> Iterator[str]:
    name = f"{table.schema}.{table.relation}"
    if found is None:
        there = f" (there is {elsewhere}.{table.relation}: SOURCE_DB_SCHEMA)" if elsewhere else ""
        yield f"table {name} is missing{there}"
        return
    for column, expected in table.columns.items():
        if column not in found:
            yield f"column {name}.{column} is missing, expected type {expected}"
        elif not table.accepts(column, found[column][0]):
            full = found[column][1]
            yield f"column {name}.{column} has type {full}, expected {expected}"
