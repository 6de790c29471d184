"""The warehouse's own records in schema dwh_meta: loads, numbered changes, progress of facts."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError

SCHEMA = "dwh_meta"
VERSION = 2
"""Raised when a warehouse becomes one that the code of before must not work on."""
RIGHTS = Path(__file__).with_name("rights.sql")

# version says since when the warehouse is one of which version;
# changements numbers every change that was written, in commit order (macro number_change);
# avancement says up to which of them, and for which day, each scoped table has been made, by which
# SQL (macro follow_changes);
# definitions says which SQL, descriptions or source each relation was last given (macro
# has_definition);
# executions and noeuds are the record of the nights (run_log.py);
# paquets says what the source held in each bucket of keys when a copy was last made equal to it
# (buckets.py);
# droits_zones, droits_domaines and utilisateurs_lecteurs say which login sees which zones, optional
# areas and customers, as an administrator wrote it (rights.sql);
# mesures is what the monitor saw of each object, and when (monitor/history.py);
# entrepot says under which prefix the warehouse is built, to which all of this belongs;
# nuit and verrous are what is locked (run_log.py, next_change, rights.sql): advisory locks every
# login may take, these only who owns them;
# essais says up to which change each test has passed, and when it last saw its whole table;
# etats says in which state of what it reads each node last ended well (night/node_states.py).
DEFINITION = """
create schema if not exists dwh_meta;
create table if not exists dwh_meta.changements (
    numero bigint generated always as identity primary key,
    relation text not null,
    ecrit_le timestamptz not null default current_timestamp
);
create index if not exists changements_relation on dwh_meta.changements (relation, numero);
create table if not exists dwh_meta.avancement (
    relation text primary key,
    changement bigint not null,
    empreinte text not null,
    date_reference date,
    fait_le timestamptz not null default current_timestamp
);
create table if not exists dwh_meta.definitions (
    relation text,
    sorte text,
    identifiant oid not null,
    empreinte text not null,
    primary key (relation, sorte)
);
create table if not exists dwh_meta.nuit ();
create table if not exists dwh_meta.verrous (
    nom text primary key
);
create table if not exists dwh_meta.paquets (
    relation text,
    paquet bigint,
    lignes bigint not null,
    somme numeric not null,
    primary key (relation, paquet)
);
create table if not exists dwh_meta.essais (
    test text primary key,
    empreinte text not null,
    changement bigint not null,
    entier_le timestamptz not null
);
create table if not exists dwh_meta.etats (
    noeud text primary key,
    etat text not null
);
create table if not exists dwh_meta.executions (
    execution bigint generated always as identity primary key,
    debut timestamptz not null default clock_timestamp(),
    fin timestamptz,
    etat text not null default 'en cours',
    message text,
    machine text not null,
    processus bigint not null,
    utilisateur text not null,
    version text not null,
    revision text,
    options text not null,
    chargement bigint,
    execution_prefect text,
    entiere boolean,
    empreinte text
);
create table if not exists dwh_meta.noeuds (
    execution bigint references dwh_meta.executions on delete cascade,
    noeud text,
    nom text not null,
    type text not null,
    couche text not null,
    etat text not null,
    secondes numeric not null,
    lignes bigint,
    echecs bigint,
    message text,
    relation text,
    empreinte text,
    primary key (execution, noeud)
);
create table if not exists dwh_meta.mesures (
    objet text,
    mesure_le timestamptz,
    lignes bigint not null,
    octets bigint,
    donnees_au date,
    colonnes jsonb not null,
    anomalie boolean not null,
    primary key (objet, mesure_le)
);
create table if not exists dwh_meta.chargements (
    chargement bigint generated always as identity primary key,
    debut timestamptz not null,
    fin timestamptz,
    lignes_lues bigint,
    lignes_changees bigint,
    horizon bigint,
    effectifs jsonb,
    changement bigint,
    perte_acceptee boolean
);
do $$
declare
    lacking record;
begin
    -- What warehouses of earlier versions lack; without a fingerprint, a table is made anew.
    for lacking in
        select *
        from (values
            ('avancement', 'empreinte', 'text not null default '''''),
            ('avancement', 'date_reference', 'date'),
            ('chargements', 'horizon', 'bigint'),
            ('chargements', 'effectifs', 'jsonb'),
            ('chargements', 'changement', 'bigint'),
            ('chargements', 'perte_acceptee', 'boolean')
        ) as columns (table_name, column_name, definition)
        where not exists (
            select from information_schema.columns present
            where present.table_schema = 'dwh_meta' and present.table_name = columns.table_name
                and present.column_name = columns.column_name
        )
    loop
        execute format(
            'alter table dwh_meta.%I add column %I %s',
            lacking.table_name, lacking.column_name, lacking.definition
        );
    end loop;
    -- The first version made tables of more than one key column without their key.
    for lacking in
        select c.oid::regclass as relation, columns
        from (values
            ('pont_attributions_lots', 'demande_id, lot_id'),
            ('pont_collectes_zones', 'collecte_id, zone_id'),
            ('mart_performance_financiere', 'premier_jour_mois, zone_id, entreprise_id')
        ) as keys (table_name, columns)
        join pg_class c on c.relname = table_name and c.relkind = 'r'
            and c.relnamespace::regnamespace::text ~ '_(facts|marts_financier)$'
        where pg_has_role(c.relowner, 'usage') and not exists (
            select from pg_constraint where conrelid = c.oid and contype = 'p'
        )
    loop
        execute format('alter table %s add primary key (%s)', lacking.relation, lacking.columns);
    end loop;
    if to_regclass('dwh_meta.version') is null then
        create table dwh_meta.version (
            version integer primary key,
            depuis timestamptz not null default current_timestamp
        );
        -- Whoever works here asks it first.
        grant select on dwh_meta.version to public;
    end if;
    if to_regclass('dwh_meta.entrepot') is null then
        create table dwh_meta.entrepot (
            prefixe text not null,
            seul boolean primary key default true check (seul)
        );
        -- The monitor asks it before the roles have their rights on it.
        grant select on dwh_meta.entrepot to public;
    end if;
    if not exists (
        select from information_schema.columns
        where (table_schema, table_name, column_name)
            = ('dwh_meta', 'executions', 'execution_prefect')
    ) then
        alter table dwh_meta.executions add column execution_prefect text;
    end if;
    if not exists (
        select from information_schema.columns
        where (table_schema, table_name, column_name) = ('dwh_meta', 'executions', 'entiere')
    ) then
        alter table dwh_meta.executions add column entiere boolean, add column empreinte text;
    end if;
    if not exists (
        select from information_schema.columns
        where (table_schema, table_name, column_name) = ('dwh_meta', 'noeuds', 'empreinte')
    ) then
        alter table dwh_meta.noeuds add column empreinte text;
    end if;
    insert into dwh_meta.verrous select 'changements'
    except select nom from dwh_meta.verrous
    on conflict do nothing;
end
$$;
"""

BUILT = """
select left(nspname, -length('_staging'))
from pg_namespace n
join pg_class c on c.relnamespace = n.oid and c.relname = 'stg_factures'
where nspname like '%\\_staging'
order by 1
"""
"""The prefixes under which this database has what every warehouse has."""

FORMER_VIEWS = """
select format('%%I.%%I', nspname, relname)
from pg_class c
join pg_namespace n on n.oid = relnamespace
where relkind = 'v' and pg_has_role(relowner, 'usage') and (
    nspname = 'dwh_meta' and relname like 'int\\_%%'
    or nspname = %s || '_staging' and relname like 'stg\\_changements\\_%%'
)
"""
"""Views in which earlier versions told what a change touches."""


# Also for a reader of nothing but some tables.
READABLE = """
select exists (
    select from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where nspname = 'dwh_meta' and relname = %s
        and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
)
"""


AREA_RELATIONS = """
select
    format('%%I.%%I', nspname, relname),
    case relkind when 'v' then 'view' else 'table' end
from pg_class c
join pg_namespace n on n.oid = relnamespace
where relkind in ('r', 'v') and (
    nspname = %(raw)s
    or (starts_with(nspname, %(prefix)s || '_') or nspname = 'dwh_meta')
    and substring(relname from '^(.*?)(?:__.*)?$') = any(%(models)s)
)
order by 1
"""


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Create what is missing of dwh_meta, in a transaction of its own.

    With wal_level=minimal, as the embedded server has it, a crash takes back the numbers that a
    sequence gave since the transaction that made it, when that transaction used it too.

    Raises UserError for a warehouse of a newer version.
    """
    refuse_newer(connection)
    try:
        _create_missing(connection)
    except psycopg.errors.UniqueViolation:
        # Another session was first, and has committed.
        _create_missing(connection)
    connection.commit()


def _create_missing(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction():
        connection.execute(DEFINITION)
        connection.execute(
            "insert into dwh_meta.version (version) values (%s) on conflict do nothing", [VERSION]
        )
        _prepare_rights(connection)


def claim(connection: psycopg.Connection[Any], prefix: str) -> None:
    """Record under which prefix the warehouse is built, in the transaction under way.

    Raises UserError when it is built under another.
    """
    require_prefix(connection, prefix)
    connection.execute(
        "insert into dwh_meta.entrepot (prefixe) values (%s) on conflict do nothing", [prefix]
    )
    require_prefix(connection, prefix)
    _drop_former_views(connection, prefix)


def require_prefix(connection: psycopg.Connection[Any], prefix: str) -> None:
    """Refuse a warehouse that is built under another prefix: all of dwh_meta belongs to that one.

    A warehouse that does not say it is known by its schemas. Raises UserError that names both.
    """
    row = connection.execute(READABLE, ["entrepot"]).fetchone()
    known: list[str] = []
    if row == (True,):
        known = [name for (name,) in connection.execute("select prefixe from dwh_meta.entrepot")]
    known = known or [name for (name,) in connection.execute(BUILT)]
    if known and prefix not in known:
        raise UserError(
            f"The database {connection.info.dbname} holds the warehouse of prefix {known[0]}, "
            f"DWH_DB_SCHEMA is {prefix}: they would share their records.\n"
            f"Set DWH_DB_SCHEMA={known[0]}, or another DWH_DB_NAME for {prefix}.\n"
            "To rename a warehouse: docs/backup.md."
        )


def refuse_tables(connection: psycopg.Connection[Any], prefix: str) -> None:
    """Refuse a database with a warehouse's tables, where the records of one on Spark belong."""
    if prefix in [name for (name,) in connection.execute(BUILT)]:
        raise UserError(
            f"The database {connection.info.dbname} holds a warehouse of PostgreSQL, and the "
            "engine is Spark: they would share their records.\n"
            "Set DWH_DB_NAME to a database of its own for the records."
        )


def refuse_newer(connection: psycopg.Connection[Any]) -> None:
    """Raise UserError when a newer version than this one has worked on the warehouse."""
    known = connection.execute(READABLE, ["version"]).fetchone()
    if known != (True,):
        return
    row = connection.execute("select max(version) from dwh_meta.version").fetchone()
    if row is not None and row[0] is not None and row[0] > VERSION:
        raise UserError(
            f"This warehouse is of version {row[0]}; this code knows version {VERSION}.\n"
            "Run the newer code, or restore a backup from before it: docs/backup.md."
        )


def _drop_former_views(connection: psycopg.Connection[Any], prefix: str) -> None:
    views = [name for (name,) in connection.execute(FORMER_VIEWS, [prefix])]
    # One that somebody reads, or built upon, stays: it harms nobody.
    if not views:
        return
    busy = psycopg.errors.LockNotAvailable, psycopg.errors.DependentObjectsStillExist
    with suppress(*busy), connection.transaction():
        connection.execute("set local lock_timeout = '2s'")
        connection.execute(f"drop view {', '.join(views)}".encode())


def _prepare_rights(connection: psycopg.Connection[Any]) -> None:
    text = RIGHTS.read_text(encoding="utf-8")
    digest = hashlib.md5(text.encode()).hexdigest()
    known = connection.execute(
        "select obj_description(to_regprocedure('dwh_meta.proteger(regclass)'), 'pg_proc')"
    ).fetchone()
    if known != (digest,):
        connection.execute(text.encode())
        connection.execute(
            f"comment on function dwh_meta.proteger(regclass) is '{digest}'".encode()
        )


def forget_area(
    connection: psycopg.Connection[Any], prefix: str, area: str, models: Sequence[str]
) -> list[str]:
    """Drop all that an optional area brought, by the names of its models, with its records.

    Returns the relations that were dropped.
    """
    found = connection.execute(
        AREA_RELATIONS, {"prefix": prefix, "raw": f"raw_{area}", "models": list(models)}
    ).fetchall()
    for relation, kind in found:
        connection.execute(f"drop {kind} if exists {relation} cascade".encode())
    for schema in (f"raw_{area}", f"{prefix}_marts_{area}"):
        connection.execute(
            sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema))
        )
    names = [relation for relation, _ in found]
    for table in ("changements", "avancement", "definitions"):
        connection.execute(
            sql.SQL("delete from dwh_meta.{} where relation = any(%s)").format(
                sql.Identifier(table)
            ),
            [names],
        )
    connection.commit()
    return names


def next_change(connection: psycopg.Connection[Any], relation: str) -> int:
    """Record a change of `relation` and return its number.

    The lock is held to the end of the transaction, so that numbers become visible in their order
    and a reader who has seen one has seen all before it.
    """
    connection.execute("select from dwh_meta.verrous where nom = 'changements' for update")
    row = connection.execute(
        "insert into dwh_meta.changements (relation) values (%s) returning numero", [relation]
    ).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def last_change(connection: psycopg.Connection[Any]) -> int:
    """Return the number of the last change that is visible, 0 before the first."""
    row = connection.execute("select coalesce(max(numero), 0) from dwh_meta.changements").fetchone()
    assert row is not None
    number: int = row[0]
    return number


def remember(connection: psycopg.Connection[Any], relation: str, fingerprint: str) -> bool:
    """Record the shape of a copy's source table; return whether it is another than last time.

    The macro record_definition cannot do this: it belongs to a transaction of dbt's.
    """
    # A row that is the same does not reach the conflict, which would lock the known one: a write.
    changed = connection.execute(
        "insert into dwh_meta.definitions (relation, sorte, identifiant, empreinte) "
        "select %(relation)s, 'source', to_regclass(%(relation)s)::oid, md5(%(fingerprint)s) "
        "except select relation, sorte, identifiant, empreinte from dwh_meta.definitions "
        "on conflict (relation, sorte) do update "
        "set identifiant = excluded.identifiant, empreinte = excluded.empreinte",
        {"relation": relation, "fingerprint": fingerprint},
    )
    return changed.rowcount > 0
