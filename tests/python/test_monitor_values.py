"""The monitor on values that are none: NaN, infinity, impossible days, flags that are unknown."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from sigeti_dwh.monitor.objects import measure
from sigeti_dwh.monitor.reconciliation import compare, judge_totals
from sigeti_dwh.monitor.rows import show_rows
from sigeti_dwh.monitor.values import judge_values
from sigeti_dwh.settings import ROOT, Server, Settings
from sigeti_dwh.warehouse.database import connect

INVOICES = """
create schema raw_sigeti;
create table raw_sigeti.factures (
    id int primary key, montant_total numeric, is_deleted bool, deleted_at timestamptz,
    _supprime_le timestamptz
);
create schema dwh_staging;
create view dwh_staging.stg_factures as
select id as facture_id, montant_total, is_deleted or deleted_at is not null as est_supprimee
from raw_sigeti.factures where _supprime_le is null;
create schema dwh_facts;
create table dwh_facts.fait_factures (
    facture_id int primary key, montant_total numeric, montant_restant_du numeric,
    est_comptee bool, date_echeance date, source_modifie_a timestamptz, taux real,
    delai double precision, date_decision timestamp, libelle text
);
create schema dwh_marts_financier;
create table dwh_marts_financier.mart_performance_zones (
    annee int, mois int, montant_facture numeric, montant_restant_du numeric
);
"""
FACT, MART = "dwh_facts.fait_factures", "dwh_marts_financier.mart_performance_zones"


@pytest.fixture
def invoices(warehouse_server: Server) -> Server:
    with connect(warehouse_server) as connection:
        connection.execute(INVOICES)
    return warehouse_server


def execute(server: Server, *statements: str) -> None:
    with connect(server) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]


def run(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    side = replace(server, role="warehouse")
    settings = Settings(replace(side, role="source", port=1), side)
    return subprocess.run(
        [sys.executable, str(ROOT / "monitor_dwh.py"), *arguments],
        env={"PATH": os.environ["PATH"], "DWH_ENV_FILE": os.devnull, **settings.environment()},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    ("column", "value", "level"),
    [
        ("montant_total", "NaN", "critical"),
        ("montant_total", "Infinity", "critical"),
        ("montant_restant_du", "-Infinity", "critical"),
        ("taux", "NaN", "critical"),
        ("delai", "-Infinity", "critical"),
        ("date_echeance", "infinity", "critical"),
        ("date_echeance", "-infinity", "critical"),
        ("date_echeance", "20250-03-01", "critical"),
        ("date_echeance", "0044-03-15 BC", "critical"),
        ("date_echeance", "2925-01-01", "warning"),
        ("date_echeance", "9999-12-31", "warning"),
        ("date_echeance", "0001-01-01", "warning"),
        ("source_modifie_a", "infinity", "critical"),
        ("source_modifie_a", "20250-03-01 00:00:00+00", "critical"),
        ("source_modifie_a", "9999-12-31 23:30:00+00", "critical"),
        ("date_decision", "4000-06-01 00:00:00 BC", "critical"),
    ],
)
def test_a_value_that_is_none_is_wrong_and_its_row_is_shown(
    invoices: Server, column: str, value: str, level: str
) -> None:
    execute(
        invoices,
        f"insert into {FACT} (facture_id, {column}) values (7, '{value}')",
        f"insert into {FACT} (facture_id, {column}) values (8, null)",
    )
    with connect(invoices, autocommit=True) as connection:
        found = judge_values(measure(connection, "dwh", 60))
        shown = show_rows(connection, "dwh", "fait_factures", 20)
    assert [(one.level, one.object, one.text) for one in found] == [
        (level, FACT, f"{column} holds {value}")
    ]
    assert shown == (FACT, ["facture_id", column], [("7", value)])


def test_the_monitor_survives_what_clients_cannot_read(invoices: Server) -> None:
    execute(
        invoices,
        f"insert into {FACT} (facture_id, montant_total, date_echeance, source_modifie_a) values "
        "(1, 'NaN', 'infinity', 'infinity'), (2, 'Infinity', '-infinity', '-infinity'), "
        "(3, '-Infinity', '20250-03-01', '20250-03-01'), (4, 0, '0044-03-15 BC', '0044-03-15 BC')",
        f"insert into {MART} values (0, 13, 'NaN', 0), (20250, 1, 1, 1)",
    )
    done = run(invoices)
    text = " ".join(done.stdout.split())
    assert done.returncode == 2
    assert f"CRITICAL {MART}: annee holds 20250; annee holds 0; montant_facture holds NaN" in text
    assert "next: python3 monitor_dwh.py rows dwh_facts.fait_factures" in text
    for arguments in (
        *(["--format", one] for one in ("json", "csv", "html", "prometheus", "markdown")),
        ["rows", FACT],
    ):
        done = run(invoices, *arguments)
        assert done.returncode == (0 if "rows" in arguments else 2), done.stderr
    assert "0044-03-15 BC" in done.stdout and "-Infinity" in done.stdout


def test_ordinary_values_are_none_of_it(invoices: Server) -> None:
    execute(
        invoices,
        f"insert into {FACT} values (1, 1e12, 0, true, '2099-12-31', '1900-01-01', 0, -1)",
    )
    with connect(invoices, autocommit=True) as connection:
        assert judge_values(measure(connection, "dwh", 60)) == []
        _, names, rows = show_rows(connection, "dwh", "fait_factures", 20)
    assert rows[0][names.index("source_modifie_a")] == "1900-01-01 00:00:00+00"


def findings(server: Server) -> dict[str, str]:
    with connect(server, autocommit=True) as connection:
        found = judge_totals(compare(connection, "dwh", None))
    return {one.object: one.text for one in found}


def load(server: Server, *rows: str) -> None:
    """Load invoices, as (id, amount, is_deleted, deleted_at), and build the fact of staging."""
    execute(server, f"insert into raw_sigeti.factures values {', '.join(rows)}")


def build(server: Server) -> None:
    execute(
        server,
        f"insert into {FACT} (facture_id, montant_total, montant_restant_du, est_comptee) "
        "select facture_id, montant_total, 0, true from dwh_staging.stg_factures "
        "where not est_supprimee",
    )
    publish(server)


def publish(server: Server) -> None:
    execute(
        server,
        f"truncate {MART}",
        f"insert into {MART} select 2025, 1, montant_total, 0 from {FACT} where est_comptee",
    )


def test_an_invoice_whose_flag_is_unknown_is_missed(invoices: Server) -> None:
    load(invoices, "(1, 10, false, null)", "(2, 20, null, null)", "(3, 40, true, null)")
    build(invoices)
    assert findings(invoices) == {
        "invoices": "copy 2, staging 2, fact 1",
        "amount of invoices": "copy 30.00, staging 30.00, fact 10.00",
    }


def test_equal_figures_are_equal_with_nan_and_infinity(invoices: Server) -> None:
    load(
        invoices, "(1, 10, false, null)", "(2, 'NaN', false, null)", "(3, 'Infinity', false, null)"
    )
    build(invoices)
    assert findings(invoices) == {}


def test_nan_hides_no_difference(invoices: Server) -> None:
    load(invoices, "(1, 10, false, null)", "(2, 'NaN', false, null)")
    build(invoices)
    execute(invoices, f"update {FACT} set montant_total = 9 where facture_id = 1")
    publish(invoices)
    assert findings(invoices) == {"amount of invoices": "copy 10.00, staging 10.00, fact 9.00"}


def test_an_invoice_that_no_mart_counts_for_a_null_flag_is_missed(invoices: Server) -> None:
    load(invoices, "(1, 10, false, null)", "(2, 20, false, null)")
    build(invoices)
    execute(invoices, f"update {FACT} set est_comptee = null where facture_id = 2")
    publish(invoices)
    assert findings(invoices) == {"amount invoiced that counts": "fact 30.00, zone mart 10.00"}


def test_in_one_database_a_source_that_moves_on_is_no_fault(warehouse_server: Server) -> None:
    execute(
        warehouse_server,
        INVOICES.replace("create schema raw_sigeti;", "").replace("raw_sigeti", "public"),
        "insert into public.factures values (1, 10, false, null)",
    )
    build(warehouse_server)
    execute(warehouse_server, "insert into public.factures values (2, 20, false, null)")
    with connect(warehouse_server, autocommit=True) as connection:
        compared = compare(connection, "dwh", None, one_database=True)
        assert judge_totals(compared) == []
        assert [str(moved[0]) for one in compared if (moved := one.moved())] == ["2", "30.00"]
        connection.execute(
            "create or replace view dwh_staging.stg_factures as select id as facture_id, "
            "montant_total, true as est_supprimee from public.factures"
        )
        found = judge_totals(compare(connection, "dwh", None, one_database=True))
    assert [one.text for one in found] == ["source 2, staging 0", "source 30.00, staging 0"]
