"""The demo on both engines, run once as a user runs it, and what it left running."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigeti_dwh.settings import ROOT
from sigeti_dwh.spark import demo
from sigeti_dwh.spark.cluster import Cluster

from .site import Site

# A developer's own settings must never lead a test to a real server.
for variable in [name for name in os.environ if name.startswith(("SOURCE_DB_", "DWH_", "PG"))]:
    if variable != "DWH_STATE_DIR":
        del os.environ[variable]
os.environ["DWH_ENV_FILE"] = os.devnull


@pytest.fixture(scope="session")
def demonstrated() -> Iterator[subprocess.CompletedProcess[str]]:
    """Run `spark-demo --keep`; what it left running is stopped at the end."""
    try:
        yield subprocess.run(
            [ROOT / "run_pipeline.sh", "spark-demo", "--keep"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        demo.stop()


@pytest.fixture(scope="session")
def site(
    demonstrated: subprocess.CompletedProcess[str], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """Return the site that the demo made."""
    found = re.search(r"DWH_SPARK_PORT=(\d+)", demonstrated.stdout)
    assert found, demonstrated.stdout[-2000:] + demonstrated.stderr[-2000:]
    folder: Path = tmp_path_factory.mktemp("project")
    return Site(Cluster(demo.HOME).server(int(found[1])), folder)
