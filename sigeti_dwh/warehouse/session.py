"""What our sessions set for themselves, whatever the server, the database and the role have set.

Each setting on which our SQL, or what we make of its results, depends is here and nowhere else.
"""

from psycopg import sql

WRITTEN = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "escape_string_warning": "on",
    "backslash_quote": "safe_encoding",
    "array_nulls": "on",
    "xmloption": "content",
    "quote_all_identifiers": "off",
    "transform_null_equals": "off",
}
"""How values are written, and how text is read."""
PINNED = WRITTEN | {
    # What names and statements mean.
    "search_path": "public",
    "row_security": "on",
    "check_function_bodies": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "session_replication_role": "origin",
    "default_table_access_method": "heap",
    "client_min_messages": "notice",
    # Nobody who idles in a transaction holds up a night.
    "lock_timeout": "60s",
}
AT_THE_SOURCE = {
    # Rows that a policy would hide end a statement: they must never pass for deleted ones.
    "row_security": "off",
}
AT_THE_WAREHOUSE = {
    # What works for a client that is gone, killed or cut off, ends by itself.
    "client_connection_check_interval": "5s",
    # A night goes on from what it was told is done, and remembers who has nothing left to do.
    "synchronous_commit": "on",
}
UNLIMITED = {
    # A night waits and works for longer than roles are hardened for; it has limits of its own
    # (DWH_LAYER_MINUTES, DWH_NIGHT_MINUTES).
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}


def pinning(role: str, *, unlimited: bool, local: bool = False) -> str:
    """Return the statement that pins the settings of a session, or of its transaction if `local`.

    `role` is that of the server. Settings that a server does not know, or that only a superuser may
    set, are left out there.
    """
    wanted = PINNED | (AT_THE_WAREHOUSE if role == "warehouse" else AT_THE_SOURCE)
    return _setting(wanted | (UNLIMITED if unlimited else {}), local=local)


def pinning_for_readers() -> str:
    """Return the statement that pins, in a transaction, how values are written; no more."""
    return _setting(WRITTEN, local=True)


def _setting(wanted: dict[str, str], *, local: bool) -> str:
    # Not from the view pg_settings: everybody may update it, and so lock it against all others.
    names = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(value))
        for name, value in wanted.items()
    )
    return (
        sql.SQL(
            "select pg_catalog.set_config(name, value, {local}) "
            "from pg_catalog.pg_show_all_settings() "
            "join (values {names}) as wanted (name, value) using (name) "
            "where context = 'user' or pg_catalog.current_setting('is_superuser') = 'on'"
        )
        .format(local=sql.Literal(local), names=names)
        .as_string()
    )
