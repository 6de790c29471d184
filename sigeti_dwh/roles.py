"""Roles by least privilege, and logins that have their rights and limits.

The roles are groups without a login. What each may do is in rights.sql; a role's settings do not
reach its members, so each login gets them as its own.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh import meta
from sigeti_dwh.database import connect, translated
from sigeti_dwh.errors import UserError
from sigeti_dwh.search import search_obstacle
from sigeti_dwh.settings import Settings

Connection = psycopg.Connection[Any]
Zones = Iterable[int] | None
"""Zones of a login; None is all of them."""


@dataclass(frozen=True)
class Role:
    """A group role: what it is for, and what its logins are limited to."""

    purpose: str
    connections: int
    settings: dict[str, str]


READ_ONLY = {"default_transaction_read_only": "on"}
SHORT = {"statement_timeout": "60s", "idle_in_transaction_session_timeout": "30s"}
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
order by 1
"""


def create_roles(settings: Settings, report: Callable[[str], None] = print) -> None:
    """Create the roles that are missing, and give all of them their rights on what exists.

    Raises UserError when the user may not create roles, RetryableError when a table is in use.
    """
    warehouse = settings.warehouse
    with (
        connect(warehouse, autocommit=True, application_name="sigeti_dwh roles") as connection,
        translated(warehouse),
    ):
        meta.prepare(connection)
        created = _create_missing(connection, warehouse.user)
        report(f"Roles created: {', '.join(created) or 'none, all were there'}.")
        if not _lend_statistics(connection):
            report(
                "As a superuser, for what the monitor measures: GRANT pg_monitor TO dwh_monitor;"
            )
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
        if (obstacle := search_obstacle(connection)) is not None:
            report(obstacle)
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

    Without a password a new login gets one, an existing login keeps its own. `zones` are added to
    those it sees. The server sees a digest of the password only, so that no log can hold it.
    """
    warehouse = settings.warehouse
    with connect(warehouse) as connection, translated(warehouse):
        exists = _is_ours(connection, name, warehouse.user)
        made_up = secrets.token_urlsafe(18) if password is None and not exists else None
        login = sql.Identifier(name)
        if not exists:
            connection.execute(sql.SQL("create role {} login").format(login))
        if (secret := password or made_up) is not None:
            digest = connection.pgconn.encrypt_password(
                secret.encode(), name.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("alter role {} password {}").format(login, sql.Literal(digest.decode()))
            )
        _limit(connection, login, role)
        for zone in [None] if zones is None else zones:
            connection.execute(
                "insert into dwh_meta.droits_zones (login, zone_id) values (%s, %s) "
                "on conflict do nothing",
                [name, zone],
            )
        sees = connection.execute(
            "select zone_id from dwh_meta.droits_zones where login = %s order by 1", [name]
        ).fetchall()
    report(f"Login {name}: member of {role}, {_described([zone for (zone,) in sees])}.")
    return made_up


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
        "select rolsuper or rolcreaterole or rolname = current_user or not rolcanlogin "
        "or not exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid "
        "where m.member = r.oid and g.rolname = any(%s)) from pg_roles r where rolname = %s",
        [list(ROLES), name],
    ).fetchone()
    if row == (True,):
        raise UserError(
            f"The role {name} exists and is no login of this warehouse.\nChoose another name."
        )
    return row is not None


def _limit(connection: Connection, login: sql.Identifier, role: str) -> None:
    """Make the login a member of one role, with this role's settings and no others."""
    for other in ROLES.keys() - {role}:
        connection.execute(sql.SQL("revoke {} from {}").format(sql.Identifier(other), login))
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), login))
    limit = sql.SQL("alter role {} connection limit {}")
    connection.execute(limit.format(login, sql.Literal(ROLES[role].connections)))
    connection.execute(sql.SQL("alter role {} reset all").format(login))
    for setting, value in ROLES[role].settings.items():
        connection.execute(
            sql.SQL("alter role {} set {} = {}").format(
                login, sql.Identifier(setting), sql.Literal(value)
            )
        )


def _described(zones: list[int | None]) -> str:
    if None in zones:
        return "sees all zones"
    return f"sees zones {', '.join(map(str, zones))}" if zones else "sees no zone yet"
