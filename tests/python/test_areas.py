"""Optional areas: none changes what SIGETI's warehouse is, and one that is on is right or kept."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mongomock
import psycopg
import pytest

from sigeti_dwh.areas import AREAS, area_of, areas_on, unread
from sigeti_dwh.demo import boutique as shop
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.load.documents import mongo
from sigeti_dwh.load.documents.area_load import load_area, undo_area
from sigeti_dwh.load.documents.collections import read_collections
from sigeti_dwh.readers.contract import promise, read_contract, read_marts
from sigeti_dwh.settings import ROOT
from sigeti_dwh.warehouse.database import connect

from .area_site import empty_panels, fixtures_of
from .conftest import at
from .metrics import differing
from .oracle import compare_area
from .warehouse import Warehouse

REAL = Path(os.environ.get("BOUTIQUE_FILES", ""))
"""The files of a real shop, which are not part of the project."""
TOTALS = {
    "dwh_marts_boutique.mart_kpi_jour": {
        "boutique_sessions": "sum(sessions)",
        "boutique_vues": "sum(vues)",
        "boutique_paniers": "sum(paniers)",
        "boutique_achats": "sum(achats)",
        "boutique_chiffre_affaires": "sum(chiffre_affaires)",
        "boutique_taux_panier_achat": "sum(achats) / sum(paniers)",
        "boutique_panier_moyen": "sum(chiffre_affaires) / sum(achats)",
    },
    "dwh_marts_boutique.mart_trafic": {
        "trafic_sessions": "sum(sessions)",
        "trafic_conversions": "sum(conversions)",
        "trafic_chiffre_affaires": "sum(chiffre_affaires)",
        "trafic_taux_conversion": "sum(conversions) / sum(sessions)",
    },
}


demo, published, site = fixtures_of("boutique", shop.create)


def files(site: Warehouse) -> Path:
    return Path(site.areas["boutique"])


def own_nodes(project: Any) -> set[str]:
    return {node.original_file_path for node in project.manifest.nodes.values()}


def test_with_no_area_the_project_is_what_is_outside_their_folders(warehouse: Warehouse) -> None:
    read = own_nodes(warehouse.parsed())
    assert not {path for path in read if area_of(path)}
    outside = {
        str(path.relative_to(ROOT))
        for folder in ("models", "snapshots", "tests/dbt/integrity")
        for path in (ROOT / folder).rglob("*.sql")
    }
    assert {path for path in outside if not area_of(path)} <= read
    assert {path for path in outside if area_of(path)}


def test_an_area_that_is_on_takes_nothing_from_the_others(published: Warehouse) -> None:
    project = published.parsed()
    of_area = {path for path in own_nodes(project) if area_of(path)}
    assert {area_of(path) for path in of_area} == {"boutique"}
    nodes = {node for layer in project.nodes.values() for node in layer}
    assert not {node for node in nodes if "boutique" in project.manifest.nodes[node].fqn}
    assert published.differences() == []


def test_marts_of_areas_are_known_when_they_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [mart.name for mart in read_marts() if mart.area]
    for area in AREAS:
        with monkeypatch.context() as patched:
            patched.setenv("DWH_AREAS", area)
            marts = read_marts()
            assert {mart.area for mart in marts} == {None, area}
            assert read_contract() == promise(marts)


def test_an_unknown_area_is_named() -> None:
    with pytest.raises(UserError, match="DWH_AREAS names butik"):
        areas_on({"DWH_AREAS": "boutique butik"})
    assert areas_on({"DWH_AREAS": " boutique,boutique; "}) == ("boutique",)
    assert unread(("boutique",)) == [f"{area}/" for area in AREAS if area != "boutique"]


def test_facts_and_marts_are_what_the_documents_say(published: Warehouse) -> None:
    with connect(published.settings.warehouse) as connection:
        assert compare_area(connection, "boutique") == []


def test_every_panel_of_its_page_shows_something(
    published: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_AREAS", "boutique")
    assert empty_panels(published, "boutique") == []


def test_metrics_add_up_to_the_marts(published: Warehouse, tmp_path: Path) -> None:
    assert differing(published, tmp_path, TOTALS) == []


def test_an_unchanged_source_takes_no_change_number(published: Warehouse) -> None:
    before = published.rows("select max(numero) from dwh_meta.changements")
    again = published.load_area("boutique")
    assert [one.written for one in again] == [0] * len(again)
    assert published.rows("select max(numero) from dwh_meta.changements") == before


def test_edits_arrive_and_are_what_a_full_refresh_says(site: Warehouse) -> None:
    rewrite(files(site) / "daily_metrics.csv", lambda rows: rows[3].update(revenue="1.50"))
    rewrite(files(site) / "products_summary.csv", lambda rows: rows.pop())
    rewrite(files(site) / "ab_test_results.csv", lambda rows: rows[0].update(carts="400"))
    loaded = {one.name: one for one in site.load_area("boutique")}
    assert (
        loaded["raw_boutique.daily_metrics"].changed,
        loaded["raw_boutique.products_summary"].gone,
    ) == (1, 1)
    site.build_area("boutique")
    marts = site.content()
    with connect(site.settings.warehouse) as connection:
        assert compare_area(connection, "boutique") == []
    site.build_area("boutique", full_refresh=True)
    assert site.content() == marts


def rewrite(path: Path, change: Callable[[list[dict[str, str]]], object]) -> None:
    """Change the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def removed(path: Path) -> None:
    path.unlink()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def a_short_line(path: Path) -> None:
    path.write_text(path.read_text() + "2026-01-01,1\n")


def not_utf8(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\xe9t\xe9,1,1,1,1,1,1\n")


def without_its_key(path: Path) -> None:
    rewrite(path, lambda rows: rows[2].update(date=""))


def twice(path: Path) -> None:
    rewrite(path, lambda rows: rows.append(rows[0]))


def half_of_it(path: Path) -> None:
    rewrite(path, lambda rows: rows.__delitem__(slice(0, 100)))


def two_files(path: Path) -> None:
    path.with_suffix(".json").write_text("[]")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (removed, r"boutique: daily_metrics not found"),
        (cut_off, r"daily_metrics\.csv, line 121: \d fields"),
        (a_short_line, r"daily_metrics\.csv, line 122: 2 fields, the first line has 7"),
        (not_utf8, r"daily_metrics\.csv, line 122: not UTF-8"),
        (without_its_key, r"daily_metrics\.csv, line 4: no date, of the key"),
        (twice, r"two documents have the key 2025-01-01: .*line 2 and .*line 122"),
        (half_of_it, r"lost 100 of its 120 documents"),
        (two_files, r"daily_metrics\.csv and daily_metrics\.json"),
    ],
)
def test_bad_files_are_named_and_nothing_is_written(
    fault: Callable[[Path], None], said: str, site: Warehouse
) -> None:
    before = site.rows("select count(*), sum(_changement) from raw_boutique.daily_metrics")
    rewrite(files(site) / "funnel_stages.csv", lambda rows: rows[0].update(visitors="1"))
    fault(files(site) / "daily_metrics.csv")
    with pytest.raises(UserError, match=said):
        site.load_area("boutique")
    assert before == site.rows("select count(*), sum(_changement) from raw_boutique.daily_metrics")
    assert site.rows(
        "select count(*) from raw_boutique.funnel_stages where document ->> 'visitors' = '1'"
    ) == [(0,)]


def test_a_field_that_is_no_number_any_more_keeps_the_marts(site: Warehouse) -> None:
    site.build_area("boutique")
    before = site.rows("select * from dwh_marts_boutique.mart_kpi_jour order by 1")
    rewrite(files(site) / "daily_metrics.csv", lambda rows: rows[0].update(users="many"))
    site.load_area("boutique")
    with pytest.raises(UserError, match="assert_boutique_numbers_are_read"):
        site.build_area("boutique")
    assert site.rows("select * from dwh_marts_boutique.mart_kpi_jour order by 1") == before


def test_a_file_that_changes_while_it_is_read_is_read_again(
    site: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(line: str) -> None:
        a_short_line(files(site) / "daily_metrics.csv")

    with pytest.raises(RetryableError, match="was changed while it was read"):
        load_area(site.settings, "boutique", report)


def test_a_dry_run_tells_and_writes_nothing(site: Warehouse) -> None:
    rewrite(files(site) / "daily_metrics.csv", lambda rows: rows.pop())
    before = site.rows("select count(*) from raw_boutique._chargements")
    told = load_area(site.settings, "boutique", site.lines.append, dry_run=True)
    assert told[0].gone == 1
    assert site.rows("select count(*) from raw_boutique._chargements") == before
    assert site.rows(
        "select count(*) from raw_boutique.daily_metrics where _supprime_le is null"
    ) == [(120,)]


def test_an_area_can_be_undone_and_come_back(site: Warehouse) -> None:
    dropped = undo_area(site.settings, "boutique")
    assert "dwh_facts.fait_activite_jour" in dropped
    left = site.rows(
        "select nspname::text from pg_namespace where nspname ~ 'boutique' union all "
        "select relname::text from pg_class where relname ~ '(mart_kpi_jour|fait_trafic_jour)'"
    )
    assert left == []
    assert site.differences() == []
    site.load_area("boutique")
    site.build_area("boutique")
    with connect(site.settings.warehouse) as connection:
        assert compare_area(connection, "boutique") == []


def test_json_with_extended_types_of_two_shapes_is_read(site: Warehouse) -> None:
    """MongoDB's exports, an array or a document a line, with and without fields."""
    folder = files(site)
    with (folder / "daily_metrics.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    (folder / "daily_metrics.csv").unlink()
    documents: list[dict[str, Any]] = [
        {**row, "_id": {"$oid": f"{number:024x}"}, "users": {"$numberLong": row["users"]}}
        for number, row in enumerate(rows)
    ]
    documents[0]["date"] = {"$date": f"{rows[0]['date']}T00:00:00Z"}
    documents[1]["password"] = "secret"
    documents[2] = {
        "date": rows[2]["date"],
        "unique_users": int(rows[2]["users"]),
        "unique_sessions": int(rows[2]["sessions"]),
        "daily_revenue": float(rows[2]["revenue"]),
        "views": 5,
    }
    (folder / "daily_metrics.ndjson").write_text(
        "".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8"
    )
    site.load_area("boutique", accept_loss=True)
    lines = site.rows("select cle, document from raw_boutique.daily_metrics order by cle")
    (folder / "daily_metrics.ndjson").unlink()
    (folder / "daily_metrics.json").write_text("\ufeff" + json.dumps(documents), encoding="utf-8")
    assert site.load_area("boutique")[0].written == 0
    assert lines == site.rows("select cle, document from raw_boutique.daily_metrics order by cle")
    assert not [document for _, document in lines if "password" in document]
    site.build_area("boutique")
    with connect(site.settings.warehouse) as connection:
        assert compare_area(connection, "boutique") == []
    (folder / "daily_metrics.json").write_text('[{"date": "2025-01-01"}, {"date": ', "utf-8")
    with pytest.raises(UserError, match=r"daily_metrics\.json, line 1: not JSON"):
        site.load_area("boutique")


def test_a_mongodb_gives_what_its_export_gives(
    site: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mongomock.MongoClient("mongodb://shop/base")
    for path in files(site).glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            client.base[path.stem].insert_many(
                [
                    {name: value or None for name, value in row.items()}
                    for row in csv.DictReader(stream)
                ]
            )
    monkeypatch.setattr(mongo, "MongoClient", lambda *_, **__: client)
    site.areas = {"boutique": "mongodb://shop/base"}
    assert {one.written for one in site.load_area("boutique")} == {0}


def test_a_postgresql_database_gives_what_its_files_give(
    site: Warehouse, server: EmbeddedServer
) -> None:
    source = site.settings.source
    with connect(source) as connection:
        connection.execute("create schema shop")
        connection.execute("set search_path to shop")
        for one in read_collections("boutique"):
            path = files(site) / f"{one.name}.csv"
            if path.exists():
                names = path.read_text(encoding="utf-8").split("\n")[0].strip().split(",")
                columns = ", ".join(f'"{name}" text' for name in names)
                connection.execute(f"create table {one.name} ({columns})".encode())
                with connection.cursor().copy(
                    f"copy {one.name} from stdin (format csv, header)".encode()
                ) as copy:
                    copy.write(path.read_bytes())
    site.areas = {
        "boutique": f"postgresql://{source.user}:{source.password}@{source.host}:{source.port}"
        f"/{source.name}?options=-csearch_path%3Dshop"
    }
    assert {one.changed for one in site.load_area("boutique")} == {0}
    with connect(source) as connection:
        connection.execute("drop schema shop cascade")


def test_who_may_read_one_area_sees_no_other(published: Warehouse, server: EmbeddedServer) -> None:
    """Nor the zones of SIGETI; who sees all zones sees all areas."""
    with connect(published.settings.warehouse, autocommit=True) as owner:
        marts = ["dwh_marts_boutique.mart_kpi_jour", "dwh_marts_boutique.fraicheur_boutique"]
        owner.execute("create role lecteur_domaine login password 'p'")
        try:
            owner.execute("create role bi_reader")
            owner.execute("grant bi_reader to lecteur_domaine")
            owner.execute("select dwh_meta.proteger_tout('dwh')")

            def counts() -> list[int]:
                reader = at(server, "warehouse", published.warehouse.name)
                with psycopg.connect(
                    host=reader.host, port=reader.port, dbname=reader.name,
                    user="lecteur_domaine", password="p",
                ) as connection:  # fmt: skip
                    return [
                        connection.execute(f"select count(*) from {mart}".encode()).fetchone()[0]  # type: ignore[index]
                        for mart in (*marts, "dwh_marts_financier.mart_performance_financiere")
                    ]

            assert counts() == [0, 0, 0]
            owner.execute("insert into dwh_meta.droits_domaines values ('lecteur_domaine', 'saas')")
            assert counts() == [0, 0, 0]
            owner.execute(
                "insert into dwh_meta.droits_domaines values ('lecteur_domaine', 'boutique')"
            )
            days, marts_told, invoices = counts()
            assert (days, marts_told, invoices) == (shop.DAYS, 5, 0)
            owner.execute("insert into dwh_meta.droits_zones values ('lecteur_domaine', null)")
            owner.execute("delete from dwh_meta.droits_domaines")
            assert all(counts())
        finally:
            owner.execute("delete from dwh_meta.droits_domaines")
            owner.execute("delete from dwh_meta.droits_zones where login = 'lecteur_domaine'")
            owner.execute("drop owned by bi_reader, lecteur_domaine")
            owner.execute("drop role lecteur_domaine, bi_reader")


@pytest.mark.skipif(not (REAL / "daily_metrics.csv").is_file(), reason="no BOUTIQUE_FILES")
def test_a_real_shop_has_the_figures_that_are_known(site: Warehouse) -> None:
    """The shop's own page says 31.88 and 255.36, means of daily rates, and 100 % for S3, S5, S7."""
    site.areas = {"boutique": str(REAL)}
    site.load_area("boutique", accept_loss=True)
    site.build_area("boutique")
    with connect(site.settings.warehouse) as connection:
        assert compare_area(connection, "boutique") == []
    [days] = site.rows(
        "select count(*), sum(utilisateurs), sum(chiffre_affaires)::text, sum(achats) "
        "from dwh_marts_boutique.mart_kpi_jour"
    )
    assert days == (139, 1_649_534, "5732867.82", 22_457)
    [rates] = site.rows(
        "select taux_panier_achat_cumule_pct::text, taux_panier_achat_moyenne_des_jours_pct::text, "
        "panier_moyen_cumule::text, panier_moyen_moyenne_des_jours::text "
        "from dwh_marts_boutique.mart_kpi_jour order by date_jour desc limit 1"
    )
    assert rates == ("32.56", "31.88", "255.28", "255.36")
    assert site.rows(
        "select scenario_id, round(p_valeur, 3)::text, decision, "
        "round(significativite_auteur, 3)::text from dwh_marts_boutique.mart_experiences "
        "where scenario_id in ('S3', 'S5', 'S7') order by 1"
    ) == [
        (name, p, "indécis", "1.000")
        for name, p in (("S3", "0.990"), ("S5", "0.993"), ("S7", "0.999"))
    ]
