"""Folders of the checkout that a night cannot write."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from ..python.receiver import Receiver
from .disks import mounted
from .installation import Installation, outside
from .nights import by_command, next_night, readers, stopped, unchanged_marts


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
    installation.warehouse.advance(1)
    target = installation.folder / "target"
    with mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs", at=target):
        said = refused(installation)
        assert f"No space is left for {target}" in said


@by_command
@pytest.mark.parametrize("name", ["target", ".dwh"])
def test_a_read_only_folder_ends_the_night(installation: Installation, name: str) -> None:
    installation.warehouse.advance(1)
    folder = installation.folder / name
    with mounted("-t", "tmpfs", "-o", "ro", "tmpfs", at=folder):
        # Without its state, the server must be told.
        settings = installation.warehouse.settings.environment()
        assert str(folder) in refused(installation, **settings)


@by_command
def test_a_read_only_checkout_serves_with_a_state_folder_elsewhere(
    installation: Installation, tmp_path: Path
) -> None:
    """Without one, a message names the setting."""
    installation.warehouse.advance(1)
    folder = installation.folder
    settings = installation.warehouse.settings.environment()
    with mounted("--bind", "-o", "ro", str(folder), at=folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=False)
        with pytest.raises(OSError, match="Read-only"):
            (folder / "written").touch()
        with outside(tmp_path, folder, **settings) as night:
            assert night.wait() == 1
        assert f"{folder}/.dwh cannot be written" in night.messages
        assert "DWH_STATE_DIR" in night.messages and len(night.messages.splitlines()) <= 3
        state = tmp_path / "state"
        with (
            readers(installation),
            outside(tmp_path, folder, DWH_STATE_DIR=str(state), **settings) as night,
        ):
            assert night.wait() == 0, night.messages
    assert (state / "target" / "manifest.json").exists()
    assert (state / "logs" / "dbt.log").exists()


@by_command
def test_a_night_of_another_machine_names_the_one_at_work(
    installation: Installation, receiver: Receiver, tmp_path: Path
) -> None:
    """Two checkouts, two state folders, two host names, one warehouse: nobody is told of it."""
    other = tmp_path / "checkout"
    shutil.copytree(installation.folder, other, ignore=shutil.ignore_patterns(".dwh", "*.out"))
    named = ["unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "-"]
    if subprocess.run([*named, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no other host name can be taken here")
    settings = installation.warehouse.settings.environment() | installation.variables
    installation.warehouse.advance(1)
    with installation.night() as night:
        with stopped(installation, night, "facts"):
            with outside(tmp_path, other, *named, **settings) as second:
                assert second.wait() == 4
            assert f"on {platform.node()}." in second.messages
            assert receiver.titles == []
        assert night.wait() == 0, night.messages
    with outside(tmp_path, other, *named, **settings) as third:
        assert third.wait() == 0, third.messages
    with installation.connect() as connection:
        machines = connection.execute(
            "select machine from dwh_meta.executions order by execution desc limit 2"
        ).fetchall()
    assert machines == [("elsewhere",), (platform.node(),)]
