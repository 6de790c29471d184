"""Copies of the checkout, in which runs write and files are edited."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from sigeti_dwh.night.look import CODE, FILES
from sigeti_dwh.settings import ROOT


def copy_project(folder: Path) -> Path:
    """Copy the dbt project into a folder, in the place of one that is there; return the folder."""
    return _copy(("models", "macros", "snapshots", "tests/dbt"), ("dbt_project.yml",), folder)


def copy_checkout(folder: Path) -> Path:
    """Copy all that decides what a run does, and no state, into a folder; return the folder."""
    return _copy(CODE, FILES, folder)


def _copy(parts: Iterable[str], files: Iterable[str], folder: Path) -> Path:
    for name in parts:
        shutil.rmtree(folder / name, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in filter(lambda one: (ROOT / one).exists(), files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder
