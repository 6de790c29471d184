"""What of Spark needs no Java: its settings, the SQL of its load, its words for what goes wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sigeti_dwh.alerts.managers import read_managers
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.load.source_tables import SourceTable, read_source_tables
from sigeti_dwh.morning.mailing import read_recipients
from sigeti_dwh.settings import Server, load_settings
from sigeti_dwh.spark import packages, programs
from sigeti_dwh.spark.cluster import Cluster
from sigeti_dwh.spark.connection import refusal
from sigeti_dwh.spark.elsewhere import ELSEWHERE, refuse_elsewhere
from sigeti_dwh.spark.load import measure_table
from sigeti_dwh.spark.raw_table import MOST_PARTS, Extent, RawTable, jdbc_url, spark_type
from sigeti_dwh.spark.server import SparkServer, read_server
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.meta import refuse_tables

from .warehouse import Warehouse

SERVER = SparkServer("spark.example", 10000, "NONE", "sigeti", "", "", "entrepot")
SET = {"DWH_ENGINE": "spark", "DWH_SPARK_HOST": "spark.example", "DWH_SPARK_CATALOG": "entrepot"}
SOURCE = Server("source", "::1", 5432, "sigeti", "lecteur", "it's", "verify-full", False)
TABLE = SourceTable(
    "factures",
    {
        "id": "integer",
        "numero": "text",
        "montant": "numeric(15,2)",
        "cree_le": "timestamptz",
        "jour": "date",
        "plan": "jsonb",
        "surface": "double precision",
    },
    ("id",),
    (),
    frozenset(),
    relation="factures",
    copy_name="factures",
)


def test_postgresql_is_the_engine_unless_spark_is_named() -> None:
    assert read_server({}, 10000) is None
    assert read_server({"DWH_ENGINE": "postgres", "DWH_SPARK_HOST": "x"}, 10000) is None
    assert read_server(SET, 10000) == SERVER


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"DWH_ENGINE": "trino"}, "DWH_ENGINE is 'trino'"),
        ({"DWH_SPARK_HOST": ""}, "DWH_SPARK_HOST not set"),
        ({"DWH_SPARK_CATALOG": ""}, "DWH_SPARK_CATALOG not set"),
        ({"DWH_SPARK_CATALOG": "a; b"}, "DWH_SPARK_CATALOG is 'a; b'"),
        ({"DWH_SPARK_AUTH": "TOKEN"}, "DWH_SPARK_AUTH is 'TOKEN'"),
        ({"DWH_SPARK_AUTH": "LDAP"}, "DWH_SPARK_PASSWORD is not set"),
        ({"DWH_SPARK_PASSWORD": "x"}, "DWH_SPARK_PASSWORD is set"),
    ],
)
def test_a_wrong_setting_is_named(variables: Mapping[str, str], named: str) -> None:
    with pytest.raises(UserError) as raised:
        read_server({**SET, **variables}, 10000)
    assert named in str(raised.value) and len(str(raised.value).splitlines()) <= 3


def test_the_records_of_a_warehouse_on_spark_have_a_database_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = load_settings()
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.spark == SERVER
    assert settings.source == usual.source
    assert settings.warehouse.name != usual.warehouse.name
    assert settings.environment()["DWH_SPARK_CATALOG"] == "entrepot"


def test_spark_reads_a_table_in_the_exported_snapshot_range_by_range() -> None:
    view = RawTable(TABLE).view(SOURCE, "0000-1", Extent(rows=250_000, first=7, last=990_000))
    assert "set transaction snapshot \\'0000-1\\'" in view
    assert "numPartitions '3'" in view and "lowerBound '7'" in view
    # Without it Spark would read each part outside a transaction.
    assert "fetchsize '10000'" in view
    assert "password 'it\\'s'" in view


def test_a_small_table_is_read_at_once_and_no_table_in_more_parts_than_allowed() -> None:
    assert "numPartitions" not in RawTable(TABLE).view(SOURCE, "1", Extent(10, 1, 10))
    assert Extent(10**12, 1, 10**12).parts == MOST_PARTS


def test_moments_and_days_travel_as_numbers_and_json_as_text() -> None:
    raw = RawTable(TABLE)
    assert 'extract(epoch from greatest(least(t."cree_le"' in raw.source()
    merge = raw.merge(run=3, change=9, moment=1_700_000_000_000_000)
    assert "timestamp_micros(`cree_le`) as `cree_le`" in merge
    assert "date_from_unix_date(`jour`) as `jour`" in merge
    assert raw.columns["plan"] == "string" and raw.columns["montant"] == "decimal(15,2)"


def test_a_merge_writes_what_differs_and_marks_what_is_gone() -> None:
    merge = RawTable(TABLE).merge(run=3, change=9, moment=1)
    assert "not (t.`id` <=> s.`id` and t.`numero` <=> s.`numero`" in merge
    assert "when not matched by source and t._supprime_le is null then update" in merge


def test_each_declared_type_has_one_on_spark() -> None:
    known = {"int", "bigint", "smallint", "string", "double", "boolean", "date", "timestamp"}
    kinds = {spark_type(kind) for one in read_source_tables() for kind in one.columns.values()}
    assert {kind for kind in kinds if not kind.startswith("decimal(")} <= known


def test_a_host_of_ipv6_and_tls_are_told_to_the_driver() -> None:
    assert jdbc_url(SOURCE).startswith("jdbc:postgresql://[::1]:5432/sigeti?")
    assert "sslmode=verify-full" in jdbc_url(SOURCE)


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ("Could not connect to any of [('spark.example', 10000)]", RetryableError, "nothing ans"),
        ("[Errno -2] Name or service not known", UserError, "DWH_SPARK_HOST"),
        ("Bad status: 3 (b'Error validating the login')", UserError, "the login is refused"),
        ("GSSError: Ticket expired", UserError, "kinit"),
        ("Catalog 'entrepot' plugin class not found", UserError, "DWH_SPARK_CATALOG"),
        ("java.lang.ClassNotFoundException: org.postgresql.Driver", UserError, "a jar is missing"),
        ("[SCHEMA_NOT_FOUND] The schema `x` cannot be found.", UserError, "a schema is missing"),
        ("TSocket read 0 bytes", RetryableError, "the connection was lost"),
    ],
)
def test_what_spark_says_is_told_in_words_to_act_on(
    said: str, kind: type[UserError], told: str
) -> None:
    error = refusal(Exception(said), SERVER)
    assert type(error) is kind
    assert told in str(error) and "spark.example" in str(error)
    assert len(str(error).splitlines()) <= 3


def test_a_mistake_in_our_own_sql_stays_as_it_is() -> None:
    assert refusal(Exception("[PARSE_SYNTAX_ERROR] Syntax error at or near 'x'"), SERVER) is None


@pytest.mark.parametrize(
    ("setting", "read"),
    [("DWH_REPORT_DAILY", read_recipients), ("DWH_ALERT_ZONES", read_managers)],
)
def test_a_login_whose_zones_only_the_catalog_knows_is_refused(
    setting: str, read: Callable[[Mapping[str, str]], list[object]]
) -> None:
    told = {setting: "chef@example.org:m.traore", "DWH_SMTP_HOST": "mail.example.org"}
    assert len(read(told)) == 1
    with pytest.raises(UserError, match=rf"{setting}: .* names a login, and on Spark the catalog"):
        read(told | SET)


@pytest.mark.parametrize("word", ELSEWHERE)
def test_a_word_without_a_meaning_on_spark_says_whose_business_it_is(word: str) -> None:
    refuse_elsewhere(word, {})
    with pytest.raises(UserError, match="The warehouse is on Spark") as raised:
        refuse_elsewhere(word, SET)
    assert len(str(raised.value).splitlines()) == 1


def test_packages_that_cannot_be_installed_are_told_with_the_command_to_do_it_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = packages.FILE.read_text(encoding="utf-8")
    assert "dbt-spark==1.11" in lines and lines.count("--hash=sha256:") == lines.count("==")
    pinned = tmp_path / "packages.txt"
    pinned.write_text("not-there==1.0 \\\n    --hash=sha256:0\n", encoding="utf-8")
    monkeypatch.setattr(packages, "FILE", pinned)
    monkeypatch.setattr(packages, "COMMAND", f"pip install --no-index --require-hashes -r {pinned}")
    with pytest.raises(UserError, match=r"not-there[^$]*By hand: .*pip install") as raised:
        packages.install_packages()
    assert len(str(raised.value).splitlines()) == 2


def test_a_machine_without_java_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "java_version", lambda: None)
    with pytest.raises(UserError, match="needs Java 17; there is none"):
        programs.install(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_was_never_started_has_nothing_to_stop(tmp_path: Path) -> None:
    assert not Cluster(tmp_path).stop()
    assert Cluster(tmp_path).process("thrift") is None


def test_a_process_of_somebody_else_is_not_taken_for_one_of_the_cluster(tmp_path: Path) -> None:
    state = '{"master_port": 1, "thrift_port": 2, "processes": {"thrift": 1}}'
    (tmp_path / "running.json").write_text(state, encoding="utf-8")
    assert Cluster(tmp_path).process("thrift") is None


def test_what_spark_keeps_its_catalog_in_is_read_by_its_owner_alone(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    with pytest.raises(UserError, match="did not start"):
        Cluster(tmp_path).start(programs.Programs(_spark(tmp_path), ()), server, lambda line: None)
    settings = tmp_path / "conf" / "spark-defaults.conf"
    assert settings.stat().st_mode & 0o077 == 0
    assert server.password in settings.read_text(encoding="utf-8")


def _spark(folder: Path) -> Path:
    """Make programs of Spark that end at once."""
    program = folder / "programs" / "bin" / "spark-class"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    return folder / "programs"


def test_a_database_with_tables_of_postgresql_takes_no_records_of_spark(
    copied: Warehouse,
) -> None:
    with connect(copied.settings.warehouse) as connection:
        refuse_tables(connection, "dwh")
        connection.execute("create schema dwh_staging")
        connection.execute("create view dwh_staging.stg_factures as select 1 as facture_id")
        with pytest.raises(UserError, match="a database of its own") as raised:
            refuse_tables(connection, "dwh")
    assert len(str(raised.value).splitlines()) <= 3


def test_a_number_that_spark_cannot_hold_is_named_with_its_row(copied: Warehouse) -> None:
    copied.change("update lots set prix = 'NaN' where id = 7")
    with pytest.raises(UserError, match=r"public\.lots\.prix of the row id=7 holds a value"):
        extents(copied)


def test_a_source_is_measured_before_it_is_read(copied: Warehouse) -> None:
    found = extents(copied)
    [(rows, first, last, living)] = _at_source(
        copied,
        "select count(*), min(id), max(id), "
        "count(*) filter (where is_deleted is not true and deleted_at is null) from factures",
    )
    assert found["factures"] == (Extent(rows, first, last), living)


def extents(warehouse: Warehouse) -> dict[str, tuple[Extent, int]]:
    """Measure every table of a source as the load does."""
    with connect(warehouse.settings.source) as source:
        return {
            table.name: measure_table(source, warehouse.settings, table)
            for table in read_source_tables()
        }


def _at_source(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with connect(warehouse.settings.source) as source:
        return source.execute(query.encode()).fetchall()
