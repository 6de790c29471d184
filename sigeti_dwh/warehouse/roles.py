"""Roles by least privilege, and logins that have their rights and limits.

The roles are groups without a login. What each may do is in rights.sql; a role's settings do not
reach its members, so each login gets them as its own.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, translated
from sigeti_dwh.warehouse.passwords import forget_passwords, set_password
from sigeti_dwh.warehouse.public_rights import take_back_public_rights
from sigeti_dwh.warehouse.search import search_obstacle

Connection = psycopg.Connection[Any]
Zones = Collection[int] | None
"""Zones of a login; None is all of them."""


@dataclass(frozen=True)
class Role:
    """A group role: what it is for, and what its logins are limited to."""

    purpose: str
    connections: int
    settings: dict[str, str]


READ_ONLY = {"default_transaction_read_only": "on"}
SHORT = {"statement_timeout": "60s", "idle_in_transaction_session_timeout": "30s"}
DISK = {
    "temp_file_limit": "256MB",
    # RAISE LOG and the text of a statement that fails have no limit in the server's log.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}
"""What keeps a login from filling the server's disk; unlike the others, it cannot set it aside."""
LONG = {"statement_timeout": "10min", "idle_in_transaction_session_timeout": "5min"}
ROLES = {
    "dwh_loader": Role("Écrit les copies de la source (raw_sigeti).", 5, {}),
    "dwh_transformer": Role("Lit les copies, écrit les couches de l'entrepôt.", 20, {}),
    "bi_reader": Role("Lit les marts publiés.", 20, READ_ONLY | SHORT),
    "dwh_analyst": Role("Lit dimensions, faits et marts, sans coordonnées.", 10, LONG),
    "dwh_monitor": Role("Compte et mesure tout, sans coordonnées.", 5, READ_ONLY | SHORT),
}
WITHOUT_ZONE = """
select m.rolname::text
from pg_roles m
where m.rolcanlogin and not m.rolsuper
    and (pg_has_role(m.oid, 'bi_reader', 'usage') or pg_has_role(m.oid, 'dwh_analyst', 'usage'))
    and not exists (select from dwh_meta.droits_zones where login = m.rolname)
    and not exists (select from dwh_meta.droits_domaines where login = m.rolname)
    and not exists (select from dwh_meta.utilisateurs_lecteurs where login = m.rolname)
order by 1
"""
# What of optional areas logins see.
OF_AREAS = """
select login, string_agg(what, ', ' order by what)
from (
    select login, 'the area ' || domaine as what from dwh_meta.droits_domaines
    union all
    select login, count(*) || case count(*) when 1 then ' customer' else ' customers' end
        || ' of saas'
    from dwh_meta.utilisateurs_lecteurs
    group by login
) as seen
group by login
order by login
"""
# A group that could do more would lend it to its logins, or let somebody in by itself.
TOO_MUCH = """
select rolname::text, array_remove(array[
    case when rolcanlogin then 'LOGIN' end,
    case when rolsuper then 'SUPERUSER' end,
    case when rolcreaterole then 'CREATEROLE' end,
    case when rolreplication then 'REPLICATION' end,
    case when rolbypassrls then 'BYPASSRLS' end
], null) as powers
from pg_roles
where rolname = any(%s)
    and (rolcanlogin or rolsuper or rolcreaterole or rolreplication or rolbypassrls)
order by 1
"""
LEFT_OUT = """
select format('%%s of %%s', c.oid::regclass, pg_get_userbyid(relowner))
from dwh_meta.relations_de(%s) as relation
join pg_class c on c.oid = relation
where not pg_has_role(relowner, 'usage')
order by 1
"""
# Logins of one role, and what is set for them.
SETTINGS = """
select l.rolname::text, min(g.rolname::text), coalesce(l.rolconfig, '{}')
from pg_roles l
join pg_auth_members m on m.member = l.oid
join pg_roles g on g.oid = m.roleid
where g.rolname = any(%s) and l.rolcanlogin and not l.rolsuper and l.rolname <> current_user
group by l.rolname, l.rolconfig
having count(distinct g.oid) = 1
order by 1
"""
IN_DATABASES = """
select datname::text, split_part(setting, '=', 1)
from pg_db_role_setting
join pg_database d on d.oid = setdatabase
cross join unnest(setconfig) as setting
where setrole = to_regrole(quote_ident(%s))
order by 1, 2
"""
# By which grants a login is a member of other groups, itself or through a role of its own.
KEPT = """
select format('REVOKE %%I FROM %%I GRANTED BY %%I;', g.rolname,
    pg_get_userbyid(m.member), pg_get_userbyid(m.grantor))
from pg_auth_members m
join pg_roles g on g.oid = m.roleid
where g.rolname = any(%s) and pg_has_role(%s, m.member, 'member')
order by 1
"""
FORGET_ALL = "SELECT pg_stat_statements_reset();"
NAME_BYTES = 63
LARGEST_ZONE = 2**31 - 1


def create_roles(settings: Settings, report: Callable[[str], None] = print) -> None:
    """Create the roles that are missing, and give all of them their rights on what exists.

    Raises UserError when the user may not create roles, RetryableError when a table is in use.
    """
    warehouse = settings.warehouse
    with (
        connect(warehouse, autocommit=True, application_name="sigeti_dwh roles") as connection,
        translated(warehouse),
    ):
        _refuse_powers(connection)
        meta.prepare(connection)
        meta.claim(connection, settings.schema)
        created = _create_missing(connection, warehouse.user)
        report(f"Roles created: {', '.join(created) or 'none, all were there'}.")
        if not _lend_statistics(connection):
            report(
                "As a superuser, for what the monitor measures: GRANT pg_monitor TO dwh_monitor;"
            )
        if remaining := take_back_public_rights(connection, settings):
            report(_remaining(remaining, settings))
        if not forget_passwords(connection):
            report("As a superuser, so that no monitor reads passwords: " + FORGET_ALL)
        connection.execute("set lock_timeout = '10s'")
        names = connection.execute(
            "select relation::text from dwh_meta.relations_a_proteger(%s) as relation",
            [settings.schema],
        ).fetchall()
        for (name,) in names:
            # Each in a transaction of its own: no reader waits for more than one table.
            connection.execute("select dwh_meta.proteger(%s::regclass)", [name])
        connection.execute("select dwh_meta.proteger_recherche(%s)", [settings.schema])
        report(f"Rights and row policies are in order on {len(names)} tables and views.")
        if left_out := [name for (name,) in connection.execute(LEFT_OUT, [settings.schema])]:
            report(f"Left as they are, as they belong to others: {', '.join(left_out)}.")
        if changed := _limit_again(connection):
            report(f"Logins whose limits were changed have them again: {', '.join(changed)}.")
        if (obstacle := search_obstacle(connection)) is not None:
            report(obstacle)
        if of_areas := connection.execute(OF_AREAS).fetchall():
            listed = "; ".join(f"{login} {seen}" for login, seen in of_areas)
            report(f"Of optional areas, beside readers of all zones, see: {listed}.")
        unseeing = [name for (name,) in connection.execute(WITHOUT_ZONE)]
        if unseeing:
            report(
                f"Logins that see no row, for want of one in dwh_meta.droits_zones: "
                f"{', '.join(unseeing)}."
            )


def create_login(
    settings: Settings,
    name: str,
    role: str,
    password: str | None = None,
    zones: Zones = (),
    report: Callable[[str], None] = print,
) -> str | None:
    """Create a login of a role, or set its limits anew; return the password if one was made up.

    Without a password a new login gets one, an existing login keeps its own; the same holds for
    `zones`, which replace those it saw. The server sees a digest of the password only, so that no
    log can hold it.

    Raises UserError for a name or zone that cannot be, and for a login with rights from elsewhere.
    """
    _check_words(name, zones)
    warehouse = settings.warehouse
    with connect(warehouse) as connection, translated(warehouse):
        exists = _is_ours(connection, name, warehouse.user)
        if not exists:
            _refuse_legacy(connection, name, zones)
        made_up = secrets.token_urlsafe(18) if password is None and not exists else None
        login = sql.Identifier(name)
        if not exists:
            connection.execute(sql.SQL("create role {} login").format(login))
        if (secret := password or made_up) is not None:
            set_password(connection, name, secret)
        unbounded = _limit(connection, name, role)
        keeps_none = forget_passwords(connection)
        if zones is None or zones:
            connection.execute("delete from dwh_meta.droits_zones where login = %s", [name])
        for zone in [None] if zones is None else set(zones):
            connection.execute(
                "insert into dwh_meta.droits_zones (login, zone_id) values (%s, %s)", [name, zone]
            )
        sees = _zones_of(connection, name)
        unknown = _unknown_zones(connection, settings.schema, sees)
        of_areas = dict(connection.execute(OF_AREAS).fetchall()).get(name)
    described = f"{_described(sees)}, {of_areas}" if of_areas else _described(sees)
    report(f"Login {name}: member of {role}, {described}.")
    if not keeps_none:
        report("As a superuser, so that no monitor reads its password: " + FORGET_ALL)
    if unbounded:
        report(
            "Its part of the server's disk has no limit: let a superuser say GRANT SET ON "
            f'PARAMETER {", ".join(unbounded)} TO "{warehouse.user}"; and run again.'
        )
    if unknown:
        report(f"There is no zone {', '.join(map(str, unknown))} in the warehouse yet.")
    return made_up


def _check_words(name: str, zones: Zones) -> None:
    # What is not printable is not text either: PostgreSQL stores no lone surrogate and no \0.
    if (
        not name.isprintable()
        or not 1 <= len(name.encode()) <= NAME_BYTES
        or name.startswith("pg_")
        or name in ("public", "none")
    ):
        raise UserError(
            f"{name!r} cannot be the name of a login.\n"
            f"It has 1 to {NAME_BYTES} bytes of text, does not start by pg_, "
            "and is neither public nor none."
        )
    for zone in zones or ():
        if not -1 <= zone <= LARGEST_ZONE:
            raise UserError(
                f"{zone} is no zone.\n"
                "A zone is its number at the source, or -1 for what is of an unknown one."
            )


def _refuse_powers(connection: Connection) -> None:
    """Raise UserError for a group role that somebody made for more than to lend our rights."""
    row = connection.execute(TOO_MUCH, [list(ROLES)]).fetchone()
    if row is not None:
        name, powers = row
        raise UserError(
            f"The role {name} is there with {', '.join(powers)}, which no group of readers has.\n"
            f"If it is for this warehouse, let an administrator say: "
            f'ALTER ROLE "{name}" {" ".join(f"NO{power}" for power in powers)};\n'
            "Then run again: ./run_pipeline.sh roles"
        )


def _refuse_legacy(connection: Connection, name: str, zones: Zones) -> None:
    """Raise UserError when rights of a login that is gone would fall to the new one unsaid."""
    if of_areas := dict(connection.execute(OF_AREAS).fetchall()).get(name):
        removed = " ".join(
            f"DELETE FROM dwh_meta.{table} WHERE login = {sql.Literal(name).as_string()};"
            for table in ("droits_domaines", "utilisateurs_lecteurs")
        )
        raise UserError(
            f"There is no login {name}, but a former one still sees {of_areas}.\n"
            f"Say first: {removed}\nWhat the new one sees, say when it is there."
        )
    if zones is not None and not zones and (sees := _zones_of(connection, name)):
        raise UserError(
            f"There is no login {name}, but a former one still {_described(sees)}.\n"
            "Say by --zones what the new one sees, the same or other zones. For none, say first:\n"
            f"DELETE FROM dwh_meta.droits_zones WHERE login = {sql.Literal(name).as_string()};"
        )


def _create_missing(connection: Connection, user: str) -> list[str]:
    present = {
        name
        for (name,) in connection.execute(
            "select rolname::text from pg_roles where rolname = any(%s)", [list(ROLES)]
        )
    }
    missing = [name for name in ROLES if name not in present]
    allowed = connection.execute(
        "select rolcreaterole or rolsuper from pg_roles where rolname = current_user"
    ).fetchone()
    if missing and allowed != (True,):
        raise UserError(
            f"The user {user} may not create roles; missing are {', '.join(missing)}.\n"
            f'Let an administrator say: ALTER ROLE "{user}" CREATEROLE;\n'
            "Then run again: ./run_pipeline.sh roles"
        )
    for name in missing:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("create role {} nologin").format(role))
        connection.execute(
            sql.SQL("comment on role {} is {}").format(role, sql.Literal(ROLES[name].purpose))
        )
    return missing


def _lend_statistics(connection: Connection) -> bool:
    """Let the monitor see what the server is doing; False when only a superuser may say so."""
    row = connection.execute("select pg_has_role('dwh_monitor', 'pg_monitor', 'member')").fetchone()
    if row == (True,):
        return True
    try:
        connection.execute("grant pg_monitor to dwh_monitor")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _is_ours(connection: Connection, name: str, user: str) -> bool:
    """Tell whether the login exists; raise UserError for one that has rights from elsewhere."""
    row = connection.execute(
        "select rolsuper or rolcreaterole or rolreplication or rolbypassrls "
        "or rolname = current_user or not rolcanlogin "
        "or not exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid "
        "where m.member = r.oid and g.rolname = any(%s)) from pg_roles r where rolname = %s",
        [list(ROLES), name],
    ).fetchone()
    if row == (True,):
        raise UserError(
            f"The role {name} exists and is no login of this warehouse.\nChoose another name."
        )
    return row is not None


def _limit(connection: Connection, name: str, role: str) -> list[str]:
    """Make the login a member of one role, with this role's settings and no others.

    Return which settings of DISK could not be made, for want of a superuser's consent.
    """
    login = sql.Identifier(name)
    others = sorted(ROLES.keys() - {role})
    for other in others:
        connection.execute(sql.SQL("revoke {} from {}").format(sql.Identifier(other), login))
    # What somebody else granted, PostgreSQL does not revoke; it only warns.
    if kept := [statement for (statement,) in connection.execute(KEPT, [others, name])]:
        raise UserError(
            f"The login {name} cannot be a member of {role} only: others gave it more.\n"
            f"Let an administrator say: {' '.join(kept)}\nThen run again."
        )
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), login))
    limit = sql.SQL("alter role {} connection limit {}")
    connection.execute(limit.format(login, sql.Literal(ROLES[role].connections)))
    connection.execute(sql.SQL("alter role {} reset all").format(login))
    for database, setting in connection.execute(IN_DATABASES, [name]).fetchall():
        _reset(connection, name, database, setting)
    for setting, value in ROLES[role].settings.items():
        _set(connection, name, setting, value)
    return [setting for setting in DISK if not _bound(connection, name, setting)]


def _bound(connection: Connection, name: str, setting: str) -> bool:
    try:
        with connection.transaction():
            _set(connection, name, setting, DISK[setting])
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _limit_again(connection: Connection) -> list[str]:
    """Put back the settings of its role that a login has lost; return the logins.

    Each login may change its own: PostgreSQL forbids that to none.
    """
    changed = set()
    for name, role, found in connection.execute(SETTINGS, [list(ROLES)]).fetchall():
        for setting, value in ROLES[role].settings.items():
            if f"{setting}={value}" not in found:
                _set(connection, name, setting, value)
                changed.add(name)
        for database, setting in connection.execute(IN_DATABASES, [name]).fetchall():
            # One that holds in a database goes before the one that holds in all.
            if setting in ROLES[role].settings:
                _reset(connection, name, database, setting)
                changed.add(name)
        for setting, value in DISK.items():
            # Logins of earlier versions lack some.
            if f"{setting}={value}" not in found:
                _bound(connection, name, setting)
    return sorted(changed)


def _set(connection: Connection, login: str, setting: str, value: str) -> None:
    statement = sql.SQL("alter role {} set {} = {}")
    connection.execute(
        statement.format(sql.Identifier(login), sql.Identifier(setting), sql.Literal(value))
    )


def _reset(connection: Connection, login: str, database: str, setting: str) -> None:
    statement = sql.SQL("alter role {} in database {} reset {}")
    connection.execute(statement.format(*map(sql.Identifier, (login, database, setting))))


def _remaining(statements: list[str], settings: Settings) -> str:
    said = " ".join(f"{statement};" for statement in statements)
    if settings.one_database:
        return (
            f"Readers may write where the source's application may need it; if it does not: {said}"
        )
    return f"As an administrator, so that no reader can write anything: {said}"


def _zones_of(connection: Connection, name: str) -> list[int | None]:
    rows = connection.execute(
        "select zone_id from dwh_meta.droits_zones where login = %s order by 1", [name]
    )
    return [zone for (zone,) in rows]


def _unknown_zones(connection: Connection, prefix: str, zones: list[int | None]) -> list[int]:
    present = connection.execute(
        "select to_regclass(%s) is not null", [f"{prefix}_dimensions.dim_zones_industrielles"]
    ).fetchone()
    if present != (True,):
        return []
    known = sql.SQL("select zone_id from {}").format(
        sql.Identifier(f"{prefix}_dimensions", "dim_zones_industrielles")
    )
    there = {zone for (zone,) in connection.execute(known)}
    return [zone for zone in zones if zone is not None and zone not in there]


def _described(zones: list[int | None]) -> str:
    if None in zones:
        return "sees all zones"
    return f"sees zones {', '.join(map(str, zones))}" if zones else "sees no zone yet"
