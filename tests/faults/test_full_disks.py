"""Full disks beside that of the warehouse's tables: of logs, history, state, output, WAL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .disks import fill, mounted, moved_to_small_disk
from .installation import Installation
from .nights import by_command, check_end, last_run, next_night, readers, stopped, unchanged_marts

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_an_output_that_is_not_taken_fails_the_command(installation: Installation) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "sigeti_dwh", "env"],
            cwd=installation.folder,
            env={
                "PATH": os.defpath,
                "PYTHONPATH": str(installation.folder),
                "DWH_ENV_FILE": os.devnull,
            },
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"{FULL} (No space left on device)" in done.stderr
    assert len(done.stderr.splitlines()) <= 3


@by_command
def test_a_night_goes_on_without_its_log(installation: Installation) -> None:
    installation.warehouse.advance(1)
    logs = installation.folder / "logs"
    with mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs", at=logs):
        fill(logs)
        with readers(installation), installation.night() as night:
            assert check_end(installation, night) == 0, night.messages
    said = f"{logs}/dbt.log (No space left on device)"
    assert said in night.messages and len(night.messages.splitlines()) <= 3
    state, message = last_run(installation)
    assert state == "réussie" and said in str(message)


@by_command
@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_history_that_takes_no_more_is_named(installation: Installation, moment: str) -> None:
    installation.warehouse.advance(1)
    history = installation.folder / ".dwh" / "prefect"
    with moved_to_small_disk(history, "20m"):
        if moment == "before":
            filling = fill(history)
        with installation.night() as night:
            if moment == "during":
                night.wait_for_layer("staging")
                filling = fill(history)
            assert night.wait() == 1
        assert night.messages.endswith(
            f"No space is left for {history}.\nFree some and run again.\n"
        )
        assert "Traceback" not in night.messages
        # The history is Prefect's: what had begun was done.
        told = (
            ("réussie", None)
            if moment == "during"
            else ("échouée", f"No space is left for {history}.\nFree some and run again.")
        )
        assert last_run(installation) == told
        filling.unlink()
    with installation.night() as night:
        assert check_end(installation, night) == 0, night.messages


@by_command
def test_a_full_state_folder_is_named(installation: Installation) -> None:
    """The disk has the server's data too: what asks it ends at once, and nothing waits for it."""
    state = installation.folder / ".dwh"
    installation.server.stop()
    with moved_to_small_disk(state, "1g"):
        installation.start_server()
        filling = fill(state)
        with installation.night() as night:
            assert night.wait() == 1
        assert "No space" in night.messages and str(state) in night.messages
        assert "Unexpected" not in night.messages and "Traceback" not in night.messages
        filling.unlink()
        with readers(installation) as reader:
            installation.warehouse.advance(1)
            next_night(installation, reader)
        installation.server.stop()
    installation.start_server()


@by_command
def test_a_full_disk_of_the_log_position_is_named(installation: Installation) -> None:
    """The server ends by it, and cannot come back: whoever asks is told why."""
    installation.warehouse.advance(1)
    wal = installation.folder / ".dwh" / "postgres" / "data" / "pg_wal"
    installation.server.stop()
    with moved_to_small_disk(wal, "200m"):
        installation.start_server()
        with unchanged_marts(installation) as reader, installation.night() as night:
            with stopped(installation, night, "facts"):
                reader.may_lose_connection = True
                filling = fill(wal)
                use_up(installation)
            assert night.wait() == 1
        assert "No space left on device" in night.messages
        assert "Unexpected" not in night.messages and len(night.messages.splitlines()) <= 4
        assert str(wal) in night.messages
        with installation.night() as night:
            assert night.wait() == 1
        assert "No space left on device" in night.messages
        filling.unlink()
        installation.start_server()
        with readers(installation) as reader:
            next_night(installation, reader)
        with installation.connect() as connection:
            [(state, message)] = connection.execute(
                "select etat, message from dwh_meta.executions "
                "where execution < (select max(execution) from dwh_meta.executions) "
                "order by execution desc limit 1"
            )
        assert state == "échouée" and "No space left on device" in message
        installation.server.stop()
    installation.start_server()


def use_up(installation: Installation) -> None:
    """Write until the log has no place left, by which the server ends."""
    with pytest.raises(Exception, match=r"No space left|closed the connection|terminating"):
        for _ in range(100):
            installation.execute("select pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()")
