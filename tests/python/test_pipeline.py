"""A night on a demo source, proved by independent SQL on the source.

DAYS=10 ./run_tests.sh -k each_day lets more days pass than the one of every run.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.load.source_tables import read_source_tables
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

from .conftest import fresh_database
from .warehouse import Warehouse, copy_project, written

DAYS = int(os.environ.get("DAYS", "1"))


@pytest.fixture
def one_database(server: EmbeddedServer, tmp_path: Path) -> Iterator[Warehouse]:
    """Make a source whose own database is the warehouse."""
    with fresh_database(server, "source") as both:
        yield Warehouse(both, both, copy_project(tmp_path))


def test_every_fact_and_mart_equals_sql_on_the_source(
    source_server: Server, warehouse_server: Server, tmp_path: Path
) -> None:
    warehouse = Warehouse(source_server, warehouse_server, copy_project(tmp_path))
    # Another seed than that of the days below.
    warehouse.fill(2)
    warehouse.run(checks=True)
    assert warehouse.differences() == []


def test_each_day_an_incremental_run_equals_a_full_refresh(warehouse: Warehouse) -> None:
    for _ in range(DAYS):
        warehouse.advance(1)
        assert written(warehouse.run())
        assert warehouse.differences() == []
        incremental = warehouse.content(stamps=True)
        assert written(warehouse.run(full_refresh=True)) == {}
        assert warehouse.content(stamps=True) == incremental


def test_a_run_without_changes_writes_nothing(warehouse: Warehouse) -> None:
    before = tuple_counters(warehouse)
    assert written(warehouse.run(all_nodes=True)) == {}
    assert tuple_counters(warehouse) == before


def tuple_counters(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Return what was ever written in each table that holds data; fraicheur records the run."""
    # The counters of a session are there for sure once it has ended.
    return warehouse.rows(
        "select pg_stat_force_next_flush(), schemaname || '.' || relname, n_tup_ins, n_tup_upd, "
        "n_tup_del from pg_stat_user_tables "
        "where schemaname ~ '^(raw_|dwh_(dimensions|facts|marts|preparation|snapshots))' "
        "and relname <> 'fraicheur' order by 2"
    )


@pytest.mark.parametrize("dropped", ["^dwh_facts$", "^(dwh_|raw_sigeti)"])
def test_a_night_makes_dropped_schemas_again(dropped: str, warehouse: Warehouse) -> None:
    with connect(warehouse.warehouse) as connection:
        schemas = connection.execute(
            "select nspname from pg_namespace where nspname ~ %s", (dropped,)
        ).fetchall()
        for (schema,) in schemas:
            connection.execute(f"drop schema {schema} cascade".encode())
    warehouse.run(checks=True)
    assert warehouse.differences() == []


def test_a_changed_model_or_calendar_makes_every_row_again(warehouse: Warehouse) -> None:
    settings = warehouse.folder / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8")
    model = warehouse.folder / "models" / "facts" / "fait_collectes.sql"
    sql = model.read_text(encoding="utf-8")
    try:
        settings.write_text(text.replace("2000-01-01", "2025-01-01"), encoding="utf-8")
        model.write_text(sql.replace("statut = 'recouvree'", "statut = 'reportee'"), "utf-8")
        changed = written(warehouse.run())
        assert {"fait_factures", "fait_collectes", "dim_temps"} <= changed.keys()
        assert written(warehouse.run(full_refresh=True)) == {}
    finally:
        settings.write_text(text, encoding="utf-8")
        model.write_text(sql, encoding="utf-8")
    warehouse.run()
    assert warehouse.differences() == []


KEY = """
select conname, pg_get_constraintdef(oid) from pg_constraint
where contype = 'p' and conrelid = '{}'::regclass
"""


CAMPAIGNS = (
    "dwh_facts.fait_collectes",
    "dwh_preparation.mart_recouvrement_collectes",
    "dwh_marts_financier.mart_recouvrement_collectes",
)
"""A fact, the mart that follows it, and what is published."""
OTHER_KEYS = {
    "had a column less": """
        alter table {table} alter zone_id drop not null;
        update {table} set zone_id = null;
        alter table {table} add primary key (collecte_id)
    """,
    "had a column more, and more rows": """
        alter table {table} add ancien text not null default 'x';
        create temporary table plus on commit drop as select * from {table};
        update plus set ancien = 'y';
        insert into {table} select * from plus;
        drop table plus;
        alter table {table} add primary key (collecte_id, ancien)
    """,
    "was dropped": "select",
}


@pytest.mark.parametrize("statements", OTHER_KEYS.values(), ids=OTHER_KEYS.keys())
def test_a_table_gets_the_key_that_its_model_has_now(warehouse: Warehouse, statements: str) -> None:
    tables = CAMPAIGNS[1:] if "zone_id" in statements else CAMPAIGNS
    promised = {}
    with connect(warehouse.settings.warehouse) as connection:
        for table in tables:
            ((name, promised[table]),) = warehouse.rows(KEY.format(table))
            connection.execute(f"alter table {table} drop constraint {name}".encode())
            connection.execute(statements.format(table=table).encode())
        # As another key does, which is written in the model.
        connection.execute(
            "update dwh_meta.avancement set empreinte = '' where relation ~ 'collectes'"
        )
    warehouse.run()
    for table, key in promised.items():
        assert [found for _, found in warehouse.rows(KEY.format(table))] == [key], table
    assert warehouse.differences() == []
    warehouse.advance(1)
    warehouse.run()
    assert warehouse.differences() == []


def test_one_database_gives_the_same_warehouse_copying_only_what_it_may_lack(
    one_database: Warehouse,
) -> None:
    one_database.fill()
    one_database.run()
    one_database.advance(2)
    one_database.run()
    assert one_database.differences() == []
    assert written(one_database.run(full_refresh=True)) == {}
    copied = "select relname from pg_class where relnamespace = 'raw_sigeti'::regnamespace"
    copies = {name for (name,) in one_database.rows(f"{copied} and relkind = 'r'")}
    optional = {table.copy_name for table in read_source_tables() if table.optional}
    assert {name for name in copies if "__" not in name} == optional


def test_accents_arrive_with_the_same_bytes(warehouse: Warehouse) -> None:
    warehouse.change(
        "update entreprises set raison_sociale = 'Œuvre d''Akoupé-Zeudji' where id = 1"
    )
    warehouse.change("update zones_industrielles set libelle = 'Akoupé-Zeudji' where id = 1")
    warehouse.run()
    for query in (
        "select raison_sociale from raw_sigeti.entreprises where id = 1",
        "select raison_sociale from dwh_dimensions.dim_entreprises "
        "where entreprise_id = 1 and is_current",
        "select raison_sociale from dwh_marts_clients.mart_portefeuille_clients "
        "where entreprise_id = 1",
    ):
        assert [row[0].encode() for row in warehouse.rows(query)] == [
            "Œuvre d'Akoupé-Zeudji".encode()
        ]
    for query in (
        "select nom_zone from dwh_marts_occupation.mart_occupation_zones where zone_id = 1",
        "select distinct libelle from raw_sigeti.zones_industrielles where id = 1",
    ):
        assert [row[0].encode() for row in warehouse.rows(query)] == ["Akoupé-Zeudji".encode()]
    for statut, relation in (
        ("Payée", "dwh_facts.fait_factures"),
        ("occupé", "dwh_dimensions.dim_lots"),
    ):
        found = warehouse.rows(f"select distinct statut::bytea from {relation}")
        assert statut.encode() in [value for (value,) in found]


def test_an_unexpected_status_warns_and_is_kept(warehouse: Warehouse) -> None:
    warehouse.change("alter type enum_lots_statut add value 'litigieux'")
    warehouse.change("update lots set statut = 'litigieux' where id = 1")
    layers = warehouse.run(checks=True)
    warned = [node.name for layer in layers for node in layer.nodes if node.status == "warn"]
    assert any(name.startswith("accepted_values_stg_lots_statut") for name in warned)
    assert warehouse.rows(
        "select statut, est_disponible, est_occupe from dwh_dimensions.dim_lots "
        "where lot_id = 1 and is_current"
    ) == [("litigieux", False, False)]
    assert warehouse.differences() == []


def test_a_reader_in_a_long_transaction_neither_waits_nor_holds_up_the_night(
    warehouse: Warehouse,
) -> None:
    with connect(warehouse.settings.warehouse) as reader:
        reader.execute("set transaction isolation level repeatable read")
        query: psycopg.abc.Query = (
            "select sum(montant_facture) from dwh_marts_financier.mart_performance_financiere"
        )
        before = reader.execute(query).fetchone()
        warehouse.advance(2)
        warehouse.run(full_refresh=True)
        assert reader.execute(query).fetchone() == before
    assert warehouse.rows(str(query))[0] != before


def test_a_payment_taken_back_and_a_null_status_change_the_figures_and_stop_nothing(
    warehouse: Warehouse,
) -> None:
    warehouse.change("update demandes_attribution set statut = null where id = 1")
    warehouse.change(
        "insert into paiement_factures "
        "(facture_id, montant, date_paiement, created_at, updated_at) "
        "select facture_id, -sum(montant), max(date_paiement) + interval '1 day', now(), now() "
        "from paiement_factures group by facture_id limit 40"
    )
    warehouse.run(checks=True)
    assert warehouse.differences() == []


def test_a_deleted_parcel_has_no_current_version(warehouse: Warehouse) -> None:
    warehouse.change(
        "insert into lots (id, numero, ilot, superficie, prix, zone_industrielle_id, "
        "created_at, updated_at) values (999999, 'X', 'X', 500, 1, 1, now(), now())"
    )
    warehouse.run()
    warehouse.change("delete from lots where id = 999999")
    warehouse.run()
    query = (
        "select is_current, valid_to is not null from dwh_dimensions.dim_lots where lot_id = 999999"
    )
    assert warehouse.rows(query) == [(False, True)]
    warehouse.change(
        "insert into lots (id, numero, ilot, superficie, prix, zone_industrielle_id, "
        "created_at, updated_at) values (999999, 'X', 'X', 500, 1, 1, now(), now())"
    )
    warehouse.run()
    assert warehouse.rows(query + " order by numero_version") == [(False, True), (True, False)]
    assert warehouse.differences() == []


def test_an_event_points_to_the_version_of_its_time(warehouse: Warehouse) -> None:
    warehouse.change(
        "update entreprises set raison_sociale = 'Plus tard', date_modification = '2026-01-01' "
        "where id = 2"
    )
    warehouse.run()
    found = warehouse.rows(
        "select f.date_creation >= '2026-01-01', e.numero_version "
        "from dwh_facts.fait_factures f "
        "join dwh_dimensions.dim_entreprises e using (entreprise_key) where f.entreprise_id = 2 "
        "group by 1, 2 order by 1"
    )
    assert found == [(False, 1), (True, 2)]
