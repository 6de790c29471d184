"""What of a database a backup holds: the schemas of the warehouse, and nothing of others.

A backup must not fail by what others have made: what they forbid to read, what cannot be restored
without them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from sigeti_dwh.areas import RAW
from sigeti_dwh.load.source_tables import read_source_tables
from sigeti_dwh.settings import LAYER_SCHEMAS, Settings

Connection = psycopg.Connection[Any]

# Relations of all schemas but the server's and the extensions' own. `ours` is what a backup can
# hold: in a schema of ours, owned by us, read in full, and standing on nothing that it lacks.
RELATIONS = """
with recursive relations as (
    select c.oid, n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner) as owner,
        (n.nspname ~ %(schemas)s or (n.nspname, c.relname) in (select * from unnest(
            array_fill(%(source_schema)s::text, array[cardinality(%(source_tables)s::text[])]),
            %(source_tables)s::text[])))
        and (pg_has_role(c.relowner, 'usage') or n.nspname !~ %(schemas)s)
        and not row_security_active(c.oid) as ours
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname !~ '^(pg_|information_schema$)'
        and not exists (
            select from pg_depend
            where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e'
        )
), lost as (
    select oid from relations where not ours
    union
    select r.ev_class
    from lost
    join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = lost.oid
    join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
)
select nspname::text, relname::text, relkind::text, owner::text, oid not in (select * from lost),
    nspname ~ %(schemas)s
from relations
order by 1, 2
"""
SCHEMAS = "select nspname::text from pg_namespace where nspname ~ %s order by 1"
# The search needs its extensions by name alone (publish_search.sql); others, what stands on them.
# What measures the server is the server's.
EXTENSIONS = """
select extname::text, extnamespace::regnamespace::text,
    extname in ('pg_trgm', 'unaccent') or exists (
        select
        from pg_depend member
        join pg_depend d on (d.refclassid, d.refobjid) = (member.classid, member.objid)
        join pg_class c on d.classid = 'pg_class'::regclass and d.objid = c.oid
        where member.refclassid = 'pg_extension'::regclass and member.refobjid = e.oid
            and member.deptype = 'e' and d.deptype = 'n'
            and (c.relnamespace::regnamespace::text ~ %(schemas)s
                or c.relnamespace::regnamespace::text = %(source_schema)s
                and c.relname = any(%(source_tables)s))
    )
from pg_extension e
where extname not in ('plpgsql', 'pg_stat_statements')
order by 1
"""
LARGE_OBJECTS = "select count(*) from pg_largeobject_metadata"


@dataclass(frozen=True)
class Scope:
    """What a backup holds, as pg_dump is told, and what it leaves out."""

    options: list[str]
    tables: list[tuple[str, str, bool]]
    """Schema and name of each table, and whether its rows are kept."""
    left_out: list[str]
    """What is not of the warehouse, in words."""
    emptied: list[str]
    """Materialized views, which come back without rows."""


def find_scope(connection: Connection, settings: Settings) -> Scope:
    """Look through the warehouse's database for what is ours."""
    layers = "|".join((*LAYER_SCHEMAS, "meta"))
    shared = "|".join(("dwh_meta", "dwh_reference", "dwh_suivi", "raw_sigeti", *RAW))
    schemas = rf"^({shared}|{settings.schema}_({layers})(_[a-z]+)?)$"
    # In one database the views of staging stand on the source's tables, whose rows are not ours.
    source = [
        table.name for table in read_source_tables() if settings.one_database and not table.optional
    ]
    wanted = {"schemas": schemas, "source_schema": settings.source_schema, "source_tables": source}
    relations = connection.execute(RELATIONS, wanted).fetchall()
    extensions = connection.execute(EXTENSIONS, wanted).fetchall()
    homes = {home for _, home, needed in extensions if needed and home != "public"}
    dumped = {name for (name,) in connection.execute(SCHEMAS, [schemas])} | homes
    options = ["--no-publications", "--no-subscriptions", "--no-security-labels"]
    if source:
        dumped.add(settings.source_schema)
        options.append(f"--exclude-table-data={_quoted(settings.source_schema)}.*")
    options += [f"--schema={_quoted(name)}" for name in sorted(dumped)]
    options += [f"--extension={_quoted(name)}" for name, _, needed in extensions if needed]
    tables, emptied = [], []
    for schema, name, kind, _, kept, ours in relations:
        if not kept and schema in dumped:
            options.append(f"--exclude-table={_quoted(schema)}.{_quoted(name)}")
        elif kept and kind == "m":
            options.append(f"--exclude-table-data={_quoted(schema)}.{_quoted(name)}")
            emptied.append(f"{schema}.{name}")
        elif kept and kind == "r":
            tables.append((schema, name, ours))
    left_out = [
        *_others(relations),
        *(f"extension {name}" for name, _, need in extensions if not need),
    ]
    row = connection.execute(LARGE_OBJECTS).fetchone()
    if row is not None and row[0]:
        left_out.append(f"{row[0]} large objects")
    return Scope(options, tables, left_out, emptied)


def _others(relations: list[tuple[Any, ...]]) -> Iterator[str]:
    """Name what is left out: each relation in a schema of ours, of other schemas how many."""
    counts: dict[tuple[str, str], int] = {}
    for schema, name, _, owner, kept, ours in relations:
        if not kept and ours:
            yield f"{schema}.{name} of {owner}"
        elif not kept:
            counts[schema, owner] = counts.get((schema, owner), 0) + 1
    for (schema, owner), count in counts.items():
        yield f"schema {schema} ({count} {'relation' if count == 1 else 'relations'} of {owner})"


def _quoted(name: str) -> str:
    """Write a name as a pattern of pg_dump that means this name alone."""
    return '"' + name.replace('"', '""') + '"'
