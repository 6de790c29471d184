"""Superset's bundle, the login it reads with, and what its server is given; without Superset."""

import json
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
import sqlalchemy
import yaml

from sigeti_dwh.dashboards.accounts import create_account
from sigeti_dwh.dashboards.files import FOLDER
from sigeti_dwh.dashboards.reader import check_reader, find_reader, without_unpublished_areas
from sigeti_dwh.dashboards.specification import read_specification
from sigeti_dwh.dashboards.superset import bundle
from sigeti_dwh.dashboards.superset_server import PYTHON, SupersetServer, python_for_superset
from sigeti_dwh.errors import UserError
from sigeti_dwh.morning.country import LEVELS, UNKNOWN
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import create_roles

from .warehouse import Warehouse

SPECIFICATION = read_specification()
RECORDER = f"""#!{sys.executable}
import json, os, pathlib, sys
path = pathlib.Path(os.environ["SUPERSET_HOME"], "call.json")
path.write_text(json.dumps({{"words": sys.argv, "environment": dict(os.environ)}}))
"""


def test_every_reference_of_the_bundle_leads_to_a_file_of_it() -> None:
    files = bundle(SPECIFICATION)
    kinds = {
        kind: {file["uuid"] for name, file in files.items() if name.startswith(f"{kind}/")}
        for kind in ("databases", "datasets", "charts", "dashboards")
    }
    used: dict[str, set[str]] = {"databases": set(), "datasets": set(), "charts": set()}
    for name, file in files.items():
        if name.startswith("datasets/"):
            used["databases"].add(file["database_uuid"])
        elif name.startswith("charts/"):
            used["datasets"].add(file["dataset_uuid"])
        elif name.startswith("dashboards/"):
            places = [part for part in file["position"].values() if isinstance(part, dict)]
            used["charts"] |= {part["meta"]["uuid"] for part in places if part["type"] == "CHART"}
            for entry in file["metadata"]["native_filter_configuration"]:
                used["datasets"] |= {target["datasetUuid"] for target in entry["targets"] if target}
    assert used == {kind: kinds[kind] for kind in used}


def test_a_page_with_a_map_has_the_theme_that_draws_the_country() -> None:
    files = bundle(SPECIFICATION)
    theme = files["themes/carte.yaml"]
    themed = {file["slug"] for file in files.values() if file.get("theme_uuid") == theme["uuid"]}
    assert themed == {
        page.name
        for page in SPECIFICATION.dashboards
        if any(panel.chart == "map" for panel in page.panels)
    }
    (options,) = theme["json_data"]["echartsOptionsOverridesByChartType"].values()
    places = [end["coord"] for line in options["series"]["markLine"]["data"] for end in line]
    chart = files["charts/occupation_carte.yaml"]["params"]
    for degrees, bounds in zip(
        zip(*places, strict=True), ("xAxisBounds", "y_axis_bounds"), strict=True
    ):
        assert chart[bounds][0] < min(degrees) < max(degrees) < chart[bounds][1]


def test_a_map_colours_a_zone_by_the_levels_of_the_report(built: Warehouse) -> None:
    (column,) = bundle(SPECIFICATION)["datasets/sigeti/mart_occupation_zones.yaml"]["columns"][-1:]
    rates = [None, *map(Decimal, ("0", "49.99", "50", "79.99", "80", "94.99", "95", "100"))]
    level = column["expression"].replace("%", "%%")
    shown = built.rows(
        f"select {level} from unnest(%s::numeric[]) as rate (taux_occupation_pct)",
        rates,
    )
    words = [UNKNOWN[1]] + [level[2] for level in LEVELS for _ in range(2)]
    assert [word for (word,) in shown] == words


@pytest.fixture
def login(built: Warehouse) -> Iterator[Server]:
    """Make a login without any right on the demo warehouse."""
    warehouse = built.settings.warehouse
    with connect(warehouse, autocommit=True) as owner:
        owner.execute("create role board_login login password 'no secret'")
        yield replace(warehouse, user="board_login", password="no secret")
        owner.execute("drop owned by board_login")
        owner.execute("drop role board_login")


def test_a_login_is_refused_until_it_reads_every_mart(login: Server, built: Warehouse) -> None:
    with pytest.raises(UserError, match=r"board_login may not read|permission denied"):
        check_reader(login, SPECIFICATION, "dwh")
    with connect(built.settings.warehouse, autocommit=True) as owner:
        for mart in SPECIFICATION.marts.values():
            owner.execute(f"grant usage on schema dwh_{mart.schema} to board_login")
            owner.execute(f"grant select on dwh_{mart.schema}.{mart.name} to board_login")
    check_reader(login, SPECIFICATION, "dwh")


def test_a_login_that_could_write_is_refused(built: Warehouse) -> None:
    with pytest.raises(UserError, match="may write to dwh_marts_financier"):
        check_reader(built.settings.warehouse, SPECIFICATION, "dwh")


def test_marts_that_are_not_built_are_named(built: Warehouse) -> None:
    with pytest.raises(UserError, match=r"There is no other_marts_financier\.mart_"):
        check_reader(built.settings.warehouse, SPECIFICATION, "other")


def test_an_area_that_has_published_nothing_keeps_no_other_page_back(
    built: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_AREAS", "boutique")
    specified = read_specification()
    assert "boutique" in {page.name for page in specified.dashboards}
    served = without_unpublished_areas(built.settings.warehouse, specified, "dwh")
    assert (served.dashboards, served.marts) == (SPECIFICATION.dashboards, SPECIFICATION.marts)
    with connect(built.settings.warehouse, autocommit=True) as owner:
        owner.execute("create schema dwh_marts_boutique")
        owner.execute("create table dwh_marts_boutique.fraicheur_boutique ()")
        try:
            served = without_unpublished_areas(built.settings.warehouse, specified, "dwh")
        finally:
            owner.execute("drop schema dwh_marts_boutique cascade")
    assert served == specified


def test_without_a_login_the_owner_is_not_taken(built: Warehouse) -> None:
    with pytest.raises(UserError, match="set DWH_BI_USER and DWH_BI_PASSWORD"):
        find_reader(built.settings, {"DWH_BI_USER": "somebody", "DWH_BI_PASSWORD": ""})


@pytest.mark.parametrize("host", ["::1", "/run/postgresql", "dwh.example"])
def test_any_host_can_be_provisioned(host: str, superset: SupersetServer) -> None:
    reader = Server("warehouse", host, 5433, "d w", "é@b", "no secret", "verify-full", False)
    superset.provision(SPECIFICATION, reader, "dwh")
    with ZipFile(superset.home / "bundle.zip") as archive:
        (name,) = [one for one in archive.namelist() if "databases/" in one]
        uri = sqlalchemy.make_url(yaml.safe_load(archive.read(name))["sqlalchemy_uri"])
    query = dict(uri.query)
    assert (uri.host or query["host"], uri.port or int(query["port"])) == (host, 5433)
    assert (uri.username, query["sslmode"]) == ("é@b", "verify-full")


@pytest.fixture
def superset(tmp_path: Path) -> SupersetServer:
    """Make a server whose Python records how it was called."""
    program = tmp_path / "venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(RECORDER, encoding="utf-8")
    program.chmod(0o755)
    return SupersetServer(tmp_path, report=lambda line: None)


def test_secrets_are_for_their_owner_and_never_on_a_command_line(
    superset: SupersetServer, login: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_DB_PASSWORD", "of the owner")
    monkeypatch.setenv("PGSSLROOTCERT", "root.crt")
    monkeypatch.setenv("PYTHONPATH", "packages of another Python")
    superset.provision(SPECIFICATION, login, "dwh")
    call = json.loads((superset.home / "call.json").read_text(encoding="utf-8"))
    assert call["environment"]["DWH_BI_PASSWORD"] == "no secret"
    assert call["environment"]["SUPERSET_ADMIN_PASSWORD"] == superset.password.read_text()
    assert call["environment"]["PGSSLROOTCERT"] == "root.crt"
    assert "PYTHONPATH" not in call["environment"]
    assert "of the owner" not in call["environment"].values()
    assert "no secret" not in " ".join(call["words"])
    with ZipFile(superset.home / "bundle.zip") as archive:
        assert not any(b"no secret" in archive.read(name) for name in archive.namelist())
    for name in ("admin_password", "secret_key"):
        assert stat.S_IMODE((superset.home / name).stat().st_mode) == 0o600


def test_secrets_stay_the_same_from_one_time_to_the_next(
    superset: SupersetServer, login: Server
) -> None:
    superset.provision(SPECIFICATION, login, "dwh")
    first = superset.password.read_text(encoding="utf-8")
    superset.provision(SPECIFICATION, login, "dwh")
    assert superset.password.read_text(encoding="utf-8") == first


def test_a_pid_of_another_program_is_left_alone(superset: SupersetServer) -> None:
    (superset.home / "superset.pid").write_text("1", encoding="utf-8")
    assert not superset.stop()
    assert not (superset.home / "superset.pid").exists()


def test_superset_gets_the_python_that_its_packages_are_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert python_for_superset(PYTHON) == sys.executable
    with pytest.raises(UserError, match=r"Python 3\.11; this is 3\.13, and no python3\.11"):
        python_for_superset((3, 13))
    (tmp_path / "python3.11").touch(mode=0o700)
    assert python_for_superset((3, 13)) == str(tmp_path / "python3.11")


def test_every_package_of_superset_is_pinned_with_its_hash() -> None:
    text = (FOLDER / "superset" / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    packages = "\n".join(lines).replace("\\\n", "").splitlines()
    assert len(packages) > 100
    assert [line for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.fixture
def provisioned(superset: SupersetServer) -> SupersetServer:
    """Let the server have its own database."""
    (superset.home / "superset.db").touch()
    return superset


@pytest.fixture
def account(built: Warehouse) -> Iterator[str]:
    """Choose the name of an account, and drop its login afterwards."""
    create_roles(built.settings, report=lambda line: None)
    yield "page.reader"
    with connect(built.settings.warehouse, autocommit=True) as owner:
        owner.execute("delete from dwh_meta.droits_zones where login = 'page.reader'")
        owner.execute('drop role if exists "page.reader"')


def rows_of(built: Warehouse, name: str, password: str) -> set[int]:
    """Return the zones that a login finds in a mart."""
    with connect(replace(built.settings.warehouse, user=name, password=password)) as connection:
        found = connection.execute("select zone_id from dwh_marts_occupation.mart_occupation_zones")
        return {zone for (zone,) in found}


def test_an_account_reads_the_rows_of_its_zones_by_a_login_of_its_own(
    built: Warehouse, provisioned: SupersetServer, account: str
) -> None:
    made_up = create_account(built.settings, provisioned, account, [3], report=lambda line: None)
    login = provisioned.read_logins()[account]
    assert rows_of(built, account, login) == {3}
    call = json.loads((provisioned.home / "call.json").read_text(encoding="utf-8"))
    assert call["environment"]["SUPERSET_ACCOUNT_PASSWORD"] == made_up != login
    assert login not in [*call["words"], *call["environment"].values()]
    assert stat.S_IMODE((provisioned.home / "logins.json").stat().st_mode) == 0o600
    # Set anew, it keeps both passwords.
    assert create_account(built.settings, provisioned, account, None, report=print) is None
    assert len(rows_of(built, account, login)) > 1
    call = json.loads((provisioned.home / "call.json").read_text(encoding="utf-8"))
    assert "SUPERSET_ACCOUNT_PASSWORD" not in call["environment"]


def test_an_account_takes_no_login_that_was_there(
    built: Warehouse, provisioned: SupersetServer, login: Server
) -> None:
    for name in (login.user, "admin"):
        with pytest.raises(UserError, match="is the name of another login already"):
            create_account(built.settings, provisioned, name, None)


def test_without_superset_there_is_no_account(built: Warehouse, superset: SupersetServer) -> None:
    with pytest.raises(UserError, match=r"Serve it once: \./run_pipeline\.sh dashboards"):
        create_account(built.settings, superset, "page.reader", None)
