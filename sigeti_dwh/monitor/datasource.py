"""Whether the warehouse serves BI tools: what each role may and may not, really tried.

For each role a login is made for the time of the check, so that no password need be known; with
`--login`, an existing one is tried instead.
"""

import argparse
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql
from tabulate import tabulate

from sigeti_dwh.areas import RAW
from sigeti_dwh.errors import UserError
from sigeti_dwh.marts import Marts, Pool
from sigeti_dwh.monitor.arguments import Parser
from sigeti_dwh.readers.contract import read_marts
from sigeti_dwh.settings import Server, Settings, load_settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import ROLES, create_login

OK, PROBLEM = 0, 2
# The layers that a role may read; what is not named here must be refused.
READABLE = {
    "bi_reader": ("marts",),
    "dwh_analyst": ("marts", "dimensions", "facts"),
    "dwh_loader": ("raw", "meta"),
}
BI_ROLES = ("bi_reader", "dwh_analyst")
COPIES = ["raw_sigeti", "dwh_suivi", *RAW]
RELATIONS = """
select n.nspname, c.relname, layer
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select case
        when n.nspname = any(%(raw)s) then 'raw'
        when n.nspname = 'dwh_meta' then 'meta'
        else split_part(substr(n.nspname, length(%(prefix)s) + 2), '_', 1)
    end as layer
) as layers
where c.relkind in ('r', 'p', 'v', 'm')
    and (n.nspname = any(%(raw)s) or n.nspname = 'dwh_meta'
        or starts_with(n.nspname, %(prefix)s || '_'))
"""
CONTACTS = """
select format('%%I.%%I', attrelid::regclass, attname)
from pg_attribute
join pg_class c on c.oid = attrelid
where attname in ('telephone', 'email', 'adresse') and relname !~ 'zones_industrielles'
    and starts_with(relnamespace::regnamespace::text, %(prefix)s || '_')
    and has_column_privilege(attrelid, attnum, 'select')
"""


@dataclass(frozen=True)
class Finding:
    """What one check found for a role."""

    role: str
    check: str
    ok: bool
    said: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Check each role, print a table; return 0 when all is well, 2 when something is not.

    Raises UserError when nothing can be tried.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.login and len(options.role or []) > 1:
        parser.error("a login is tried as one --role")
    settings = load_settings()
    with connect(settings.warehouse) as connection:
        meta.require_prefix(connection, settings.schema)
    with _logins(settings, options.role, options.login) as logins:
        findings = [
            finding for role, server in logins.items() for finding in check(server, role, settings)
        ]
    print(
        tabulate(
            [(f.role, f.check, "ok" if f.ok else "PROBLEM", f.said) for f in findings],
            headers=("role", "check", "", "found"),
        )
    )
    return OK if all(finding.ok for finding in findings) else PROBLEM


def check(server: Server, role: str, settings: Settings) -> Iterator[Finding]:
    """Try what a role may and may not, as one of its logins."""
    checks: dict[str, Callable[[Server, str, str], str]] = {
        "connection": _connection,
        "limits": _limits,
        "marts": _marts,
        "refused": _refused,
        "contact details": _contacts,
        "writing": _writing,
        "accents": _accents,
        "pool": _pool,
    }
    for name, attempt in checks.items():
        started = time.perf_counter()
        try:
            said = attempt(server, role, settings.schema)
            yield Finding(role, name, True, f"{said} ({time.perf_counter() - started:.2f} s)")
        except (UserError, psycopg.Error, AssertionError) as error:
            yield Finding(role, name, False, str(error).splitlines()[0])
            if name == "connection":
                return


def _connection(server: Server, role: str, prefix: str) -> str:
    with connect(server) as connection:
        version = connection.info.server_version
        encrypted = "encrypted" if connection.pgconn.ssl_in_use else "not encrypted"
        row = connection.execute("select pg_has_role(%s, 'usage')", [role]).fetchone()
        assert row == (True,), f"{server.user} is no member of {role}"
    return f"PostgreSQL {version // 10000}, {encrypted}"


def _limits(server: Server, role: str, prefix: str) -> str:
    wanted = ROLES[role].settings
    with connect(server) as connection:
        for setting, value in wanted.items():
            row = connection.execute(
                "select current_setting(%s) = set_config(%s, %s, true)", [setting, setting, value]
            ).fetchone()
            assert row == (True,), f"{setting} is not {value}"
    return ", ".join(f"{setting} {value}" for setting, value in wanted.items()) or "none"


def _marts(server: Server, role: str, prefix: str) -> str:
    if not _reads_marts(role):
        return "not for this role"
    rows, slowest = 0, 0.0
    with Marts(server, schema=prefix) as marts:
        for mart in read_marts():
            started = time.perf_counter()
            table = f"{prefix}_{mart.schema}.{mart.name}"
            [row] = marts.query(f"select count(*) as lignes from {table}")
            slowest = max(slowest, time.perf_counter() - started)
            rows += row["lignes"]
            # A login of some zones sees no overall totals; how fresh they are, everybody does.
            assert row["lignes"] or mart.name != "fraicheur", "nothing has been published yet"
    return f"{len(read_marts())} with {rows} rows, the slowest counted in {1000 * slowest:.0f} ms"


def _refused(server: Server, role: str, prefix: str) -> str:
    readable = READABLE.get(role)
    if readable is None:
        return "works on all layers"
    with connect(server, autocommit=True) as connection:
        relations = connection.execute(RELATIONS, {"prefix": prefix, "raw": COPIES}).fetchall()
        closed = [(schema, name) for schema, name, layer in relations if layer not in readable]
        for schema, name in closed:
            try:
                connection.execute(
                    sql.SQL("select 1 from {} limit 0").format(sql.Identifier(schema, name))
                )
            except psycopg.errors.InsufficientPrivilege:
                continue
            raise AssertionError(f"{schema}.{name} can be read")
    return f"{len(closed)} tables and views of other layers"


def _contacts(server: Server, role: str, prefix: str) -> str:
    if role in ("dwh_loader", "dwh_transformer"):
        return "this role works with them"
    with connect(server) as connection:
        seen = [name for (name,) in connection.execute(CONTACTS, {"prefix": prefix})]
    assert not seen, f"can be read: {', '.join(seen)}"
    return "out of reach"


def _writing(server: Server, role: str, prefix: str) -> str:
    mart = f"{prefix}_marts_operationnel.mart_kpi_operationnels"
    with connect(server) as connection:
        connection.execute("set transaction read write")
        try:
            connection.execute(f"delete from {mart} where false".encode())
        except psycopg.errors.InsufficientPrivilege:
            return "refused"
    assert role == "dwh_transformer", "the marts can be written"
    return "allowed, as it is for"


def _accents(server: Server, role: str, prefix: str) -> str:
    text = "Œuvre de l'Indénié, ≥ 1 000 m²"
    with connect(server) as connection:
        row = connection.execute(
            "select %s::text, octet_length(%s::text), current_setting('server_encoding')",
            [text, text],
        ).fetchone()
    assert row == (text, len(text.encode()), "UTF8"), f"{text} comes back as {row}"
    return "come back as they went"


def _pool(server: Server, role: str, prefix: str) -> str:
    if not _reads_marts(role):
        return "not for this role"
    pool = Pool(size=2, overflow=ROLES[role].connections - 2)
    workers = pool.size + pool.overflow
    seconds: list[float] = []

    def ask(number: int) -> None:
        started = time.perf_counter()
        marts.freshness()
        seconds.append(time.perf_counter() - started)

    with Marts(server, schema=prefix, pool=pool) as marts, ThreadPoolExecutor(workers) as threads:
        list(threads.map(ask, range(10 * workers)))
    slowest = sorted(seconds)[int(0.95 * len(seconds))]
    return f"{len(seconds)} queries over {workers} connections, 95 % within {1000 * slowest:.0f} ms"


def _reads_marts(role: str) -> bool:
    return "marts" in READABLE.get(role, ("marts",))


@contextmanager
def _logins(
    settings: Settings, roles: list[str] | None, login: str | None
) -> Iterator[dict[str, Server]]:
    """Give a login for each role: the one that was named, or new ones that go at the end."""
    warehouse = settings.warehouse
    if login is not None:
        [role] = roles or ["bi_reader"]
        password = os.environ.get("DWH_LOGIN_PASSWORD", "")
        yield {role: replace(warehouse, user=login, password=password)}
        return
    logins = {
        role: replace(
            warehouse, user=f"essai_{role}_{secrets.token_hex(4)}", password=secrets.token_urlsafe()
        )
        for role in roles or BI_ROLES
    }
    try:
        for role, server in logins.items():
            create_login(
                settings, server.user, role, server.password, None, report=lambda line: None
            )
        yield logins
    except psycopg.Error as error:
        raise UserError(
            f"No login can be made to try the roles: {str(error).splitlines()[0]}\n"
            "Run ./run_pipeline.sh roles first, or try one that exists: --login NAME."
        ) from None
    finally:
        _drop(settings, [server.user for server in logins.values()])


def _drop(settings: Settings, names: list[str]) -> None:
    with connect(settings.warehouse) as connection:
        row = connection.execute("select to_regclass('dwh_meta.droits_zones')").fetchone()
        if row != (None,):
            connection.execute("delete from dwh_meta.droits_zones where login = any(%s)", [names])
        made = "select rolname::text from pg_roles where rolname = any(%s)"
        for (name,) in connection.execute(made, [names]).fetchall():
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="monitor_dwh.py datasource",
        description="Tries as each role what BI tools rely on, and what must be refused.",
        epilog="Exit code: 0 all is well, 2 a problem, 3 it cannot be measured.",
    )
    parser.add_argument(
        "--role",
        action="append",
        choices=list(ROLES),
        help="bi_reader and dwh_analyst unless given",
    )
    parser.add_argument(
        "--login", metavar="NAME", help="try this login; its password: DWH_LOGIN_PASSWORD"
    )
    return parser
