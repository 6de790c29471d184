"""Plain dbt as an analyst types it in the checkout after a night, by its exit codes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.night.profiles import write_profiles
from sigeti_dwh.warehouse.database import connect

from .conftest import copied_night
from .warehouse import Warehouse

DBT = Path(sys.executable).with_name("dbt")
ACCENTS = "Œuvre d’Akoupé-Zeudji"


@pytest.fixture(scope="module")
def night(
    server: EmbeddedServer, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Copy a tested and published night; at the end another one must go well."""
    folder = tmp_path_factory.mktemp("plain_dbt") / "project"
    with copied_night(server, template, folder) as copy:
        write_profiles(copy.settings, folder)
        yield copy
        copy.advance(1)
        copy.run(checks=True)
        assert copy.differences() == []


def dbt(night: Warehouse, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run dbt in a shell that knows nothing of a run."""
    shell = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SOURCE_DB_", "DWH_", "PG", "DBT_"))
    }
    return subprocess.run(
        [DBT, *command], cwd=night.folder, env=shell | environment, text=True, capture_output=True
    )


def check(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize(
    "command",
    [
        "test --select test_type:unit",
        "build --no-partial-parse --threads 1",
        "test",
        "run",
        "snapshot",
        "build --select path:models/staging path:models/dimensions",
        "build --select path:models/facts",
        "build --select fait_factures",
        "build --select +mart_occupation_zones fraicheur",
        "build --select fait_paiements+ --full-refresh",
        "compile",
        "show --select fait_factures mart_portefeuille_clients snap_lots",
        "ls --select fait_factures+",
        "source freshness",
        "docs generate",
    ],
)
def test_a_command_goes_well_after_a_night(night: Warehouse, command: str) -> None:
    check(dbt(night, *command.split()))


@pytest.mark.parametrize(
    "variables",
    [
        "{date_reference: 2025-06-30}",
        "{start_date: 2020-01-01, seuil_grand_client: 5, seuil_risque_moyen: 0.5}",
        "{}",
    ],
)
def test_a_build_with_variables_goes_well(night: Warehouse, variables: str) -> None:
    check(dbt(night, "build", "--vars", variables))


def test_a_build_goes_well_whatever_has_become_of_the_target(night: Warehouse) -> None:
    target = night.folder / "target"
    build = ("build", "--select", "fait_factures")
    check(dbt(night, "parse"))
    for file in target.glob("*.*"):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
    check(dbt(night, *build))
    shutil.rmtree(target)
    check(dbt(night, *build))
    # Stale: made by the project as it was before.
    macro = night.folder / "macros" / "publication" / "publish_search.sql"
    macro.write_text(macro.read_text("utf-8") + "\n", "utf-8")
    check(dbt(night, *build))


def test_what_failed_is_retried(night: Warehouse) -> None:
    test = night.folder / "tests" / "dbt" / "no_domain.sql"
    test.write_text("select * from {{ ref('dim_domaines_activites') }}", "utf-8")
    assert dbt(night, "build", "--select", "dim_domaines_activites").returncode == 1
    test.write_text(test.read_text("utf-8") + " where false", "utf-8")
    check(dbt(night, "retry"))
    test.unlink()


def test_empty_is_refused_and_empties_nothing(night: Warehouse) -> None:
    before = night.content()
    for command in ("run", "build", "snapshot"):
        done = dbt(night, command, "--empty")
        assert done.returncode == 1
        assert "--empty would empty the tables of this warehouse" in done.stdout
    assert night.content() == before
    assert night.rows("select count(*) from dwh_staging.stg_factures") > [(0,)]


@pytest.mark.parametrize("encoding", [{}, {"PGCLIENTENCODING": "latin1"}])
def test_accents_arrive_whatever_the_shell_and_the_server_say(
    night: Warehouse, encoding: dict[str, str]
) -> None:
    name = ACCENTS + "".join(encoding.values())
    night.change("update entreprises set raison_sociale = %s where id = 1", name)
    night.load()
    with connect(night.settings.warehouse, autocommit=True) as connection:
        connection.execute(
            f'alter database "{night.warehouse.name}" set client_encoding to sql_ascii'
        )
    selected = ("--select", "+mart_portefeuille_clients", "fraicheur")
    check(dbt(night, "build", *selected, LANG="C", LC_ALL="C", **encoding))
    assert night.rows(
        "select raison_sociale from dwh_marts_clients.mart_portefeuille_clients "
        "where entreprise_id = 1"
    ) == [(name,)]
    assert night.rows(
        "select distinct statut from dwh_facts.fait_factures where statut like 'Pay%'"
    ) == [("Payée",)]


BRIDGE = "facts/pont_collectes_zones.sql"


@pytest.mark.parametrize(
    ("command", "model", "written", "instead", "said"),
    [
        (
            "compile",
            BRIDGE,
            "'stg_collectes': 'collecte_id',",
            "",
            "pont_collectes_zones reads stg_collectes, and its touched_by does not say",
        ),
        (
            "compile",
            BRIDGE,
            "'stg_collectes': 'collecte_id',",
            "'stg_collectes': 'zone_id',",
            "stg_collectes.zone_id, which is no key or link",
        ),
        (
            "run",
            BRIDGE,
            "'existence of zone_id'",
            "'existence of zone'",
            "touched_by names pont_collectes_zones.zone, which is no column of it",
        ),
        (
            "compile",
            BRIDGE,
            "'stg_collectes': 'collecte_id',",
            "'stg_collectes': 'collecte_id', 'stg_lots': 'lot_id',",
            "names stg_lots, which the model does not read",
        ),
        (
            "build",
            "publication/fraicheur.sql",
            "ref('mart_creances_clients'),",
            "",
            "mart_creances_clients has publie_dans, and models/publication/fraicheur.sql does not",
        ),
    ],
)
def test_a_wrong_declaration_is_refused_in_a_sentence(
    night: Warehouse, command: str, model: str, written: str, instead: str, said: str
) -> None:
    path = night.folder / "models" / model
    text = path.read_text(encoding="utf-8")
    assert written in text
    path.write_text(text.replace(written, instead), encoding="utf-8")
    try:
        done = dbt(night, command, "--select", path.stem)
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode and said in " ".join(done.stdout.split()), done.stdout[-3000:]
    assert "Traceback" not in done.stdout
