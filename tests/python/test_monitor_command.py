"""monitor_dwh.py on a warehouse that a night has built: verdicts, exit codes, formats, roles."""

import csv
import io
import json
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jsonschema
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.monitor.health import check_health
from sigeti_dwh.monitor.machines import SCHEMA
from sigeti_dwh.night.run_log import RunLog
from sigeti_dwh.settings import ROOT, Settings
from sigeti_dwh.warehouse.database import connect

from .conftest import copied_night
from .warehouse import Warehouse

SCHEMAS = """
select string_agg(format('%I', nspname), ', ') from pg_namespace
where nspname = 'raw_sigeti' or nspname like 'dwh%'
"""


@pytest.fixture(scope="module")
def night(server: EmbeddedServer, template: Path) -> Iterator[Warehouse]:
    """Copy a warehouse, which these tests spoil, each for itself, and let a night pass."""
    with copied_night(server, template) as copy:
        with RunLog(copy.settings) as log:
            for layer in copy.run():
                log.layer(layer)
        yield copy


def environment(settings: Settings) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "DWH_ENV_FILE": os.devnull, **settings.environment()}


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "monitor_dwh.py"), *arguments]


def monitor(
    settings: Settings, *arguments: str, record: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does; without `record`, it leaves nothing behind."""
    remembers = not {"health", "datasource", "history", "rows"} & set(arguments)
    options = arguments if record or not remembers else ("--no-record", *arguments)
    return subprocess.run(
        command(*options),
        env=environment(settings),
        cwd="/",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def document(settings: Settings, *arguments: str) -> dict[str, object]:
    done = monitor(settings, "--format", "json", *arguments)
    found: dict[str, object] = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return found


def next_commands(text: str) -> set[str]:
    """Return the commands that the monitor says to type, broken lines as the shell joins them."""
    lines = re.sub(r" \\\n +", " ", text).splitlines()
    return {line.removeprefix("  next: ") for line in lines if line.startswith("  next: ")}


def findings(settings: Settings, *arguments: str) -> list[tuple[str, str, str]]:
    found = document(settings, *arguments)["findings"]
    assert isinstance(found, list)
    return [(one["level"], one["kind"], one["object"]) for one in found]


@pytest.fixture
def spoiled(night: Warehouse) -> Iterator[psycopg.Connection]:
    """Connect to spoil the warehouse: what is committed is put right by hand."""
    with connect(night.settings.warehouse, autocommit=True) as connection:
        yield connection


def test_a_good_night_is_fine_in_every_format(night: Warehouse, tmp_path: Path) -> None:
    settings = night.settings
    done = monitor(settings)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == lines[-1] and lines[0].startswith("FINE: ")
    assert len(lines) <= 50 and max(map(len, lines)) <= 80
    assert lines[1].startswith("Last night: 1, ") and "ended well after" in lines[1]
    names = [line.split()[0] for line in lines[3:] if line]
    ours = "select table_name from information_schema.tables where table_schema ~ %s"
    for (name,) in night.rows(ours, "^dwh_(dimensions|facts|marts_.*)$"):
        assert names.count(name) == 1, name
    for layer in ("raw:", "reference:", "staging:", "snapshots:", "preparation:"):
        assert names.count(layer) == 1, layer
    everything = monitor(settings, "--all").stdout
    for title in ("Rows", "Sizes", "Last updates (UTC)", "Layers"):
        assert f"{title}\n\n" in everything
    assert everything.count("raw_sigeti.factures ") == 3
    of_raw = monitor(settings, "--layer", "raw").stdout.splitlines()
    assert sum(line.startswith("factures ") for line in of_raw) == 1 and of_raw[0] == of_raw[-1]
    found = document(settings)
    assert (found["verdict"], found["findings"]) == ("fine", [])
    comparisons = found["comparisons"]
    assert isinstance(comparisons, list) and len(comparisons) > 4
    for one in comparisons:
        assert len(set(one["values"].values())) == 1, one
    ((invoices,),) = night.rows("select count(*) from dwh_facts.fait_factures")
    rows = {line["object"]: line for line in csv.DictReader(io.StringIO(csv_of(settings)))}
    assert rows["dwh_facts.fait_factures"]["rows"] == str(invoices)
    assert rows["dwh_staging.stg_factures"]["bytes"] == ""
    samples = {
        (sample.name, sample.labels.get("object")): sample.value
        for family in text_string_to_metric_families(
            monitor(settings, "--format", "prometheus").stdout
        )
        for sample in family.samples
    }
    assert samples["sigeti_dwh_rows", "dwh_facts.fait_factures"] == invoices
    assert samples["sigeti_dwh_status", None] == 0
    assert "| dwh_facts.fait_factures" in monitor(settings, "--format", "markdown").stdout
    page = tmp_path / "page.html"
    done = monitor(settings, "--format", "html", "--output", str(page))
    assert (done.returncode, done.stdout, [*tmp_path.iterdir()]) == (0, "", [page])
    text = page.read_text(encoding="utf-8")
    assert len(text.encode()) < 200_000 and "Tout va bien" in text and "<svg" in text
    for outside in ("src=", "@import", "url(", "<link", "<script", 'href="http'):
        assert outside not in text
    assert monitor(settings, "--ascii").stdout.isascii()


def csv_of(settings: Settings) -> str:
    return monitor(settings, "--format", "csv").stdout


def test_lost_rows_are_critical_and_say_what_stands_on_them(
    night: Warehouse, spoiled: psycopg.Connection
) -> None:
    settings = night.settings
    assert monitor(settings, record=True).returncode == 0
    spoiled.execute("create view public.d_analyste as select * from dwh_facts.fait_factures")
    spoiled.execute("create table public.garde as select * from dwh_facts.fait_factures")
    spoiled.execute("delete from dwh_facts.fait_factures where facture_id % 3 > 0")
    try:
        done = monitor(settings)
        assert done.returncode == 2
        assert "CRITICAL dwh_facts.fait_factures: " in done.stdout
        assert "public.d_analyste" in monitor(settings, "--all").stdout
        assert next_commands(done.stdout) >= {
            "python3 monitor_dwh.py history dwh_facts.fait_factures",
            "./run_pipeline.sh --full-refresh",
        }
        found = findings(settings)
        assert ("critical", "volume", "dwh_facts.fait_factures") in found
        assert ("critical", "reconciliation", "invoices") in found
        spoiled.execute("delete from dwh_facts.fait_factures")
        assert "empty, had" in monitor(settings).stdout
    finally:
        spoiled.execute("drop view public.d_analyste")
        spoiled.execute("delete from dwh_facts.fait_factures")
        spoiled.execute("insert into dwh_facts.fait_factures select * from public.garde")
        spoiled.execute("drop table public.garde")
    assert monitor(settings).returncode == 0


def test_a_new_column_is_a_warning_that_fails_only_when_asked(
    night: Warehouse, spoiled: psycopg.Connection
) -> None:
    assert monitor(night.settings, record=True).returncode == 0
    spoiled.execute("alter table dwh_dimensions.dim_lots add column essai integer")
    try:
        assert findings(night.settings) == [("warning", "schema", "dwh_dimensions.dim_lots")]
        (command,) = next_commands(monitor(night.settings).stdout)
        done = monitor(night.settings, *shlex.split(command)[2:])
        assert done.returncode == 0 and '"name": "essai"' in done.stdout
        assert monitor(night.settings).returncode == 0
        assert monitor(night.settings, "--fail-on", "warn").returncode == 1
    finally:
        spoiled.execute("alter table dwh_dimensions.dim_lots drop column essai")


def test_a_published_mart_without_a_promised_column_is_critical(
    night: Warehouse, spoiled: psycopg.Connection
) -> None:
    mart = "dwh_marts_operationnel.mart_kpi_operationnels"
    spoiled.execute(f"alter table {mart} rename column montant_encaisse to encaisse")  # type: ignore[arg-type]
    try:
        assert ("critical", "schema", mart) in findings(night.settings, "--layer", "marts")
    finally:
        spoiled.execute(f"alter table {mart} rename column encaisse to montant_encaisse")  # type: ignore[arg-type]


def test_a_night_that_failed_is_critical_until_one_ends_well(night: Warehouse) -> None:
    with pytest.raises(ValueError), RunLog(night.settings):
        raise ValueError("the disk was full")
    done = monitor(night.settings)
    assert done.returncode == 2 and "failed: ValueError: the disk was full" in " ".join(
        done.stdout.split()
    )
    assert next_commands(done.stdout) == {"./run_pipeline.sh"}
    assert "Last good night: 1, " in done.stdout
    for _ in range(2):
        with RunLog(night.settings):
            pass
    done = monitor(night.settings)
    assert done.returncode == 0 and "(median of 2 earlier: " in " ".join(done.stdout.split())


def test_a_failed_test_says_how_to_see_its_rows(
    night: Warehouse, spoiled: psycopg.Connection
) -> None:
    spoiled.execute(
        "create schema if not exists dwh_qualite; "
        "create table dwh_qualite.essai as select 1 as n, 'infinity'::date as jour"
    )
    spoiled.execute(
        "insert into dwh_meta.noeuds (execution, noeud, nom, type, couche, etat, secondes, echecs, "
        "relation) select max(execution), 'test.essai', 'essai', 'test', 'facts', 'warn', 0, 1, "
        "'dwh_qualite.essai' from dwh_meta.executions"
    )
    try:
        (command,) = next_commands(monitor(night.settings).stdout)
        done = monitor(night.settings, *shlex.split(command)[2:])
    finally:
        spoiled.execute("delete from dwh_meta.noeuds where noeud = 'test.essai'")
        spoiled.execute("drop table dwh_qualite.essai")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].split() == ["1", "infinity"]


def test_a_test_that_the_project_has_no_more_is_forgotten_after_a_whole_night(
    night: Warehouse, spoiled: psycopg.Connection
) -> None:
    spoiled.execute(
        "insert into dwh_meta.noeuds (execution, noeud, nom, type, couche, etat, secondes, message)"
        " select max(execution), 'test.parti', 'parti', 'test', 'facts', 'warn', 0, 'x' "
        "from dwh_meta.executions"
    )
    try:
        for options, told in (("select=dim_lots", True), ("select=None", False)):
            with RunLog(night.settings, options):
                pass
            assert ("test parti" in monitor(night.settings).stdout) is told
    finally:
        spoiled.execute("delete from dwh_meta.noeuds where noeud = 'test.parti'")


def test_history_shows_what_was_seen(night: Warehouse, spoiled: psycopg.Connection) -> None:
    assert monitor(night.settings, record=True).returncode == 0
    spoiled.execute(
        "insert into dwh_meta.mesures select objet, mesure_le - interval '1 day', lignes - 3, "
        "octets, donnees_au, colonnes, anomalie from dwh_meta.mesures "
        "where objet = 'dwh_facts.fait_factures' order by mesure_le desc limit 1"
    )
    done = subprocess.run(
        command("history", "fait_factures"),
        env=environment(night.settings),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert "+3 rows since yesterday" in done.stdout and "▁█" in done.stdout
    spoiled.execute(
        "delete from dwh_meta.mesures where mesure_le < current_timestamp - '1h'::interval"
    )


def test_only_what_is_selected_is_measured(night: Warehouse) -> None:
    mean = "x'; drop table dwh_facts.fait_factures; --"
    done = monitor(night.settings, "--select", mean)
    assert (done.returncode, done.stdout) == (3, "") and "Nothing is named" in done.stderr
    done = monitor(night.settings, "--select", "fait_facture", "--select", "dim_lots")
    assert (done.returncode, done.stdout) == (3, "") and "Near: fait_factures" in done.stderr
    done = monitor(
        night.settings, "--format", "csv", "--layer", "facts", "--sort", "rows", "--top", "2"
    )
    assert [line.split(",")[1] for line in done.stdout.splitlines()[1:]] == [
        "dwh_facts.fait_etapes_demandes",
        "dwh_facts.fait_paiements",
    ]
    done = monitor(night.settings, "--format", "csv", "--select", "mart_kpi*")
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        ["--layer", "x"],
        ["--layer", "facts", "--select", "dim_lots"],
        ["history", "fait_facture"],
        ["rows", "fait_facture"],
        ["rows"],
        ["--top", "0"],
        ["--top", "x"],
        ["--nothing"],
        ["datasource", "--nothing"],
        ["datasource", "--login", "a", "--role", "bi_reader", "--role", "dwh_analyst"],
    ],
)
def test_wrong_arguments_are_not_a_critical_state(night: Warehouse, wrong: list[str]) -> None:
    done = monitor(night.settings, *wrong)
    assert (done.returncode, done.stdout) == (3, "") and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 3 or wrong[0] == "datasource"


def test_estimates_are_marked_and_unknown_is_no_zero(
    night: Warehouse, spoiled: psycopg.Connection
) -> None:
    spoiled.execute("create table dwh_facts.fait_nouveau as select 1 as n")
    spoiled.execute("analyze dwh_facts.fait_factures")
    try:
        lines = monitor(night.settings, "--estimate", "--layer", "facts").stdout.splitlines()
    finally:
        spoiled.execute("drop table dwh_facts.fait_nouveau")
    assert next(line for line in lines if "fait_nouveau" in line).split()[1] == "?"
    ((rows,),) = night.rows("select count(*) from dwh_facts.fait_factures")
    assert f"~{rows:,}".replace(",", " ") in next(line for line in lines if "fait_factures" in line)


@pytest.fixture
def reader(night: Warehouse) -> Iterator[Settings]:
    """Return the settings of a login that may read nothing yet."""
    name, password = f"surveillant_{secrets.token_hex(4)}", secrets.token_hex(16)
    settings = night.settings
    with connect(settings.warehouse, autocommit=True) as connection:
        connection.execute(f"create role {name} login password '{password}'")  # type: ignore[arg-type]
        as_reader = replace(settings.warehouse, user=name, password=password)
        yield replace(settings, warehouse=as_reader)
        connection.execute(f"drop owned by {name}; drop role {name}")  # type: ignore[arg-type]


def test_the_grants_that_health_prints_let_a_role_measure_all(
    night: Warehouse, reader: Settings
) -> None:
    done = monitor(reader)
    assert done.returncode == 3 and "permission denied" in done.stdout
    grants = [check.advice for check in check_health(reader) if check.what == "warehouse: rights"]
    assert grants
    with connect(night.settings.warehouse, autocommit=True) as connection:
        for grant in grants:
            connection.execute(grant)  # type: ignore[arg-type]
    done = monitor(reader, record=True)
    assert (done.returncode, "FINE" in done.stdout) == (0, True)
    said = "This look is not remembered: permission denied for table mesures.\n"
    assert done.stderr == said


def test_health_says_who_waits_for_whom(night: Warehouse) -> None:
    warehouse = night.settings.warehouse
    with (
        ThreadPoolExecutor(1) as pool,
        connect(warehouse) as holder,
        connect(warehouse, autocommit=True) as waiting,
    ):
        holder.execute("lock table dwh_facts.fait_factures")
        count = pool.submit(waiting.execute, "select count(*) from dwh_facts.fait_factures")
        told: list[str] = []
        while not told and not count.done():
            told = [
                check.advice
                for check in check_health(night.settings)
                if check.what == "warehouse: who waits for whom" and check.state == "warning"
            ]
        assert str(holder.info.backend_pid) in told[0]
        holder.rollback()
        count.result()


def test_health_groups_queries_by_the_node_that_asked(
    night: Warehouse, spoiled: psycopg.Connection
) -> None:
    spoiled.execute("drop extension pg_stat_statements")
    assert "> CREATE EXTENSION pg_stat_statements;" in monitor(night.settings, "health").stdout
    spoiled.execute("create schema ailleurs; create extension pg_stat_statements schema ailleurs")
    try:
        night.run(full_refresh=True)
        done = monitor(night.settings, "health")
        assert done.returncode == 0
        told = "".join(done.stdout.split())
        assert re.search(r"(model|test)\.sigeti_dwh\.", told)
        assert max(map(len, done.stdout.splitlines())) <= 80
    finally:
        spoiled.execute("drop schema ailleurs cascade")


def test_a_source_that_is_down_leaves_the_warehouse_measured(night: Warehouse) -> None:
    settings = replace(night.settings, source=replace(night.settings.source, port=1))
    done = monitor(settings)
    assert done.returncode == 0 and "The source is not compared" in done.stderr
    assert monitor(settings, "health").returncode == 2
    done = monitor(settings, "health", "--format", "json")
    told = {name: one["status"] for name, one in json.loads(done.stdout)["services"].items()}
    assert (done.returncode, told) == (2, {"warehouse": "ok", "source": "critical"})


def test_it_serves_prometheus_and_probes(night: Warehouse) -> None:
    with subprocess.Popen(
        command("serve", "--port", "0"),
        env=environment(night.settings),
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        address = process.stderr.readline().split("/metrics")[0]
        assert address.startswith("http://127.0.0.1:")
        with urlopen(f"{address}/metrics", timeout=60) as answer:
            assert b"sigeti_dwh_status 0.0" in answer.read()
        with urlopen(f"{address}/health", timeout=60) as answer:
            assert answer.read() == b"fine\n"
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{address}/secret", timeout=60)
        for host in ("rebound.example", "rebound.example:80", "127.0.0.1.example:9187", ""):
            with pytest.raises(HTTPError, match="421"):
                urlopen(Request(f"{address}/health", headers={"Host": host}), timeout=60)
        place = address.removeprefix("http://").split(":")
        silent = [socket.create_connection((place[0], int(place[1]))) for _ in range(20)]
        threads = Path(f"/proc/{process.pid}/task")
        if threads.exists():
            time.sleep(1)
            assert len(list(threads.iterdir())) < 15
        for one in silent:
            one.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_it_looks_again_until_it_is_stopped(night: Warehouse) -> None:
    with subprocess.Popen(
        command("--watch", "1", "--format", "prometheus", "--layer", "marts"),
        env=environment(night.settings),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        looks = 0
        while looks < 2:
            looks += process.stdout.readline().startswith("sigeti_dwh_status ")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_it_needs_neither_dbt_nor_prefect() -> None:
    code = "import sys, sigeti_dwh.monitor.cli; print({'dbt', 'prefect'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"
