"""The folder prefect/ of the root must never stand in front of the installed package."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sigeti_dwh.settings import ROOT

PREFECT = ROOT / "prefect"
INSTALLED = {"dbt", "prefect", "prefect_dbt", "psycopg", "psycopg2", "sigeti_dwh"}


def python(*arguments: str, cwd: Path = ROOT, path: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": path, "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_folder_is_no_package() -> None:
    assert not (PREFECT / "__init__.py").exists()


@pytest.mark.parametrize("path", ["", ".", str(ROOT)])
def test_the_installed_prefect_is_imported_from_the_root(path: str) -> None:
    file = python("-c", "import prefect; print(prefect.__file__)", path=path)
    assert "site-packages" in Path(file).parts


@pytest.mark.parametrize("folder", [PREFECT, PREFECT / "flows", PREFECT / "deployments"])
def test_no_script_hides_a_module(folder: Path) -> None:
    """A script's folder comes first on sys.path: its neighbours hide modules of their names."""
    names = {child.name.split(".")[0] for child in folder.iterdir()} - {"__pycache__"}
    assert not names & (set(sys.stdlib_module_names) | INSTALLED)


def test_every_script_can_be_imported_by_its_path_from_anywhere(tmp_path: Path) -> None:
    """As a script does it, without running: an import changes nothing and needs no server."""
    scripts = sorted(PREFECT.glob("*/*.py"))
    assert {script.parent.name for script in scripts} == {"deployments", "flows"}
    for script in scripts:
        code = f"import runpy; print(*runpy.run_path({str(script)!r}))"
        environment = {"PREFECT_HOME": str(tmp_path / "home")}
        code = f"import os; os.environ.update({environment}); {code}"
        assert "main" in python("-c", code, cwd=tmp_path).split()
