"""Warehouses that earlier versions built, taken up by a night.

versions/ holds source and warehouse of each, by its revision, after two nights of the demo:
`pg_dump --no-owner --no-privileges --inserts --rows-per-insert=2000`, without psql's own commands.
"""

import lzma
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

from .conftest import fresh_database
from .oracle import RELATIONS, compare, compare_totals
from .warehouse import Warehouse, copy_project, today, written

DUMPS = Path(__file__).with_name("versions")
PAST = """
select {key}, dbt_valid_from, dbt_valid_to from dwh_snapshots.{snapshot}
where dbt_valid_to is not null order by 1, 2
"""
FORMER_VIEWS = "select viewname from pg_views where viewname ~ '^(int_|stg_changements_)'"


# The demo's own days need the tables that a source of then lacks.
CHANGES = (
    "update entreprises set raison_sociale = raison_sociale || ' Holding' where id % 9 = 1",
    "update factures set montant_total = montant_total + 1000 where id % 50 = 1",
    "update lots set prix = prix + 1 where id % 40 = 1",
    "update demandes_attribution set statut = 'VALIDE' where id % 30 = 1",
    "delete from paiement_factures where id % 70 = 1",
)

# What is empty in a mart of which the source lacks a part: how requests came to the step at which
# they wait, who works on a campaign.
PARTS = {
    "mart_parcours_demandes": "sum(nombre_passages)",
    "mart_recouvrement_collectes": "sum(nombre_agents)",
}


def differences(old: Warehouse) -> list[str]:
    """Return how the warehouse differs from its source; what the source lacks must be empty."""
    found = []
    lacking = set()
    for relation, (schema, _) in RELATIONS.items():
        with (
            connect(old.settings.source) as source,
            connect(old.settings.warehouse) as warehouse,
        ):
            try:
                found += compare(source, warehouse, relation, today())
            except psycopg.errors.UndefinedTable:
                lacking.add(relation)
                measure = PARTS.get(relation, "count(*)")
                [(number,)] = old.rows(f"select {measure} from dwh_{schema}.{relation}")
                found += [f"{relation}: {measure} is {number}"] if number else []
    with connect(old.settings.source) as source, connect(old.settings.warehouse) as warehouse:
        return found + compare_totals(source, warehouse, today(), without=lacking)


def restore(name: str, database: Server) -> None:
    """Fill an empty database from a dump."""
    with connect(database, autocommit=True) as connection:
        connection.execute(lzma.decompress((DUMPS / f"{name}.sql.xz").read_bytes()))


@pytest.fixture(params=["61f028d", "d5c4ac0"])
def old(
    request: pytest.FixtureRequest, server: EmbeddedServer, tmp_path: Path
) -> Iterator[Warehouse]:
    """Restore a warehouse of an earlier version, with its source."""
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        restore(f"{request.param}_source", source)
        restore(f"{request.param}_warehouse", target)
        yield Warehouse(source, target, copy_project(tmp_path))


def test_a_night_takes_up_a_warehouse_of_an_earlier_version(old: Warehouse) -> None:
    past = {
        snapshot: old.rows(PAST.format(snapshot=snapshot, key=key))
        for snapshot, key in (("snap_entreprises", "entreprise_id"), ("snap_lots", "lot_id"))
    }
    assert all(past.values())
    old.run(checks=True)
    assert differences(old) == []
    assert old.rows(FORMER_VIEWS) == []
    for snapshot, key in (("snap_entreprises", "entreprise_id"), ("snap_lots", "lot_id")):
        kept = old.rows(PAST.format(snapshot=snapshot, key=key))
        assert set(past[snapshot]) <= set(kept), "the past that only the snapshots have is lost"
    assert written(old.run(full_refresh=True)) == {}
    for change in CHANGES:
        old.change(change)
    assert written(old.run(checks=True))
    assert differences(old) == []
