"""Folders of the checkout that a night cannot write."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .installation import Installation
from .nights import by_command, next_night, readers, unchanged_marts


@contextmanager
def mounted(*words: str, at: Path) -> Iterator[None]:
    """Mount something on a folder for a while; only root can, and not in every container."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    done = subprocess.run(["mount", *words, str(at)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield
    subprocess.run(["umount", "-l", str(at)], check=True)


def refused(installation: Installation, **variables: str) -> str:
    """Let a night fail, and return what it says."""
    with unchanged_marts(installation), installation.night(**variables) as night:
        assert night.wait() == 1
    assert "Traceback" not in night.messages and "Unexpected" not in night.messages
    return night.messages


@by_command
def test_a_target_that_is_no_folder_ends_the_night(installation: Installation) -> None:
    installation.warehouse.advance(1)
    target = installation.folder / "target"
    shutil.rmtree(target)
    target.touch()
    try:
        assert str(target) in refused(installation)
    finally:
        target.unlink()
    with readers(installation) as reader:
        next_night(installation, reader)


@by_command
def test_a_full_target_ends_the_night(installation: Installation) -> None:
    target = installation.folder / "target"
    with mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs", at=target):
        said = refused(installation)
        assert f"No space is left for {target}" in said


@by_command
@pytest.mark.parametrize("name", ["target", ".dwh"])
def test_a_read_only_folder_ends_the_night(installation: Installation, name: str) -> None:
    folder = installation.folder / name
    with mounted("-t", "tmpfs", "-o", "ro", "tmpfs", at=folder):
        # Without its state, the server must be told.
        settings = installation.warehouse.settings.environment()
        assert str(folder) in refused(installation, **settings)
