"""Values that no column of SIGETI should hold stop the night, or are unknown and told.

Every column of the allow-list is tried, so that a new one is too.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.source_tables import SOURCES, SourceTable, read_source_tables

from .conftest import copied_night, fresh_database
from .source_rows import at_source
from .warehouse import Warehouse, copy_project, written

TABLES = {table.name: table for table in read_source_tables()}
NUMBERS = {"numeric", "double precision"}
TIMES = {"timestamptz", "date"}
# The tests of a source table, by the types of its columns.
GUARDS = {
    "no_mojibake": {"text"},
    "finite_numbers": NUMBERS | {"jsonb"},
    "plausible_times": TIMES,
}
CORRECT = (
    "SÃO TOMÉ & IRMÃOS",
    "CHÂTEAU «CAFÉ» L’ÂGE",
    "Île n° 3 – œuvre",
    "MANHÃ, 10 €",
    "BÂ & FILS",
)
"""Names that look a little like mojibake."""
# A null there stops the night: the row, its money or its parent cannot be known.
INDISPENSABLE = {
    ("entreprises", "raison_sociale"),
    ("factures", "statut"),
    ("factures", "montant_total"),
    ("paiement_factures", "facture_id"),
    ("paiement_factures", "montant"),
    ("collectes", "montant_a_recouvrer"),
    ("collectes", "montant_recouvre"),
    ("demande_attribution_lots", "demande_attribution_id"),
    ("demande_attribution_lots", "lot_id"),
}


def columns_of(kinds: set[str]) -> list[tuple[SourceTable, str]]:
    """Return the columns of the allow-list that have one of these types."""
    return [
        (table, name)
        for table in TABLES.values()
        for name, kind in table.columns.items()
        if kind.split("(")[0] in kinds
    ]


def named(table: SourceTable) -> str:
    """Return the name of a table in SQL, which may have capitals."""
    return f'"{table.relation}"'


def ease(warehouse: Warehouse) -> None:
    """Leave the source as administrators do: no constraint but keys, no enum, no precision."""
    for table, name in columns_of({"text"}):
        warehouse.change(f"alter table {named(table)} alter {name} drop default")
        warehouse.change(f"alter table {named(table)} alter {name} type text using {name}::text")
    for table in TABLES.values():
        for name in table.columns.keys() - set(table.key):
            warehouse.change(f"alter table {named(table)} alter {name} drop not null")
    for table, name in columns_of({"numeric"}):
        warehouse.change(f"alter table {named(table)} alter {name} type numeric")


def spoil(
    warehouse: Warehouse, kinds: set[str], value: str, *, first: int = 0
) -> set[tuple[str, str, str]]:
    """Set a value, as SQL, in each column of these types, in a row of its own; return where."""
    where = set()
    for number, (table, name) in enumerate(columns_of(kinds), start=first):
        keys = ", ".join(table.key)
        rows = at_source(warehouse, f"select {keys} from {named(table)} order by {keys}")
        row = dict(zip(table.key, rows[number % len(rows)], strict=True))
        this = " and ".join(f"{key} = {part}" for key, part in row.items())
        warehouse.change(f"update {named(table)} set {name} = {value} where {this}")
        where.add((table.relation, name, ", ".join(f"{key} {part}" for key, part in row.items())))
    return where


def kept(warehouse: Warehouse, guard: str) -> set[tuple[str, ...]]:
    """Return what the tests of this name have kept."""
    tables = warehouse.rows(
        "select format('%%I.%%I', schemaname, tablename) from pg_tables "
        "where schemaname = 'dwh_qualite' and starts_with(tablename, %s)",
        f"{guard}_",
    )
    return {
        row
        for (table,) in tables
        for row in warehouse.rows(f"select table_source, colonne, cle from {table}")
    }


@pytest.fixture(scope="module")
def two_databases(server: EmbeddedServer, template: Path) -> Iterator[Warehouse]:
    """Copy a demo warehouse, and let a night pass that finds nothing."""
    with copied_night(server, template) as warehouse:
        prepare(warehouse)
        yield warehouse


@pytest.fixture(scope="module")
def one_database(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Build a demo warehouse beside its source, in a night that finds nothing."""
    with fresh_database(server, "source") as both:
        warehouse = Warehouse(both, both, copy_project(tmp_path_factory.mktemp("project")))
        warehouse.fill()
        prepare(warehouse)
        yield warehouse


@pytest.fixture
def good(request: pytest.FixtureRequest) -> Warehouse:
    """Return a warehouse after a good night, in two databases unless told otherwise."""
    warehouse: Warehouse = request.getfixturevalue(getattr(request, "param", "two_databases"))
    return warehouse


# How rows are read and their changes followed differs, not what is made of a value.
IN_BOTH_LAYOUTS = pytest.mark.parametrize("good", ["two_databases", "one_database"], indirect=True)


def prepare(warehouse: Warehouse) -> None:
    ease(warehouse)
    for number, name in enumerate(CORRECT, start=1):
        warehouse.change("update entreprises set raison_sociale = %s where id = %s", name, number)
    warehouse.run(checks=True)


def test_each_source_table_has_the_guards_of_its_types() -> None:
    document = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))
    for table in (table for source in document["sources"] for table in source["tables"]):
        declared = {name for test in table.get("data_tests", []) for name in test}
        kinds = {kind.split("(")[0] for kind in TABLES[table["name"]].columns.values()}
        needed = {guard for guard, types in GUARDS.items() if kinds & types}
        assert declared - {"filled"} == needed, table["name"]


@IN_BOTH_LAYOUTS
def test_what_is_none_stops_the_night_and_is_named(good: Warehouse) -> None:
    """Marts keep the last good night; table, column and key of each wrong value are told."""
    before = good.content()
    with spoilt_for_one_night(good):
        where = {
            "finite_numbers": spoil(good, NUMBERS, "'NaN'")
            | spoil(good, NUMBERS, "'-Infinity'", first=50)
            | spoil(good, {"jsonb"}, """'{"a": [{"total": " nan"}]}'"""),
            "no_mojibake": spoil(good, {"text"}, "'PayÃ©e'"),
        }
        with pytest.raises(UserError, match="Nothing further was built") as told:
            good.run(checks=True)
    for guard, wrong in where.items():
        assert kept(good, guard) == wrong
    named = [
        f"{table}.{column} of {key}" for wrong in where.values() for table, column, key in wrong
    ]
    assert any(name in str(told.value).splitlines()[1] for name in named)
    assert good.content() == before


@contextmanager
def spoilt_for_one_night(warehouse: Warehouse) -> Iterator[None]:
    """Give the source's columns back the values that they had."""
    former = {
        name: [row for (row,) in at_source(warehouse, f"select to_jsonb(t) from {named(table)} t")]
        for name, table in TABLES.items()
    }
    yield
    for name, rows in former.items():
        restore(warehouse, TABLES[name], rows)


def restore(warehouse: Warehouse, table: SourceTable, rows: list[dict[str, object]]) -> None:
    """Give a source table's columns the values that they had."""
    names = sorted(table.columns.keys() - set(table.key))
    if names:
        now, former = (", ".join(f"{alias}.{name}" for name in names) for alias in ("t", "old"))
        same = " and ".join(f"t.{key} = old.{key}" for key in table.key)
        warehouse.change(
            f"update {named(table)} t set ({', '.join(names)}) = row({former}) "
            f"from jsonb_populate_recordset(null::{named(table)}, %s) old "
            f"where {same} and ({now}) is distinct from ({former})",
            json.dumps(rows),
        )


@IN_BOTH_LAYOUTS
def test_what_cannot_be_a_time_is_unknown_and_told(good: Warehouse) -> None:
    """No money is lost, every published date can be read, and a full refresh is the same."""
    with spoilt_for_one_night(good):
        where = set()
        for number, value in enumerate(["infinity", "-infinity", "20250-03-01", "0044-03-15 BC"]):
            where |= spoil(good, TIMES, f"'{value}'", first=30 * number)
        good.run(checks=True)
        assert where == kept(good, "plausible_times")
        assert_money_is_whole(good)
        assert_dates_can_be_read(good)
        assert written(good.run(full_refresh=True)) == {}
    good.load()
    good.build(checks=True, select="path:models/staging")
    assert kept(good, "plausible_times") == set()


def assert_dates_can_be_read(warehouse: Warehouse) -> None:
    """Look for dates that Python or pandas cannot hold."""
    published = warehouse.rows(
        "select format('%I.%I', n.nspname, c.relname), a.attname from pg_attribute a "
        "join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind = 'r' and n.nspname ~ '^dwh_(dimensions|facts|marts)' and a.attnum > 0 "
        "and a.atttypid in ('date'::regtype, 'timestamptz'::regtype)"
    )
    assert len(published) > 20
    for table, column in published:
        years = f"extract(year from {column}) not between 1900 and 2199"
        wrong = f"select count(*) from {table} where {years} or not isfinite({column})"
        assert warehouse.rows(wrong) == [(0,)], (table, column)


def assert_money_is_whole(warehouse: Warehouse) -> None:
    """Compare what marts sum up to with the source."""
    living = "is_deleted is not true and deleted_at is null"
    counted = f"{living} and statut in ('En attente', 'Payée')"
    invoices = f"select count(*), sum(montant_total) from factures where {counted}"
    paid = (
        "select sum(montant) from paiement_factures p join factures f on f.id = p.facture_id "
        f"where {living}"
    )
    for mart, query in (
        ("marts_financier.mart_performance_financiere", "nombre_factures), sum(montant_facture"),
        ("marts_financier.mart_performance_zones", "nombre_factures), sum(montant_facture"),
        (
            "marts_operationnel.mart_kpi_operationnels",
            "nombre_factures_emises), sum(montant_facture",
        ),
        ("marts_clients.mart_portefeuille_clients", "nombre_factures), sum(chiffre_affaires_total"),
    ):
        found = warehouse.rows(f"select sum({query}) from dwh_{mart}")
        assert found == at_source(warehouse, invoices), mart
    for mart in ("marts_operationnel.mart_kpi_operationnels", "facts.fait_paiements"):
        measure = "montant_encaisse" if "kpi" in mart else "montant_paiement"
        assert warehouse.rows(f"select sum({measure}) from dwh_{mart}") == at_source(
            warehouse, paid
        )
    assert warehouse.rows(
        "select sum(nombre_demandes), sum(demandes_approuvees) from dwh_marts_occupation."
        "mart_occupation_zones"
    ) == at_source(
        warehouse,
        "select count(*), count(*) filter (where statut = 'VALIDE') from demandes_attribution",
    )
    assert warehouse.rows(
        "select sum(nombre_total_lots), sum(lots_occupes), sum(valeur_totale_lots), "
        "sum(lots_viabilises) from dwh_marts_occupation.mart_occupation_zones"
    ) == at_source(
        warehouse,
        "select count(*), count(*) filter (where statut = 'occupé'), sum(prix), "
        "count(*) filter (where viabilite) from lots",
    )
    assert warehouse.rows(
        "select sum(nombre_collectes), sum(montant_a_recouvrer), sum(montant_recouvre), "
        "sum(collectes_cloturees) from dwh_marts_operationnel.mart_kpi_operationnels"
    ) == at_source(
        warehouse,
        "select count(*), sum(montant_a_recouvrer), sum(montant_recouvre), "
        "count(*) filter (where statut_cloture = 'cloturee') from collectes",
    )


def test_a_null_loses_no_money(good: Warehouse) -> None:
    """Set null in some rows of each column that the night can do without."""
    with spoilt_for_one_night(good):
        for table in TABLES.values():
            for number, name in enumerate(sorted(table.columns.keys() - set(table.key))):
                if (table.name, name) not in INDISPENSABLE:
                    good.change(
                        f"update {named(table)} set {name} = null "
                        f"where {table.key[0]} % 20 = {number % 20}"
                    )
        good.run(checks=True)
        assert good.rows("select count(*) from dwh_facts.fait_factures") == at_source(
            good,
            "select count(*) from factures where is_deleted is not true and deleted_at is null",
        )
        assert_money_is_whole(good)
        assert {(table, column) for table, column, _ in kept(good, "filled")} >= {
            ("factures", "is_deleted"),
            ("factures", "entreprise_id"),
            ("lots", "prix"),
            ("lots", "viabilite"),
            ("paiement_factures", "statut"),
            ("collectes", "statut_cloture"),
        }
        assert written(good.run(full_refresh=True)) == {}


def test_a_null_that_hides_money_stops_the_night(good: Warehouse) -> None:
    with spoilt_for_one_night(good):
        for number, (table, column) in enumerate(sorted(INDISPENSABLE), start=1):
            good.change(f"update {table} set {column} = null where id = %s", number)
        with pytest.raises(
            UserError, match=r"the test not_null_stg_.*: 1 row found.*\nFound: \w+_id "
        ):
            good.run(checks=True)
    (found,) = good.rows(
        "select count(*) from pg_tables where schemaname = 'dwh_qualite' "
        "and tablename like 'not\\_null\\_stg\\_%'"
    )
    assert found == (len(INDISPENSABLE),)


def test_invisible_characters_change_nothing(good: Warehouse) -> None:
    """In front, in the middle and behind of every text, its accents taken apart."""
    good.run()
    before = good.content()
    middle = "\u200b\ufeff\u00ad\u2060\x1f"
    with spoilt_for_one_night(good):
        for table, name in columns_of({"text"}):
            good.change(
                f"update {named(table)} set {name} = %s || normalize(replace(left({name}, 1) "
                f"|| %s || substr({name}, 2), ' ', %s), nfd) || %s where trim({name}) <> ''",
                f"\u00a0{middle}\t\x0b",
                middle,
                "\u202f\u2028",
                f"\f\n{middle}\u2003",
            )
        good.run(checks=True)
        after = good.content()
        assert [name for name in before if before[name] != after[name]] == []
        assert [line for line in good.lines if "the test accepted_" in line] == []
