"""A pool in front of the servers: pgbouncer, by transactions and by sessions."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.marts import Marts
from sigeti_dwh.monitor.health import check_health
from sigeti_dwh.monitor.survey import survey
from sigeti_dwh.warehouse.connection_check import check

from .conftest import fresh_database
from .hosted import pooled
from .warehouse import Warehouse, copy_project

CHANGED = "select name from pg_settings where source = 'session' order by 1"


def test_a_pool_of_transactions_serves_the_source_and_readers_and_is_refused_elsewhere(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
        pooled(server, "transaction") as port,
    ):
        warehouse = Warehouse(source, target, copy_project(tmp_path / "project"))
        warehouse.fill()
        warehouse.source = replace(source, port=port)
        settings = warehouse.settings
        assert len(check(settings)) >= 2
        warehouse.run()
        warehouse.change("delete from paiement_factures where id = 3")
        warehouse.run()
        survey(settings)
        assert all(one.state != "critical" for one in check_health(settings))
        with psycopg.connect(
            host=source.host,
            port=port,
            dbname=source.name,
            user=source.user,
            password=source.password,
        ) as neighbour:
            left = neighbour.execute(CHANGED).fetchall()
            assert {name for (name,) in left} <= {"application_name", "client_encoding"}, left
        shared = replace(settings, warehouse=replace(settings.warehouse, port=port))
        with pytest.raises(UserError, match=r"pool_mode=transaction\) is in front of") as raised:
            check(shared)
        assert "DWH_DB_PORT" in str(raised.value) and len(str(raised.value).splitlines()) <= 3
        with Marts(shared.warehouse) as marts:
            for _ in range(5):
                assert marts.freshness() and marts.performance()


def test_a_pool_of_sessions_serves_both_sides(server: EmbeddedServer, tmp_path: Path) -> None:
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
        pooled(server, "session") as port,
    ):
        warehouse = Warehouse(source, target, copy_project(tmp_path / "project"))
        warehouse.fill()
        warehouse.source = replace(source, port=port)
        warehouse.warehouse = replace(target, port=port)
        assert len(check(warehouse.settings)) >= 2
        warehouse.run(checks=True)
        assert warehouse.differences() == []
