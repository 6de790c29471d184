"""The state of the servers: connections, rights, settings, cache, slow queries, blockers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, LiteralString

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.objects import layer_of
from sigeti_dwh.monitor.services import SECONDS, Service, look_at
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect

State = Literal["ok", "warning", "critical", "unknown"]
CACHE_HIT = 0.9

SETTINGS = (
    "shared_buffers",
    "work_mem",
    "effective_cache_size",
    "max_connections",
    "statement_timeout",
    "lock_timeout",
    "track_commit_timestamp",
)
CACHE = """
select sum(blks_hit)::float / nullif(sum(blks_hit + blks_read), 0), min(stats_reset)
from pg_stat_database where datname = current_database()
"""
# What the owner of the warehouse has to himself, what all share, what readers may take of it.
CONNECTIONS = """
with numbers as (
    select
        max(setting::int) filter (where name = 'max_connections') as most,
        max(setting::int) filter (where name = 'superuser_reserved_connections') as superusers,
        coalesce(max(setting::int) filter (where name = 'reserved_connections'), 0) as reserved
    from pg_show_all_settings()
), shares as (
    select *, most - superusers - reserved as common from numbers
), readers as (
    select rolconnlimit from pg_roles l
    where rolcanlogin and not rolsuper and exists (
        select from pg_roles g
        where g.rolname = any(%s) and pg_has_role(l.oid, g.oid, 'member')
    )
)
select
    o.rolname::text,
    case
        when o.rolsuper then superusers
        when exists (
            select from pg_roles
            where rolname = 'pg_use_reserved_connections' and pg_has_role(o.oid, oid, 'usage')
        ) then reserved
        else 0
    end,
    common,
    coalesce((
        select sum(case when rolconnlimit < 0 then common else rolconnlimit end) from readers
    ), 0)::int
from shares
join pg_namespace on nspname = 'dwh_meta'
join pg_roles o on o.oid = nspowner
"""
READERS = ["bi_reader", "dwh_analyst", "dwh_monitor"]
NIGHT_CONNECTIONS = 12
UNUSED = """
select format('%I.%I', s.schemaname, s.indexrelname), pg_relation_size(s.indexrelid)
from pg_stat_user_indexes s
join pg_index i using (indexrelid)
where s.idx_scan = 0 and not i.indisunique and pg_relation_size(s.indexrelid) > 1000000
order by 2 desc limit 5
"""
DEAD = """
select format('%I.%I', schemaname, relname), n_dead_tup, n_live_tup
from pg_stat_user_tables
where n_dead_tup > 10000 and n_dead_tup > 0.2 * n_live_tup
order by n_dead_tup desc limit 5
"""
UNANALYSED = """
select format('%I.%I', schemaname, relname)
from pg_stat_user_tables
where n_mod_since_analyze > 10000 and n_mod_since_analyze > 0.2 * n_live_tup
order by n_mod_since_analyze desc limit 5
"""
BLOCKED = """
select
    blocked.pid, blocked.usename, blocked.application_name,
    extract(epoch from clock_timestamp() - blocked.query_start)::int,
    blocking.pid, blocking.usename, blocking.application_name, blocking.state
from pg_stat_activity blocked
cross join unnest(pg_blocking_pids(blocked.pid)) as blocker (pid)
join pg_stat_activity blocking on blocking.pid = blocker.pid
where blocked.datname = current_database()
"""
SLOW = """
select
    coalesce(
        substring(s.query from '"node_id": "([^"]+)"'),
        left(regexp_replace(s.query, '\\s+', ' ', 'g'), 60)
    ),
    r.rolname, sum(s.calls)::bigint, sum(s.total_exec_time) / 1000
from {} s
join pg_roles r on r.oid = s.userid
where s.dbid = (select oid from pg_database where datname = current_database())
group by 1, 2 order by 4 desc limit 10
"""
STATISTICS_SCHEMA = """
select n.nspname::text
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
where e.extname = 'pg_stat_statements'
"""
STATISTICS_LOADED = (
    "select count(*) > 0 from pg_show_all_settings() where name like 'pg_stat_statements.%'"
)
# Not for every role to see.
PRELOADED = "select setting from pg_show_all_settings() where name = 'shared_preload_libraries'"
# What nobody but their owner has a right on.
PRIVATE = {
    ("dwh_meta", name)
    for name in ("droits_zones", "droits_domaines", "utilisateurs_lecteurs", "nuit", "verrous")
}
RELATIONS = """
select
    n.nspname::text, c.relname::text,
    has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'p') order by 1, 2
"""


@dataclass(frozen=True)
class Check:
    """One thing looked at, and what to do when it is not right."""

    what: str
    state: State
    value: str
    advice: str = ""


def check_health(settings: Settings, services: Sequence[Service] | None = None) -> list[Check]:
    """Look at all services, and more closely at warehouse and source where they answer.

    `services` are what a look has just found. What cannot be asked is unknown, never fine.
    """
    checks = []
    for service in look_at(settings) if services is None else services:
        checks.append(check_service(service))
        if service.status == "ok" and service.name in CLOSELY:
            checks += CLOSELY[service.name](settings)
    return checks


def check_service(service: Service) -> Check:
    """Return what a look at a service found; without Prefect's server nights run anyway."""
    what = f"{service.name}: connection"
    if service.message is None:
        return Check(what, "ok", str(service))
    said, _, advice = service.message.partition("\n")
    if service.name == "prefect":
        return Check(what, "warning", said, "Start it; nights run anyway.")
    return Check(what, "critical", said, advice or ADVICE.get(service.name, ""))


def _warehouse(settings: Settings) -> list[Check]:
    with connect(settings.warehouse, autocommit=True, application_name="monitor_dwh") as connection:
        connection.execute(f"set statement_timeout = '{SECONDS:.0f}s'".encode())
        connection.execute("set default_transaction_read_only = on")
        checks = _prefix(connection, settings.schema)
        for look in (
            _encoding,
            _role,
            _settings,
            _connections,
            _cache,
            _indexes,
            _tables,
            _slow,
            _blocked,
        ):
            checks += _tried(look, connection)
        return checks + _rights(connection, settings.schema)


def _source(settings: Settings) -> list[Check]:
    with connect(settings.source, snapshot=True, application_name="monitor_dwh") as source:
        row = source.execute("select pg_is_in_recovery()").fetchone()
    kind = "a standby, in recovery" if row == (True,) else "a primary"
    return [Check("source: kind of server", "ok", kind)]


ADVICE = {
    "mongodb": "Start that server, or correct DWH_HEALTH_MONGO.",
    "redis": "Start that server, or correct DWH_HEALTH_REDIS.",
}
CLOSELY = {"warehouse": _warehouse, "source": _source}
"""The services that are looked at more closely."""


def _prefix(connection: psycopg.Connection[Any], prefix: str) -> list[Check]:
    try:
        meta.require_prefix(connection, prefix)
    except UserError as error:
        return [Check("warehouse: prefix", "critical", str(error))]
    return []


def _tried(look: Any, connection: psycopg.Connection[Any]) -> list[Check]:
    try:
        checks: list[Check] = look(connection)
    except psycopg.Error as error:
        if connection.closed:
            raise
        what = f"warehouse: {look.__name__.strip('_')}"
        return [Check(what, "unknown", error.diag.message_primary or str(error))]
    return checks


def _encoding(connection: psycopg.Connection[Any]) -> list[Check]:
    row = _row(
        connection,
        "select pg_encoding_to_char(encoding), datcollate from pg_database "
        "where datname = current_database()",
    )
    encoding, collation = row
    state: State = "ok" if encoding == "UTF8" else "critical"
    advice = "" if encoding == "UTF8" else "Make the warehouse a database with ENCODING 'UTF8'."
    return [Check("warehouse: encoding", state, f"{encoding}, collation {collation}", advice)]


def _role(connection: psycopg.Connection[Any]) -> list[Check]:
    name, is_super, monitors = _row(
        connection,
        "select current_user, rolsuper, pg_has_role(current_user, 'pg_monitor', 'USAGE') "
        "from pg_roles where rolname = current_user",
    )
    advice = ""
    if not monitors:
        grant = sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(name)).as_string()
        advice = f"To see the statements of others: {grant};"
    kind = "superuser" if is_super else "member of pg_monitor" if monitors else "plain"
    return [Check("warehouse: role", "ok" if monitors else "warning", f"{name}, {kind}", advice)]


def _settings(connection: psycopg.Connection[Any]) -> list[Check]:
    rows = connection.execute(
        "select name, current_setting(name) from pg_show_all_settings() "
        "where name = any(%s) order by name",
        [list(SETTINGS)],
    ).fetchall()
    return [Check("warehouse: settings", "ok", ", ".join(f"{n} {value}" for n, value in rows))]


def _connections(connection: psycopg.Connection[Any]) -> list[Check]:
    """Tell whether logins within their limits can take the connections that a night needs."""
    row = connection.execute(CONNECTIONS, [READERS]).fetchone()
    if row is None:
        return []
    owner, kept, common, taken = row
    told = f"{kept} kept for {owner}, {common} for all, of which readers may take {taken}"
    if kept >= NIGHT_CONNECTIONS or common - taken >= NIGHT_CONNECTIONS:
        return [Check("warehouse: connections", "ok", told)]
    grant = sql.SQL("GRANT pg_use_reserved_connections TO {}").format(sql.Identifier(owner))
    advice = (
        f"Raise max_connections, or reserved_connections = {NIGHT_CONNECTIONS} (PostgreSQL 16) and "
        f"{grant.as_string()};"
    )
    return [Check("warehouse: connections", "warning", told, advice)]


def _cache(connection: psycopg.Connection[Any]) -> list[Check]:
    ratio, since = _row(connection, CACHE)
    if ratio is None:
        return [Check("warehouse: cache hit ratio", "unknown", "nothing was read yet")]
    told = f"{ratio:.1%} since {since or 'the server was made'}"
    state: State = "ok" if ratio >= CACHE_HIT else "warning"
    advice = "" if state == "ok" else "Raise shared_buffers, to a quarter of the memory."
    return [Check("warehouse: cache hit ratio", state, told, advice)]


def _indexes(connection: psycopg.Connection[Any]) -> list[Check]:
    (since,) = _row(
        connection,
        "select coalesce(stats_reset, pg_postmaster_start_time()) from pg_stat_database "
        "where datname = current_database()",
    )
    unused = connection.execute(UNUSED).fetchall()
    told = ", ".join(f"{name} ({size // 1000000} MB)" for name, size in unused) or "none of 1 MB"
    return [Check("warehouse: unused indexes", "ok", f"{told}; counted since {since:%Y-%m-%d}")]


def _tables(connection: psycopg.Connection[Any]) -> list[Check]:
    found = connection.execute(DEAD).fetchall()
    names = [name for name, *_ in found]
    dead = [f"{name} ({gone} of {live + gone})" for name, gone, live in found]
    stale = [name for (name,) in connection.execute(UNANALYSED)]
    return [
        Check(
            "warehouse: dead rows",
            "warning" if dead else "ok",
            ", ".join(dead) or "few",
            f"VACUUM {', '.join(names)}; or let autovacuum do it." if dead else "",
        ),
        Check(
            "warehouse: statistics",
            "warning" if stale else "ok",
            ", ".join(stale) or "recent",
            f"ANALYZE {', '.join(stale)};" if stale else "",
        ),
    ]


def _slow(connection: psycopg.Connection[Any]) -> list[Check]:
    what = "warehouse: dearest queries"
    schemas = connection.execute(STATISTICS_SCHEMA).fetchall()
    if not schemas:
        (loaded,) = _row(connection, STATISTICS_LOADED)
        first = "" if loaded else _preload(connection)
        advice = f"{first}CREATE EXTENSION pg_stat_statements;"
        return [Check(what, "unknown", "pg_stat_statements is not there", advice)]
    view = sql.Identifier(*schemas[0], "pg_stat_statements")
    return [
        Check(what, "ok", f"{name} by {role}: {calls} calls, {seconds:.1f} s")
        for name, role, calls, seconds in connection.execute(sql.SQL(SLOW).format(view))
    ]


def _preload(connection: psycopg.Connection[Any]) -> str:
    """Return how to make the server load pg_stat_statements, beside what it loads already."""
    row = connection.execute(PRELOADED).fetchone()
    if row is None:
        return "Add pg_stat_statements to shared_preload_libraries; restart; "
    libraries = ", ".join(f"'{one.strip()}'" for one in row[0].split(",") if one.strip())
    with_ours = f"{libraries}, 'pg_stat_statements'".removeprefix(", ")
    return f"ALTER SYSTEM SET shared_preload_libraries = {with_ours}; restart; "


def _blocked(connection: psycopg.Connection[Any]) -> list[Check]:
    rows = connection.execute(BLOCKED).fetchall()
    if not rows:
        return [Check("warehouse: who waits for whom", "ok", "nobody")]
    return [
        Check(
            "warehouse: who waits for whom",
            "warning",
            f"{pid} ({user}, {name}) for {seconds} s on {other} ({owner}, {program}, {state})",
            f"To end it: SELECT pg_terminate_backend({other});",
        )
        for pid, user, name, seconds, other, owner, program, state in rows
    ]


def _rights(connection: psycopg.Connection[Any], prefix: str) -> list[Check]:
    """Return the rights that this role lacks to measure all, as the GRANTs that give them."""
    (role,) = _row(connection, "select current_user")
    lacking: dict[str, list[str]] = {}
    for schema, name, usable, readable in connection.execute(RELATIONS):
        known = layer_of(schema, prefix) is not None or schema == "dwh_meta"
        known = known and (schema, name) not in PRIVATE
        if known and not (usable and readable):
            lacking.setdefault(schema, []).append(name)
    if not lacking:
        return [Check("warehouse: rights", "ok", "every object can be read")]
    checks = []
    for schema, names in lacking.items():
        grant = sql.SQL(
            "GRANT USAGE ON SCHEMA {0} TO {1}; GRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {1};"
        ).format(sql.Identifier(schema), sql.Identifier(role))
        told = f"{len(names)} objects of {schema} cannot be read"
        checks.append(Check("warehouse: rights", "warning", told, grant.as_string()))
    return checks


def _row(connection: psycopg.Connection[Any], query: LiteralString) -> Sequence[Any]:
    row: Sequence[Any] | None = connection.execute(query).fetchone()
    assert row is not None
    return row
