"""A warehouse with an optional area beside SIGETI, and files of the area that a test may change."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sigeti_dwh.dashboards.grafana import panel_sql
from sigeti_dwh.dashboards.specification import read_specification
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.warehouse.database import connect

from .conftest import copied_night
from .warehouse import Warehouse


@contextmanager
def built_area(
    server: EmbeddedServer, template: Path, folder: Path, area: str, demo: Path
) -> Iterator[Warehouse]:
    """Build an area from its demo files, in a project of its own, beside a good night of SIGETI."""
    with copied_night(server, template, folder) as copy:
        copy.areas = {area: str(demo)}
        copy.load_area(area)
        copy.build_area(area)
        yield copy


@contextmanager
def files_to_change(built: Warehouse, area: str, demo: Path, folder: Path) -> Iterator[Warehouse]:
    """Let a test change a copy of the demo files, and put the demo's own back afterwards."""
    shutil.copytree(demo, folder)
    built.areas = {area: str(folder)}
    yield built
    built.areas = {area: str(demo)}
    built.load_area(area, accept_loss=True)


def fixtures_of(area: str, create: Callable[..., None]) -> tuple[Any, Any, Any]:
    """Return the fixtures of a file that tests an area: demo, published and site.

    The demo's files as `create` makes them, the area built from them beside a good night of SIGETI,
    and the same for one test that may change its files, which are put back afterwards.
    """

    @pytest.fixture(scope="module")
    def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("demo") / area
        create(folder, seed=1)
        return folder

    @pytest.fixture(scope="module")
    def published(
        server: EmbeddedServer,
        template: Path,
        demo: Path,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Warehouse]:
        project = tmp_path_factory.mktemp(f"with_{area}") / "project"
        with built_area(server, template, project, area, demo) as built:
            yield built

    @pytest.fixture
    def site(published: Warehouse, demo: Path, tmp_path: Path) -> Iterator[Warehouse]:
        with files_to_change(published, area, demo, tmp_path / "files") as changing:
            yield changing

    return demo, published, site


def empty_panels(published: Warehouse, area: str) -> list[str]:
    """Return the panels of an area that show nothing of the whole time, or a column without value.

    DWH_AREAS names the area.
    """
    found = []
    with connect(published.settings.warehouse) as connection:
        for page in read_specification().dashboards:
            for panel in page.panels:
                if panel.mart.schema != f"marts_{area}":
                    continue
                query = panel_sql(panel, page.filters, "dwh")
                query = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 is not null", query)
                rows = connection.execute(query.encode()).fetchall()
                columns = list(zip(*rows, strict=True))
                if not rows or any(set(column) == {None} for column in columns):
                    found.append(f"{page.name}.{panel.name}")
    return found
