"""Superset over a demo warehouse, and a browser that is logged in."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from sigeti_dwh.dashboards.accounts import create_account
from sigeti_dwh.dashboards.reader import check_reader
from sigeti_dwh.dashboards.specification import Measure, read_specification
from sigeti_dwh.dashboards.superset_server import SupersetServer
from sigeti_dwh.embedded.ports import free_port
from sigeti_dwh.settings import ROOT
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import create_roles

from ..python.conftest import built, server, settings_of_one_test  # noqa: F401
from ..python.warehouse import Warehouse

SPECIFICATION = read_specification()
SCHEMAS = sorted({f"dwh_{mart.schema}" for mart in SPECIFICATION.marts.values()})
PATIENCE = 120_000
"""Milliseconds: the first page makes Superset import itself."""


@dataclass
class Site:
    """A Superset server, and the warehouse that it reads."""

    address: str
    password: str
    superset: SupersetServer
    warehouse: Warehouse

    def value(self, sql: str, mart: str, condition: str = "true") -> Any:
        """Return an aggregate of a mart."""
        relation = SPECIFICATION.marts[mart]
        query = f"select {sql} from dwh_{relation.schema}.{mart} where {condition}"
        ((value,),) = self.warehouse.rows(query)
        return value


@pytest.fixture(scope="session")
def site(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: F811
    """Serve the dashboards of a demo warehouse, read by a login that reads the marts."""
    installed = ROOT / ".dwh" / "superset"
    SupersetServer(installed).install()
    home = tmp_path_factory.mktemp("superset")
    (home / "venv").symlink_to(installed / "venv")
    target = built.settings.warehouse
    reader = replace(target, user="page_reader", password="read-only")
    with connect(target, autocommit=True) as owner:
        owner.execute("create role page_reader login password 'read-only'")
        for schema in SCHEMAS:
            owner.execute(f"grant usage on schema {schema} to page_reader")
            owner.execute(f"grant select on all tables in schema {schema} to page_reader")
    check_reader(reader, SPECIFICATION, "dwh")
    superset = SupersetServer(home)
    superset.provision(SPECIFICATION, reader, "dwh")
    address = superset.start(free_port())
    yield Site(address, superset.password.read_text(encoding="utf-8"), superset, built)
    superset.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium: that of DWH_CHROMIUM, of the system, or Playwright's own."""
    program = os.environ.get("DWH_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def state(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Log in once, and keep the session's cookies."""
    page = log_in(browser.new_page(), site, "admin", site.password)
    path: Path = tmp_path_factory.mktemp("browser") / "state.json"
    page.context.storage_state(path=path)
    return path


def log_in(page: Page, site: Site, name: str, password: str) -> Page:
    """Log an account in, and return its page."""
    page.set_default_timeout(PATIENCE)
    page.goto(f"{site.address}/login/")
    # An answer to the anonymous page, come late, would replace the session's cookie.
    page.wait_for_load_state("networkidle")
    page.locator("#username").fill(name)
    page.locator("input[type=password]").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/list/**")
    return page


@pytest.fixture(scope="session")
def account(site: Site) -> tuple[str, str]:
    """Make the account of a reader of zone 3; return its name and password."""
    create_roles(site.warehouse.settings, report=lambda line: None)
    name, password = "a.kone", "of the reader"
    create_account(
        site.warehouse.settings, site.superset, name, [3], password, report=lambda line: None
    )
    return name, password


Open = Callable[..., Page]


@pytest.fixture
def open_dashboard(site: Site, browser: Browser, state: Path) -> Iterator[Open]:
    """Open a dashboard and wait for all its charts; no request may reach another machine."""
    reached: list[str] = []
    contexts = []

    def finished(request: Request) -> None:
        if not request.url.startswith((site.address, "data:", "blob:")):
            reached.append(request.url)

    def opened(name: str, width: int = 1400) -> Page:
        context = browser.new_context(
            storage_state=state, viewport={"width": width, "height": 4000}, locale="fr-FR"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("requestfinished", finished)
        page.goto(f"{site.address}/superset/dashboard/{name}/")
        dashboard = next(entry for entry in SPECIFICATION.dashboards if entry.name == name)
        wanted = sum(panel.chart == "number" for panel in dashboard.panels)
        expect(page.locator(".header-line")).to_have_count(wanted, timeout=PATIENCE)
        all_drawn(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert reached == []


def all_drawn(page: Page) -> None:
    """Wait until no chart is loading; a wait by JavaScript is refused by the pages' policy."""
    expect(page.locator("[data-test=loading-indicator]")).to_have_count(0, timeout=PATIENCE)


def french(value: Any, measure: Measure) -> str:
    """Write a value as a French reader does, with plain spaces."""
    if measure.unit == "date":
        return f"{value:%d/%m/%Y %H:%M}"
    number = Decimal(value) * (100 if measure.unit == "%" else 1)
    places = 1 if measure.unit in ("%", "jours", "heures") else 0
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{rounded:,.{places}f}".replace(",", " ").replace(".", ",")
    return f"{text} {measure.unit}" if measure.unit in ("FCFA", "%") else text


def plain(text: str) -> str:
    """Return a text of the page with plain spaces."""
    return re.sub(r"[\u00a0\u202f]", " ", text).strip()
