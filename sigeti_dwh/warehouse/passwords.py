"""Passwords of logins, of which the server gets a digest, and no statement's text has even that.

Who may read the statements of others (dwh_monitor) would otherwise have what a weak password can be
found by.
"""

from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

# The digest comes as a parameter, which a statement's text has as $2. The text of the inner
# statement is kept where pg_stat_statements looks into functions too.
SET_PASSWORD = """
do $$
begin
    execute format('alter role %I password %L',
        current_setting('sigeti_dwh.login'), current_setting('sigeti_dwh.digest'));
end
$$
"""
UNTRACKED = "set local pg_stat_statements.track_utility = off"
IS_KEPT = """
select current_setting('pg_stat_statements.track', true) = 'all'
    and current_setting('pg_stat_statements.track_utility', true)::boolean
"""
STATISTICS = """
select n.nspname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace
where e.extname = 'pg_stat_statements'
"""
FORGET = """
select {schema}.pg_stat_statements_reset(userid, dbid, queryid)
from {schema}.pg_stat_statements
where query ~* 'password\\s+\\S*(SCRAM-SHA-256|md5)'
"""


def set_password(connection: Connection, login: str, password: str) -> None:
    """Give a login its password, in the transaction that is open."""
    digest = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
    values = {"login": login, "digest": digest.decode()}
    for name, value in values.items():
        connection.execute("select set_config(%s, %s, true)", [f"sigeti_dwh.{name}", value])
    _try(connection, UNTRACKED)
    connection.execute(SET_PASSWORD)
    connection.execute("select set_config('sigeti_dwh.digest', '', true)")


def forget_passwords(connection: Connection) -> bool:
    """Remove what pg_stat_statements has kept of passwords; tell whether it keeps none."""
    for (schema,) in connection.execute(STATISTICS).fetchall():
        forget = sql.SQL(FORGET).format(schema=sql.Identifier(schema)).as_string()
        if not _try(connection, forget):
            return connection.execute(IS_KEPT).fetchone() != (True,)
    return True


def _try(connection: Connection, statement: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True
