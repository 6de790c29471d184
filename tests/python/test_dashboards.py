"""The dashboards' specification, and every query that it makes, run as a reader of the marts."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from sigeti_dwh.dashboards import grafana
from sigeti_dwh.dashboards.files import FOLDER, generate, generated, left_over
from sigeti_dwh.dashboards.specification import (
    FILE,
    Panel,
    Specification,
    read_specification,
)
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT
from sigeti_dwh.warehouse.database import connect

from .warehouse import Warehouse

SPECIFICATION = read_specification()
EVERYTHING = {
    "from": "timestamptz '1900-01-01'",
    "to": "timestamptz '2200-01-01'",
}
MODELS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
}
FACTS = {
    ("finance", "facture"): "select sum(montant_total) from dwh_facts.fait_factures "
    "where est_comptee",
    ("finance", "restant"): "select sum(montant_restant_du) from dwh_facts.fait_factures",
    ("finance", "recouvrement"): "select 100 * sum(montant_regle_declare) / sum(montant_total) "
    "from dwh_facts.fait_factures where est_comptee",
    ("finance", "delai"): "select avg(delai_paiement_jours) from dwh_facts.fait_factures "
    "where est_comptee and date_solde is not null",
    ("occupation", "occupation"): "select 100 * avg(est_occupe::int) from dwh_dimensions.dim_lots "
    "where is_current and lot_id > 0",
    ("occupation", "en_attente"): "select count(*) from dwh_facts.fait_attributions "
    "where est_en_attente",
    ("clients", "clients"): "select count(*) from dwh_dimensions.dim_entreprises "
    "where is_current and entreprise_id > 0",
    ("operations", "encaisse"): "select sum(montant_paiement) from dwh_facts.fait_paiements",
    ("operations", "campagnes"): "select count(*) from dwh_facts.fait_collectes",
    ("operations", "approbation"): "select 100.0 * count(*) filter (where est_approuve) "
    "/ count(*) filter (where est_approuve or est_rejete) from dwh_facts.fait_attributions",
}


@pytest.fixture(scope="module")
def reader(built: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the demo warehouse as a login that may read the marts and do nothing else."""
    with connect(built.settings.warehouse, autocommit=True) as owner:
        owner.execute("create role panel_reader")
        for schema in sorted({mart.schema for mart in SPECIFICATION.marts.values()}):
            owner.execute(f"grant usage on schema dwh_{schema} to panel_reader")
            owner.execute(f"grant select on all tables in schema dwh_{schema} to panel_reader")
        with connect(built.settings.warehouse, autocommit=True) as connection:
            connection.execute("set role panel_reader")
            connection.execute("set default_transaction_read_only = on")
            yield connection
        owner.execute("drop owned by panel_reader")
        owner.execute("drop role panel_reader")


def expanded(query: str, model: dict[str, Any], reader: psycopg.Connection[Any]) -> str:
    """Put in a query what Grafana would: the whole time, and all values of each variable."""
    query = re.sub(
        r"\$__timeFilter\((\w+)\)",
        rf"\1 between {EVERYTHING['from']} and {EVERYTHING['to']}",
        query,
    )
    for variable in model["templating"]["list"]:
        values = reader.execute(variable["query"]).fetchall()
        assert values, variable["name"]
        literals = ", ".join(psycopg.sql.Literal(value).as_string(None) for (value,) in values)
        query = query.replace(f"${{{variable['name']}:sqlstring}}", literals)
    assert "$" not in query
    return query


def results(
    model: dict[str, Any], number: int, reader: psycopg.Connection[Any]
) -> list[dict[str, Any]]:
    """Return the rows of one panel by their column names."""
    query = expanded(model["panels"][number]["targets"][0]["rawSql"], model, reader)
    cursor = reader.execute(query)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def panels() -> list[Any]:
    return [
        pytest.param(dashboard.name, number, panel, id=f"{dashboard.name}.{panel.name}")
        for dashboard in SPECIFICATION.dashboards
        for number, panel in enumerate(dashboard.panels)
    ]


def test_generated_files_are_up_to_date() -> None:
    for name, content in generated(SPECIFICATION).items():
        assert (FOLDER / name).read_text(encoding="utf-8") == content, (
            f"bi/{name} is not what bi/tableaux.yml says: ./run_pipeline.sh dashboards --generate"
        )


def test_no_generated_file_is_left_over() -> None:
    assert left_over() == []


@pytest.mark.parametrize(("dashboard", "number", "panel"), panels())
def test_each_grafana_panel_has_rows_for_a_reader(
    dashboard: str, number: int, panel: Panel, reader: psycopg.Connection[Any]
) -> None:
    rows = results(MODELS[dashboard], number, reader)
    if panel.where == "est_a_venir" and not rows:
        pytest.skip("nothing is planned")
    assert rows
    assert all(any(row[name] is not None for row in rows) for name in rows[0])
    if panel.chart == "line":
        assert next(iter(rows[0])) == "time"
        assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)


@pytest.mark.parametrize(("dashboard", "number", "panel"), panels())
def test_a_breakdown_adds_up_to_its_mart(
    dashboard: str, number: int, panel: Panel, reader: psycopg.Connection[Any]
) -> None:
    rows = results(MODELS[dashboard], number, reader)
    if len(rows) == panel.limit:
        pytest.skip("the panel shows the first rows only")
    for place, measure in enumerate(panel.measures, start=panel.by is not None):
        if measure.sql.startswith("sum(") and "/" not in measure.sql:
            (total,) = reader.execute(
                f"select {measure.sql} from dwh_{panel.mart.schema}.{panel.mart.name} "
                f"where {panel.where or 'true'}"
            ).fetchone() or (None,)
            assert sum(list(row.values())[place] or 0 for row in rows) == total


def listed() -> list[Any]:
    return [entry for entry in panels() if entry.values[2].chart == "rows"]


@pytest.mark.parametrize(("dashboard", "number", "panel"), listed())
def test_a_list_shows_the_largest_rows_of_its_mart_first(
    dashboard: str, number: int, panel: Panel, reader: psycopg.Connection[Any]
) -> None:
    assert panel.sorted_by is not None
    shown = [row[panel.sorted_by.label] for row in results(MODELS[dashboard], number, reader)]
    largest = reader.execute(
        f"select {panel.sorted_by.name} from dwh_{panel.mart.schema}.{panel.mart.name} "
        f"where {panel.where or 'true'} order by 1 desc limit %s",
        [panel.limit],
    ).fetchall()
    assert [(value,) for value in shown] == largest


@pytest.mark.parametrize(("dashboard", "number", "panel"), listed())
def test_a_list_reads_no_more_rows_than_it_shows(
    dashboard: str, number: int, panel: Panel, built: Warehouse
) -> None:
    assert panel.sorted_by is not None
    indexes = built.rows(
        "select indexdef from pg_indexes where schemaname = %s and tablename = %s",
        f"dwh_{panel.mart.schema}",
        panel.mart.name,
    )
    # With the zone in it, the index serves readers of some zones too.
    wanted = (f"({panel.sorted_by.name})", f"({panel.sorted_by.name}, zone_id)")
    assert any(one in definition for (definition,) in indexes for one in wanted)


@pytest.mark.parametrize("headline", FACTS, ids=".".join)
def test_a_headline_equals_sql_on_the_facts(
    headline: tuple[str, str], built: Warehouse, reader: psycopg.Connection[Any]
) -> None:
    dashboard, name = headline
    shown = next(entry for entry in SPECIFICATION.dashboards if entry.name == dashboard)
    number = [panel.name for panel in shown.panels].index(name)
    ((value,),) = (row.values() for row in results(MODELS[dashboard], number, reader))
    ((expected,),) = built.rows(FACTS[headline])
    assert abs(Decimal(value) - Decimal(expected)) < Decimal("0.000001")


def test_grafana_finds_its_datasource_and_keeps_no_secret() -> None:
    file = FOLDER / "grafana" / "provisioning" / "datasources" / "sigeti.yml"
    (datasource,) = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    assert "database" in datasource["jsonData"]
    assert datasource["secureJsonData"]["password"].startswith("$__env{")
    used = {
        (target["datasource"]["uid"], target["datasource"]["type"])
        for model in MODELS.values()
        for panel in model["panels"]
        for target in panel["targets"]
    }
    assert used == {(datasource["uid"], datasource["type"])}


def test_choosing_a_zone_leads_to_its_enterprises() -> None:
    for model in MODELS.values():
        variables = {variable["name"] for variable in model["templating"]["list"]}
        for panel in model["panels"]:
            for override in panel["fieldConfig"]["overrides"]:
                for link in override["properties"][0]["value"] if "links" in str(override) else []:
                    assert set(re.findall(r"var-(\w+)=", link["url"])) <= variables
    assert "var-zone=" in json.dumps(MODELS["finance"])


def test_a_specification_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.yml cannot be read: No such file"):
        read_specification(tmp_path / "absent.yml")


def test_a_ratio_of_several_sums_divides_all_of_them(tmp_path: Path) -> None:
    ratio = ["sum(montant_facture) - sum(montant_restant_du)", "sum(montant_facture)"]
    specification = changed(tmp_path, f"{MEASURE}.ratio", ratio)
    measure = specification.marts["mart_performance_zones"].measures["recouvrement"]
    assert measure.sql.startswith("(sum(montant_facture) - sum(montant_restant_du)) / ")


def test_any_column_can_be_gone_by(tmp_path: Path, reader: psycopg.Connection[Any]) -> None:
    path = "dashboards.finance.panels.par_secteur.by"
    specification = changed(tmp_path, path, "annee")
    model = grafana.dashboards(specification)["finance"]
    names = [panel.name for panel in specification.dashboards[0].panels]
    assert results(model, names.index("par_secteur"), reader)


def test_each_dashboard_is_an_exposure_of_the_marts_it_reads() -> None:
    file = ROOT / "models" / "marts" / "_marts__exposures.yml"
    declared = {
        exposure["name"]: set(exposure["depends_on"])
        for exposure in yaml.safe_load(file.read_text(encoding="utf-8"))["exposures"]
        if exposure["type"] == "dashboard"
    }
    assert declared == {
        f"tableau_{dashboard.name}": {f"ref('{panel.mart.name}')" for panel in dashboard.panels}
        for dashboard in SPECIFICATION.dashboards
    }


def test_a_reader_finds_every_mart_where_bi_tools_look(reader: psycopg.Connection[Any]) -> None:
    columns = reader.execute(
        "select table_name::text, column_name::text from information_schema.columns "
        "where table_schema like 'dwh\\_marts\\_%%'",
        [],
    ).fetchall()
    declared = {
        (mart.name, column) for mart in SPECIFICATION.marts.values() for column in mart.columns
    }
    assert declared <= set(columns)


def test_connection_files_name_postgresql_and_keep_no_secret() -> None:
    pbids = json.loads((FOLDER / "powerbi" / "sigeti.pbids").read_text(encoding="utf-8"))
    assert pbids["connections"][0]["details"]["protocol"] == "postgresql"
    metabase = json.loads((FOLDER / "metabase" / "database.json").read_text(encoding="utf-8"))
    assert metabase["details"]["password"] == ""


@pytest.mark.parametrize("area", ["boutique", "saas"])
def test_an_area_that_is_on_has_a_page_and_leaves_the_others_as_they_are(
    area: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = generated(SPECIFICATION)
    with monkeypatch.context() as patched:
        patched.setenv("DWH_AREAS", area)
        specification = read_specification()
        made = generated(specification)
        generate(tmp_path)
        assert left_over(tmp_path) == []
    assert {str(name) for name in usual if made[name] != usual[name]} == {
        "grafana/dashboards/fraicheur.json",
        "superset/bundle/dashboards/fraicheur.yaml",
    }
    assert {page.name for page in specification.dashboards} == {*MODELS, area}
    assert left_over(tmp_path) == sorted(tmp_path / name for name in made.keys() - usual.keys())
    generate(tmp_path)
    for name, content in usual.items():
        assert (tmp_path / name).read_text(encoding="utf-8") == content
    exposures = ROOT / "models" / "marts" / area / f"_{area}__exposures.yml"
    [declared] = yaml.safe_load(exposures.read_text(encoding="utf-8"))["exposures"]
    page = next(page for page in specification.dashboards if page.name == area)
    assert set(declared["depends_on"]) == {f"ref('{panel.mart.name}')" for panel in page.panels}


def changed(tmp_path: Path, path: str, value: Any) -> Specification:
    """Read the specification with one value replaced, or removed when None."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    *way, last = path.split(".")
    place = content
    for word in way:
        place = place[word]
    if value is None:
        del place[last]
    else:
        place[last] = value
    file = tmp_path / "tableaux.yml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return read_specification(file)


MEASURE = "marts.mart_performance_zones.measures.recouvrement"
PANEL = "dashboards.finance.panels.par_mois"
ROWS = "dashboards.finance.panels.par_entreprise"
MISTAKES = {
    f"{ROWS}.columns": (["absent"], "Panel finance.par_entreprise: no column 'absent'"),
    f"{ROWS}.sorted_by": (None, "Panel finance.par_entreprise: sorted_by missing"),
    f"{ROWS}.measures": (["restant"], "Panel finance.par_entreprise: nothing is called measures"),
    f"{ROWS}.limit": (0, "Panel finance.par_entreprise: its limit is 0"),
    f"{PANEL}.mart": ("mart_absent", "Panel finance.par_mois: no mart 'mart_absent'"),
    f"{PANEL}.measures": (["absent"], "Panel finance.par_mois: no measure 'absent'"),
    f"{PANEL}.chart": ("camembert", "Panel finance.par_mois: no chart 'camembert'"),
    f"{PANEL}.by": ("nom_zone", "Panel finance.par_mois: a line goes by a date"),
    f"{PANEL}.width": (13, "Panel finance.par_mois: its width is 13"),
    f"{PANEL}.colour": ("red", "Panel finance.par_mois: nothing is called colour"),
    "dashboards.finance.panels.par_zone.by": (
        "nom_domaine",
        "Panel finance.par_zone: it goes by nom_domaine, but would set zone",
    ),
    f"{PANEL}.ordered_by": ("annee", "Panel finance.par_mois: a table alone can be ordered"),
    f"{PANEL}.where": ("nom_zone", "Panel finance.par_mois: no yes-or-no column 'nom_zone'"),
    "dashboards.occupation.panels.carte.mart": (
        "mart_segments_clients",
        "Panel occupation.carte: no measure 'lots'",
    ),
    "dashboards.occupation.panels.carte.coloured_by": (
        "nom_zone",
        "Panel occupation.carte: no rate 'nom_zone'",
    ),
    f"{PANEL}.coloured_by": ("annee", "Panel finance.par_mois: a map alone is coloured"),
    f"{PANEL}.limit": ("beaucoup", "Panel finance.par_mois: its limit is 'beaucoup'"),
    f"{PANEL}.drill": ([], "Panel finance.par_mois: no filter []"),
    f"{PANEL}.total": ("non", "Panel finance.par_mois: its total is 'non'"),
    "dashboards.finance.whole_time": ("oui", "Dashboard finance: its whole_time is 'oui'"),
    "dashboards.finance.panels": ({}, "Dashboard finance: it has no panel"),
    "dashboards.finance.filters": ("zone", "Dashboard finance: filters are a list of names"),
    "dashboards.finance.panels.facture.mart": (None, "Panel finance.facture: mart missing"),
    "dashboards.clients.filters": (["zone"], "Dashboard clients: no panel can be filtered"),
    f"{MEASURE}.unit": ("pour cent", "Measure mart_performance_zones.recouvrement: no unit"),
    f"{MEASURE}.ratio": (
        ["sum(taux_recouvrement_pct)", "count(*)"],
        "recouvrement: taux_recouvrement_pct is a rate, which does not add up",
    ),
    "marts.mart_occupation_zones.measures.occupation.ratio": (
        "sum(lots_occupes)",
        "Measure mart_occupation_zones.occupation: a ratio is two sums",
    ),
    "marts.mart_occupation_zones.measures.lots.sql": (
        3,
        "Measure mart_occupation_zones.lots: 3 does not aggregate",
    ),
    "marts.mart_occupation_zones.measures": (
        ["lots"],
        "Mart mart_occupation_zones: measures are entries of a name",
    ),
    "marts.mart_performance_zones.measures.facture.sql": (
        "sum(montant_absent)",
        "Measure mart_performance_zones.facture: no column 'montant_absent'",
    ),
    "marts.mart_performance_zones.measures.regle.sql": (
        "montant_facture",
        "Measure mart_performance_zones.regle: montant_facture does not aggregate",
    ),
    "marts.mart_performance_zones.measures.restant.unit": (
        "%",
        "Measure mart_performance_zones.restant: a % is a ratio of two sums",
    ),
}


@pytest.mark.parametrize("path", MISTAKES)
def test_a_mistake_in_the_specification_names_its_place(path: str, tmp_path: Path) -> None:
    value, message = MISTAKES[path]
    with pytest.raises(UserError, match=re.escape(message)):
        changed(tmp_path, path, value)
