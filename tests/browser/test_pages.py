"""What a reader sees in the browser equals SQL on the marts, written as in French."""

from datetime import date

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sigeti_dwh.dashboards.specification import PERIOD, Dashboard, Panel

from .conftest import PATIENCE, SPECIFICATION, Open, Site, all_drawn, french, log_in, plain

FINANCE = "mart_performance_zones"


def headlines(page: Page) -> list[str]:
    return [plain(text) for text in page.locator(".header-line").all_inner_texts()]


def expected(site: Site, dashboard: Dashboard, condition: str = "true") -> list[str]:
    return [
        french(
            site.value(
                measure.sql, panel.mart.name, f"{shown_rows(panel)} and {of(panel, condition)}"
            ),
            measure,
        )
        for panel in dashboard.panels
        if panel.chart == "number"
        for measure in panel.measures
    ]


def of(panel: Panel, condition: str) -> str:
    """Return the condition on a panel's mart; those of every page have no zone."""
    return "true" if panel.mart.name == "fraicheur" else condition


def shown_rows(panel: Panel) -> str:
    """Return the condition of the rows that a page shows at first: those of this year."""
    period = panel.mart.filters.get(PERIOD)
    return "true" if period is None else f"date_part('year', {period}) = {date.today().year}"


def chart(page: Page, title: str) -> Locator:
    return page.locator(".dashboard-component-chart-holder", has_text=title)


def table(page: Page, title: str, length: int) -> dict[str, list[str]]:
    """Return the rows of a table of this length, and their total, by their first cell."""
    expect(chart(page, title).locator("tbody tr")).to_have_count(length, timeout=PATIENCE)
    rows = chart(page, title).locator("tbody tr, tfoot tr").all()
    cells = [[plain(cell) for cell in row.locator("th, td").all_inner_texts()] for row in rows]
    return {row[0]: row[1:] for row in cells}


@pytest.mark.parametrize("dashboard", SPECIFICATION.dashboards, ids=lambda entry: entry.name)
def test_headlines_equal_sql(dashboard: Dashboard, site: Site, open_dashboard: Open) -> None:
    shown = headlines(open_dashboard(dashboard.name))
    if dashboard.name == "fraicheur":
        # The age moves while the page loads.
        assert [*shown[:2], *shown[3:]] == [
            text for place, text in enumerate(expected(site, dashboard)) if place != 2
        ]
    else:
        assert shown == expected(site, dashboard)


def test_a_table_equals_sql_row_by_row(site: Site, open_dashboard: Open) -> None:
    measures = [SPECIFICATION.marts[FINANCE].measures[name] for name in ("facture", "restant")]
    this_year = f"annee = {date.today().year}"
    zones = site.warehouse.rows(
        f"select distinct nom_zone from dwh_marts_financier.{FINANCE} where {this_year}"
    )
    rows = table(open_dashboard("finance"), "Par zone", len(zones))
    assert set(rows) == {zone for (zone,) in zones} | {"Total"}
    for zone, shown in rows.items():
        condition = (
            "true" if zone == "Total" else f"nom_zone = '{zone.replace(chr(39), chr(39) * 2)}'"
        )
        assert shown[:2] == [
            french(site.value(measure.sql, FINANCE, f"{condition} and {this_year}"), measure)
            for measure in measures
        ]


def test_choosing_a_zone_and_an_enterprise_leads_to_its_invoices(
    site: Site, open_dashboard: Open
) -> None:
    ((zone,),) = site.warehouse.rows(
        f"select nom_zone from dwh_marts_financier.{FINANCE} where zone_id > 0 "
        f"and annee = {date.today().year} group by 1 order by sum(montant_facture) desc limit 1"
    )
    page = open_dashboard("finance")
    chart(page, "Par zone").locator("td", has_text=zone).click()
    wanted = expected(site, SPECIFICATION.dashboards[0], f"nom_zone = '{zone}'")
    expect(page.locator(".header-line").nth(2)).to_have_text(wanted[2], timeout=PATIENCE)
    all_drawn(page)
    assert headlines(page) == wanted
    enterprises = site.warehouse.rows(
        "select raison_sociale, montant_restant_du from dwh_marts_financier.mart_creances_clients "
        "where nom_zone = %s",
        zone,
    )
    shown = table(page, "Entreprises, du plus", len(enterprises))
    assert {name: cells[1] for name, cells in shown.items()} == {
        name: f"{owed:,.0f}".replace(",", " ") for name, owed in enterprises
    }
    name = next(iter(shown))
    chart(page, "Entreprises, du plus").locator("td", has_text=name).first.click()
    invoices = site.warehouse.rows(
        "select numero_facture, montant_restant_du from dwh_marts_clients.mart_factures_clients "
        "where nom_zone = %s and raison_sociale = %s",
        zone,
        name,
    )
    listed = table(page, "Factures, du plus", len(invoices))
    assert {number: cells[-1] for number, cells in listed.items()} == {
        number: f"{owed:,.0f}".replace(",", " ") for number, owed in invoices
    }


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("dashboard", SPECIFICATION.dashboards, ids=lambda entry: entry.name)
def test_no_headline_is_cut_off(dashboard: Dashboard, width: int, open_dashboard: Open) -> None:
    page = open_dashboard(dashboard.name, width)
    cut = page.locator(".header-line").evaluate_all(
        "lines => lines.filter(line => line.scrollWidth > line.clientWidth"
        " || line.getBoundingClientRect().right"
        " > line.closest('.chart-container').getBoundingClientRect().right)"
        ".map(line => line.innerText)"
    )
    assert cut == []


@pytest.mark.parametrize("width", [1400, 400])
def test_the_map_is_as_wide_as_its_page_and_fetches_nothing(
    width: int, open_dashboard: Open
) -> None:
    drawn = chart(open_dashboard("occupation", width), "Où sont les zones").locator("canvas")
    expect(drawn).to_be_visible(timeout=PATIENCE)
    box = drawn.bounding_box()
    assert box is not None
    assert 0.75 * width < box["width"] < width


def test_the_period_is_this_year_in_french(open_dashboard: Open) -> None:
    page = open_dashboard("finance")
    expect(page.locator(".date-label-content")).to_have_text("Cette année")
    page.locator(".date-label-content").click()
    shown = plain(page.locator(".time-range-popover").inner_text())
    assert "Ce mois" in shown
    assert "Lancer la requête" not in shown


def test_a_reader_sees_the_rows_of_his_zones_and_may_do_nothing_else(
    site: Site, account: tuple[str, str], browser: Browser
) -> None:
    context = browser.new_context(locale="fr-FR", viewport={"width": 1400, "height": 4000})
    page = log_in(context.new_page(), site, *account)
    page.goto(f"{site.address}/superset/dashboard/finance/")
    expect(page.locator(".header-line").nth(2)).to_be_visible(timeout=PATIENCE)
    all_drawn(page)
    assert headlines(page) == expected(site, SPECIFICATION.dashboards[0], "zone_id = 3")
    for refused in (
        "/api/v1/sqllab/",
        "/api/v1/database/",
        "/api/v1/dataset/",
        "/api/v1/rowlevelsecurity/",
    ):
        assert page.request.get(site.address + refused).status in (401, 403, 404)
    context.close()
