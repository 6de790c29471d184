"""What PostgreSQL lets every login write anywhere, taken back where readers need none of it.

Large objects, temporary tables, advisory locks without number, other databases of the server: none
of them are ours, and each can fill a disk or a table of locks until no night can work. Whoever may
update a view of the catalogue may lock it, and with pg_settings whoever connects.
"""

from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.settings import Settings

Connection = psycopg.Connection[Any]

READER = "bi_reader"
WRITERS = ("dwh_loader", "dwh_transformer")
# Those of the catalogue that any login may call and that leave something behind.
FUNCTIONS = """
select p.oid::regprocedure::text
from pg_proc p
where p.pronamespace = 'pg_catalog'::regnamespace
    and p.proname ~ '^(lo_(creat|create|from_bytea|put|truncate|truncate64|unlink)|lowrite'
        '|pg_(try_)?advisory_(xact_)?lock(_shared)?|pg_logical_emit_message)$'
    and has_function_privilege(%s, p.oid, 'execute')
order by 1
"""
SCHEMAS = """
select nspname::text from pg_namespace
where has_schema_privilege(%s, oid, 'create') and nspname !~ '^pg_(toast_)?temp'
order by 1
"""
CATALOGUE = """
select format('REVOKE %s ON %I.%I FROM PUBLIC',
    string_agg(distinct privilege_type, ', '), nspname, relname)
from pg_class c
join pg_namespace n on n.oid = relnamespace
cross join lateral aclexplode(relacl)
where nspname in ('pg_catalog', 'information_schema')
    and grantee = 0 and privilege_type <> 'SELECT'
group by nspname, relname
order by 1
"""
DATABASES = """
select datname::text
from pg_database
where datallowconn
    and case datname when current_database()
        then has_database_privilege(%(role)s, oid, 'temporary')
        else %(all)s and has_database_privilege(%(role)s, oid, 'connect')
    end
order by 1
"""


def take_back_public_rights(connection: Connection, settings: Settings) -> list[str]:
    """Take back what readers could write; return the statements that only others may say.

    Nothing is taken back where the source's application has its tables in the same database: it may
    need it.
    """
    statements = _statements(connection, settings)
    if settings.one_database:
        return statements
    return [statement for statement in statements if not _done(connection, statement)]


def take_back_inside(connection: Connection) -> list[str]:
    """Do the same inside one database alone, as after a restore: what no backup holds.

    Does nothing on a server without the roles.
    """
    known = connection.execute("select to_regrole(%s) is not null", [READER]).fetchone()
    if known != (True,):
        return []
    return [one for one in _inside(connection) if not _done(connection, one)]


def _statements(connection: Connection, settings: Settings) -> list[str]:
    statements = []
    here = connection.info.dbname
    # On a server of our own the other databases are ours too.
    embedded = settings.warehouse.embedded
    for (name,) in connection.execute(DATABASES, {"role": READER, "all": embedded}).fetchall():
        database = sql.Identifier(name)
        if name == here:
            for role in (settings.warehouse.user, *WRITERS):
                grant = sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}")
                statements.append(grant.format(database, sql.Identifier(role)).as_string())
            revoke = sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC")
        else:
            revoke = sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC")
        statements.append(revoke.format(database).as_string())
    return statements + _inside(connection)


def _inside(connection: Connection) -> list[str]:
    statements = [statement for (statement,) in connection.execute(CATALOGUE)]
    for (schema,) in connection.execute(SCHEMAS, [READER]).fetchall():
        revoke = sql.SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC")
        statements.append(revoke.format(sql.Identifier(schema)).as_string())
    functions = [name for (name,) in connection.execute(FUNCTIONS, [READER])]
    if functions:
        statements.append(f"REVOKE EXECUTE ON FUNCTION {', '.join(functions)} FROM PUBLIC")
    return statements


def _done(connection: Connection, statement: str) -> bool:
    """Say a statement; tell whether it was done, which PostgreSQL may only warn about."""
    refused: list[str] = []
    connection.add_notice_handler(note := lambda notice: refused.append(notice.sqlstate))
    try:
        connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    finally:
        connection.remove_notice_handler(note)
    return "01006" not in refused and "01007" not in refused
