"""What is asked of the two databases before anything is written."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.source_tables import read_source_tables
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse import connection_check, meta
from sigeti_dwh.warehouse.connection_check import check
from sigeti_dwh.warehouse.database import connect


@pytest.fixture
def settings(source_server: Server, warehouse_server: Server) -> Settings:
    """Return two databases that pass: an empty source with every table, an empty warehouse."""
    with connect(source_server) as connection:
        for table in read_source_tables():
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            connection.execute(f"create table {table.name} ({columns})".encode())
    return Settings(source_server, warehouse_server)


@pytest.fixture
def visitor(settings: Settings) -> Iterator[Settings]:
    """Return the same databases for a role that has no right in them."""
    with connect(settings.source) as connection:
        connection.execute("create role visiteur login password 'visite'")
        connection.execute("revoke usage on schema public from public")
    with connect(settings.warehouse) as connection:
        connection.execute(f'revoke all on database "{settings.warehouse.name}" from public')
        connection.execute(f'grant connect on database "{settings.warehouse.name}" to visiteur')
    yield replace(
        settings,
        source=replace(settings.source, user="visiteur", password="visite"),
        warehouse=replace(settings.warehouse, user="visiteur", password="visite"),
    )
    for side in (settings.source, settings.warehouse):
        with connect(side) as connection:
            connection.execute("drop owned by visiteur")
    with connect(settings.source) as connection:
        connection.execute("drop role visiteur")


def refusal(settings: Settings) -> str:
    with pytest.raises(UserError) as raised:
        check(settings)
    message = str(raised.value)
    assert len(message.splitlines()) <= 3
    return message


def test_two_good_databases_pass(settings: Settings) -> None:
    lines = check(settings)
    assert [line.split()[0] for line in lines] == ["source", "warehouse"]
    assert all("PostgreSQL" in line for line in lines)


@pytest.mark.parametrize("side", ["SOURCE", "WAREHOUSE"])
def test_an_old_server_is_refused(
    side: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_check, f"OLDEST_{side}", 99)
    assert "PostgreSQL 99 or newer" in refusal(settings)


def test_each_missing_right_comes_with_the_grant_that_gives_it(
    settings: Settings, visitor: Settings
) -> None:
    granted = []
    for side in (settings.source, settings.source, settings.warehouse, settings.warehouse):
        message = refusal(visitor)
        statement = message[message.index("GRANT") : message.rindex(";") + 1]
        granted.append(statement.split(" ON ")[0])
        with connect(side) as connection:
            connection.execute(statement.encode())
    assert granted == ["GRANT USAGE", "GRANT SELECT", "GRANT CREATE", "GRANT TEMPORARY"]
    assert check(visitor)


def test_a_missing_table_is_named(settings: Settings) -> None:
    with connect(settings.source) as connection:
        connection.execute("drop table factures")
    assert "public.factures" in refusal(settings)


def test_a_missing_column_is_named(settings: Settings) -> None:
    with connect(settings.source) as connection:
        connection.execute("alter table factures drop column montant_total")
    message = refusal(settings)
    assert "public.factures.montant_total" in message and "numeric" in message


def test_a_warehouse_that_is_not_utf8_is_refused(settings: Settings) -> None:
    latin = replace(settings.warehouse, name=f"{settings.warehouse.name}_latin")
    with connect(settings.warehouse, autocommit=True) as connection:
        connection.execute(
            f"create database {latin.name} encoding 'LATIN1' "
            "locale_provider libc locale 'C' template template0"
        )
    try:
        message = refusal(replace(settings, warehouse=latin))
        assert "LATIN1" in message and "DWH_DB_NAME" in message
    finally:
        with connect(settings.warehouse, autocommit=True) as connection:
            connection.execute(f"drop database {latin.name} with (force)")


def test_a_standby_is_refused(settings: Settings) -> None:
    with connect(settings.warehouse) as connection:
        connection.execute(
            f"alter database {settings.warehouse.name} set default_transaction_read_only = on"
        )
    assert "read only" in refusal(settings)


def test_a_warehouse_of_a_newer_version_is_refused(settings: Settings) -> None:
    with connect(settings.warehouse) as connection:
        meta.prepare(connection)
    assert check(settings)
    with connect(settings.warehouse) as connection:
        connection.execute("insert into dwh_meta.version (version) values (99)")
    assert "version 99" in refusal(settings) and "newer code" in refusal(settings)
