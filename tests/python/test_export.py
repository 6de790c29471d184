"""What a login gets as a spreadsheet: its rows and no others, typed, and nothing that computes."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import unescape

from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.export import workbook
from sigeti_dwh.export.command import export, find_login
from sigeti_dwh.export.selection import Reading, Table
from sigeti_dwh.export.workbook import sheet_names
from sigeti_dwh.readers.contract import read_marts
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.database import connect

from .readers import PASSWORD, Site, execute

MARTS = {mart.name: mart for mart in read_marts() if mart.name != "fraicheur"}
CLIENTS = "dwh_marts_financier.mart_creances_clients"


def book(site: Site, login: str, folder: Path, *marts: str) -> Workbook:
    path = folder / "marts.xlsx"
    export(site.as_login(login), "dwh", output=path, marts=marts)
    return load_workbook(path)


def records(site: Site, login: str, folder: Path, mart: str) -> list[list[str]]:
    export(site.as_login(login), "dwh", kind="csv", output=folder, marts=[mart])
    with (folder / f"{mart}.csv").open(encoding="utf-8", newline="") as stream:
        assert stream.read(1) == "\ufeff"
        return list(csv.reader(stream, delimiter=";"))


@pytest.fixture
def renamed(site: Site) -> Iterator[str]:
    """Give an enterprise names that a spreadsheet would compute; return where."""
    key = f"(entreprise_id, zone_id) in (select entreprise_id, zone_id from {CLIENTS} limit 1)"
    [(zone, company, name)] = site.owner(
        f"select zone_id, entreprise_id, raison_sociale from {CLIENTS} where {key}"
    )
    where = f"zone_id = {zone} and entreprise_id = {company}"
    yield where
    rename(site, where, name)


def rename(site: Site, where: str, name: str) -> None:
    quoted = name.replace("'", "''")
    execute(site.administrator, f"update {CLIENTS} set raison_sociale = e'{quoted}' where {where}")


@pytest.mark.parametrize("login", ["membre_bi_reader", "une_zone"])
def test_a_workbook_has_the_rows_that_its_login_sees(
    site: Site, tmp_path: Path, login: str
) -> None:
    made = book(site, login, tmp_path)
    assert len(made.sheetnames) == 1 + len(MARTS)
    for mart, sheet in zip(MARTS.values(), made.worksheets[1:], strict=True):
        labels = [c.label for n, c in mart.columns.items() if not n.startswith("_")]
        assert [cell.value for cell in sheet[1]] == labels
        assert sheet.freeze_panes == "A2"
        assert sheet.max_row - 1 == site.count(login, f"dwh_{mart.schema}.{mart.name}")
        for index, name in enumerate(n for n in mart.columns if not n.startswith("_")):
            column = [row[index] for row in sheet.iter_rows(min_row=2, values_only=True)]
            there = [value for value in column if value is not None]
            kind = mart.columns[name].type
            if kind.startswith(("integer", "bigint", "numeric")):
                assert all(isinstance(value, int | float) for value in there), name
                [(total,)] = site.ask(
                    login, f"select sum({name}) from dwh_{mart.schema}.{mart.name}"
                )
                assert sum(there) == pytest.approx(float(total or 0)), name
            elif kind.startswith(("date", "timestamp")):
                assert all(isinstance(value, datetime) for value in there), name
            elif kind == "boolean":
                assert all(isinstance(value, bool) for value in there), name
            else:
                assert all(isinstance(value, str) for value in there), name


def test_the_first_sheet_says_of_when_whose_and_what(site: Site, tmp_path: Path) -> None:
    sheet = book(site, "une_zone", tmp_path, "mart_occupation_zones").worksheets[0]
    told = {row[0]: row[1] for row in sheet.iter_rows(values_only=True) if row[0]}
    [(data_of, zone)] = site.ask(
        "une_zone",
        "select (select max(donnees_au) from dwh_marts_operationnel.fraicheur), nom_zone "
        "from dwh_marts_occupation.mart_occupation_zones",
    )
    assert told["Données au"] == data_of.replace(tzinfo=None, microsecond=0)
    assert (told["Compte"], told["Zones visibles"]) == ("une_zone", zone)
    assert told["Marts"] == "choisis par --mart"
    assert told["Occupation des zones"] == "mart_occupation_zones"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\\t=1", "\\r=1", " =1", "a=1"])
def test_a_name_never_computes(site: Site, tmp_path: Path, renamed: str, name: str) -> None:
    rename(site, renamed, name)
    text = name.encode().decode("unicode_escape")
    sheet = book(site, "membre_bi_reader", tmp_path, "mart_creances_clients").worksheets[1]
    cells = [cell for (cell,) in sheet.iter_rows(min_col=4, max_col=4)]
    [cell] = [cell for cell in cells if unescape(str(cell.value)) == text]
    assert cell.data_type == "s"
    assert bool(cell.quotePrefix) == (name != "a=1")
    rows = records(site, "membre_bi_reader", tmp_path / "csv", "mart_creances_clients")
    assert [row[3] for row in rows if row[3].endswith(text)] == [
        text if name == "a=1" else f"'{text}"
    ]


def test_csv_is_what_a_french_spreadsheet_opens(site: Site, tmp_path: Path) -> None:
    header, *rows = records(site, "une_zone", tmp_path, "mart_performance_financiere")
    mart = MARTS["mart_performance_financiere"]
    names = [name for name in mart.columns if not name.startswith("_")]
    assert header == [mart.columns[name].label for name in names]
    expected = site.ask(
        "une_zone",
        "select premier_jour_mois::text, montant_facture::text "
        "from dwh_marts_financier.mart_performance_financiere order by 1, 2",
    )
    day, amount = (names.index(name) for name in ("premier_jour_mois", "montant_facture"))
    assert sorted((row[day], row[amount].replace(",", ".")) for row in rows) == expected
    assert all("." not in row[amount] for row in rows)
    [about, *_] = (tmp_path / "a_lire.csv").read_text("utf-8-sig").splitlines()
    assert about.startswith("Données au;20")


def test_all_is_of_one_publication(
    site: Site, tmp_path: Path, renamed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Reading.rows

    def meanwhile(reading: Reading, table: Table) -> Iterator[tuple[Any, ...]]:
        rename(site, renamed, "Publiée entre-temps")
        return read(reading, table)

    monkeypatch.setattr(Reading, "rows", meanwhile)
    sheet = book(site, "membre_bi_reader", tmp_path, "mart_creances_clients").worksheets[1]
    names = [cell.value for (cell,) in sheet.iter_rows(min_col=4, max_col=4)]
    assert "Publiée entre-temps" not in names


def test_no_transaction_idles_while_a_file_is_put_together(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = xlsxwriter.Workbook.close
    sessions = "select count(*) from pg_stat_activity where application_name = 'sigeti_dwh export'"
    seen = []

    def watched(made: xlsxwriter.Workbook) -> None:
        execute(site.administrator, "select pg_sleep(0.1)")
        with connect(site.administrator) as connection:
            seen.extend(connection.execute(sessions).fetchall())
        close(made)

    monkeypatch.setattr(xlsxwriter.Workbook, "close", watched)
    assert len(book(site, "une_zone", tmp_path).sheetnames) == 1 + len(MARTS)
    assert seen == [(0,)]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_broken_run_leaves_what_was_there(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    read = Reading.rows

    def broken(reading: Reading, table: Table) -> Iterator[tuple[Any, ...]]:
        yield next(read(reading, table))
        if table.mart.name == "mart_kpi_operationnels":
            raise RetryableError("the connection was lost")

    monkeypatch.setattr(Reading, "rows", broken)
    kept = tmp_path / "marts.xlsx"
    kept.write_text("yesterday's")
    place = kept if kind == "xlsx" else tmp_path
    with pytest.raises(RetryableError):
        export(site.as_login("membre_bi_reader"), "dwh", kind=kind, output=place)
    assert [path.name for path in tmp_path.iterdir()] == ["marts.xlsx"]
    assert kept.read_text() == "yesterday's"


def test_a_mart_larger_than_a_sheet_is_refused_before_it_is_written(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = site.count("membre_bi_reader", CLIENTS)
    monkeypatch.setattr(workbook, "MOST_ROWS", rows)
    with pytest.raises(UserError, match=rf"mart_creances_clients has {rows} rows.*\n.*csv"):
        book(site, "membre_bi_reader", tmp_path, "mart_creances_clients")
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(workbook, "MOST_ROWS", rows + 1)
    book(site, "membre_bi_reader", tmp_path, "mart_creances_clients")


def test_sheets_have_names_that_excel_takes() -> None:
    long = "Recouvrement des campagnes par agent et par zone"
    names = sheet_names(["Occupation", "occupation", "À lire", "a/b: [c]", long, long])
    assert names == [
        "Occupation",
        "occupation (2)",
        "À lire (2)",
        "a b   c",
        long[:31].strip(),
        f"{long[:27]} (2)",
    ]


@pytest.mark.parametrize(
    ("login", "marts", "said"),
    [
        ("sans_zone", [], "sans_zone sees no zone"),
        ("membre_dwh_loader", [], "membre_dwh_loader may not read any mart"),
        ("membre_bi_reader", ["mart_x"], "no mart 'mart_x'.\nThere are mart_"),
        ("personne", [], "the password is refused.\nIts password"),
    ],
)
def test_what_cannot_be_read_is_said(
    site: Site, tmp_path: Path, login: str, marts: list[str], said: str
) -> None:
    with pytest.raises(UserError) as raised:
        book(site, login, tmp_path, *marts)
    assert said in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("xlsx", "marts.csv", "no name of an XLSX"),
        ("csv", "file", "cannot be written: File exists"),
    ],
)
def test_a_place_that_cannot_serve_is_said(
    site: Site, tmp_path: Path, kind: Any, name: str, said: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=said):
        export(site.as_login("une_zone"), "dwh", kind=kind, output=tmp_path / name)


def test_a_warehouse_without_a_publication_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Nothing is published here"):
        export(settings.warehouse, "dwh", output=tmp_path / "marts.xlsx")


def test_the_owner_is_never_the_login_by_itself(settings: Settings) -> None:
    with pytest.raises(UserError, match="--user NAME"):
        find_login(settings, {}, None)
    bi = {"DWH_BI_USER": "superset", "DWH_BI_PASSWORD": PASSWORD}
    assert find_login(settings, bi, None).user == "superset"
    reader = {**bi, "DWH_READER_USER": "lecteur", "DWH_READER_PASSWORD": "à lui"}
    assert find_login(settings, reader, None).user == "lecteur"
    assert find_login(settings, reader, "superset").password == PASSWORD
    assert find_login(settings, {**reader, "DWH_LOGIN_PASSWORD": "x"}, "a.kone").password == "x"
