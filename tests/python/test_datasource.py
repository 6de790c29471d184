"""The check of the data source finds what is wrong, and leaves nothing behind."""

import pytest

from sigeti_dwh.monitor import cli
from sigeti_dwh.monitor.datasource import OK, PROBLEM, main
from sigeti_dwh.warehouse.roles import ROLES

from .readers import PASSWORD, Site, execute

MART = "dwh_marts_clients.mart_portefeuille_clients"


@pytest.fixture(autouse=True)
def settings_of_the_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in site.warehouse.settings.environment().items():
        monkeypatch.setenv(name, value)


def test_every_role_passes_and_no_login_stays(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    logins = "select rolname from pg_roles order by 1"
    zones = "select * from dwh_meta.droits_zones order by 1, 2"
    before = site.owner(logins), site.owner(zones)
    arguments = [word for role in ROLES for word in ("--role", role)]
    code = main(arguments)
    said = capsys.readouterr().out
    assert code == OK, said
    assert all(role in said for role in ROLES)
    assert (site.owner(logins), site.owner(zones)) == before


@pytest.mark.parametrize(
    ("check", "harm", "repair"),
    [
        (
            "refused",
            "grant usage on schema dwh_facts to bi_reader; "
            "grant select on dwh_facts.fait_factures to bi_reader",
            "revoke all on dwh_facts.fait_factures from bi_reader; "
            "revoke all on schema dwh_facts from bi_reader",
        ),
        (
            "marts",
            f"revoke select on {MART} from bi_reader",
            f"grant select on {MART} to bi_reader",
        ),
        (
            "contact details",
            "grant select (email) on dwh_dimensions.dim_entreprises to bi_reader",
            "revoke select (email) on dwh_dimensions.dim_entreprises from bi_reader",
        ),
        (
            "writing",
            "grant select, delete on dwh_marts_operationnel.mart_kpi_operationnels to bi_reader",
            "revoke delete on dwh_marts_operationnel.mart_kpi_operationnels from bi_reader",
        ),
    ],
)
def test_what_is_wrong_is_named(
    site: Site, capsys: pytest.CaptureFixture[str], check: str, harm: str, repair: str
) -> None:
    execute(site.as_login("proprietaire"), harm)
    try:
        code = main(["--role", "bi_reader"])
    finally:
        execute(site.as_login("proprietaire"), repair)
    lines = [line for line in capsys.readouterr().out.splitlines() if "PROBLEM" in line]
    assert code == PROBLEM
    assert any(line.split("PROBLEM")[0].strip().endswith(check) for line in lines)


def test_a_login_without_its_limits_is_a_problem(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_LOGIN_PASSWORD", PASSWORD)
    assert main(["--login", "membre_bi_reader"]) == OK
    execute(site.administrator, "alter role membre_bi_reader reset statement_timeout")
    assert main(["--login", "membre_bi_reader"]) == PROBLEM
    site.login("membre_bi_reader", "bi_reader")
    assert "statement_timeout is not 60s" in capsys.readouterr().out
    monkeypatch.setenv("DWH_LOGIN_PASSWORD", "faux")
    assert main(["--login", "membre_bi_reader"]) == PROBLEM
    assert "password is refused" in capsys.readouterr().out


def test_what_cannot_be_tried_is_not_called_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_DB_NAME", "nulle_part")
    assert cli.main(["datasource"]) == cli.CANNOT_MEASURE
    assert "nulle_part" in capsys.readouterr().err


def test_a_user_who_may_not_create_logins_is_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(site.administrator, "alter role proprietaire nocreaterole")
    try:
        assert cli.main(["datasource"]) == cli.CANNOT_MEASURE
    finally:
        execute(site.administrator, "alter role proprietaire createrole")
    assert "permission denied to create role" in capsys.readouterr().err
