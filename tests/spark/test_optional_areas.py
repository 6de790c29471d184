"""The optional areas on both engines, from the same documents."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from sigeti_dwh.areas import AREAS
from sigeti_dwh.night.engine import engine_of
from sigeti_dwh.spark.connection import connect

from .site import Site


@pytest.fixture
def wider(site: Site, tmp_path: Path) -> Iterator[Site]:
    """Switch all areas on, and drop them at the end."""
    found = Site(site.server, tmp_path / "project")
    documents = {area: str(tmp_path / area) for area in AREAS}
    found.postgres = replace(found.postgres, areas=documents)
    found.spark = replace(found.spark, areas=documents)
    yield found
    for settings in (found.postgres, found.spark):
        for area in AREAS:
            engine_of(settings).undo_area(area)


def create(area: str, folder: Path, *, seed: int) -> None:
    """Make an area's demo documents."""
    import_module(f"sigeti_dwh.demo.{area}").create(folder, seed=seed)


def test_all_areas_are_equal_from_the_same_documents_and_again_after_these_changed(
    wider: Site, tmp_path: Path
) -> None:
    for seed in (1, 2):
        for area in AREAS:
            create(area, tmp_path / area, seed=seed)
        wider.night(wider.postgres)
        wider.night(wider.spark)
        found = wider.compared()
        assert [str(one) for one in found if one.differing] == []
        for area in AREAS:
            marts = [one for one in found if one.relation.startswith(f"dwh_marts_{area}.")]
            assert marts and any(one.rows for one in marts)


def test_an_area_that_is_dropped_leaves_nothing(wider: Site, tmp_path: Path) -> None:
    create("courrier", tmp_path / "courrier", seed=1)
    only = replace(wider.spark, areas={"courrier": str(tmp_path / "courrier")})
    wider.night(only)
    documents = wider.cluster.home / "warehouse" / "raw_courrier"
    assert list(documents.rglob("*.parquet"))
    dropped = engine_of(only).undo_area("courrier")
    assert {"raw_courrier.templates", "dwh_marts_courrier.mart_dossiers_courrier"} <= set(dropped)
    assert not list(documents.rglob("*.parquet"))
    with connect(wider.server) as connection:
        schemas = {schema for (schema,) in connection.execute("show namespaces")}
    assert not {"raw_courrier", "dwh_marts_courrier"} & schemas
