"""What the warehouse's server, its administrator and its other users do to a night."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sigeti_dwh.errors import RetryableError
from sigeti_dwh.night.layers import LAYERS as NIGHT_LAYERS
from sigeti_dwh.night.results import NodeResult, NodeStart
from sigeti_dwh.settings import EMBEDDED_DATABASES
from sigeti_dwh.warehouse.database import connect

from ..python.warehouse import environment
from .disks import fill, mounted
from .installation import Installation
from .nights import (
    LAYERS,
    WAITING,
    by_command,
    check_end,
    check_warehouse,
    last_run,
    locked,
    next_night,
    readers,
    stopped,
    unchanged_marts,
)

MART = "dwh_marts_financier.mart_performance_financiere"
SMALL = "40m"


@contextmanager
def role_with(installation: Installation, setting: str) -> Iterator[None]:
    """Set something for every new session of the warehouse."""
    name = setting.split(" ")[0]
    installation.execute(f"alter database sigeti_dwh set {setting}")
    yield
    installation.execute(f"alter database sigeti_dwh reset {name}")


@by_command
def test_a_server_restarted_after_every_layer_delays_the_night(
    installation: Installation,
) -> None:
    installation.warehouse.advance(1)
    with readers(installation) as reader:
        reader.may_lose_connection = True
        with installation.night() as night:
            for layer in LAYERS:
                night.wait_for_layer(layer)
                installation.server.stop()
                installation.start_server()
            assert check_end(installation, night) == 0, night.messages
        assert "Trying again" in night.output
    assert last_run(installation) == ("réussie", None)
    check_warehouse(installation)


def test_what_a_node_has_written_outlives_a_crash_of_the_server(
    installation: Installation,
) -> None:
    """A night goes on from what it was told is done: it must not be gone after the recovery."""
    fallen = False

    def fall(event: NodeStart | NodeResult) -> None:
        nonlocal fallen
        if isinstance(event, NodeResult) and event.name == "fait_paiements" and not fallen:
            assert event.rows_affected
            fallen = True
            with installation.connect() as connection:
                row = connection.execute("select pg_backend_pid()").fetchone()
                assert row is not None
                os.kill(row[0], signal.SIGKILL)

    installation.warehouse.advance(1)
    installation.warehouse.load()
    project = installation.warehouse.parsed()
    with environment():
        for layer in NIGHT_LAYERS:
            for _ in range(10):
                try:
                    project.build(layer, fall)
                    break
                except RetryableError:
                    time.sleep(1)
    assert fallen
    check_warehouse(installation)


@by_command
def test_time_limits_of_hardened_roles_do_not_end_the_night(installation: Installation) -> None:
    """Each session of a night is held up for longer than any of them, at the source too."""
    installation.warehouse.advance(1)
    names = (
        "statement_timeout",
        "transaction_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
    )
    with installation.connect() as administrator:
        for database in EMBEDDED_DATABASES.values():
            for name in names:
                administrator.execute(f"alter database {database} set {name} = '1s'".encode())
        try:
            with installation.night() as night:
                for layer in ("load", "staging", "facts"):
                    with stopped(installation, night, layer):
                        time.sleep(3)
                assert check_end(installation, night) == 0, night.messages
            assert "Trying again" not in night.output
        finally:
            for database in EMBEDDED_DATABASES.values():
                for name in names:
                    administrator.execute(f"alter database {database} reset {name}".encode())
    check_warehouse(installation)


def test_a_deadlock_is_tried_again(installation: Installation) -> None:
    """The other session takes the row of the night's progress and the fact in the other order."""
    installation.warehouse.advance(1)
    with role_with(installation, "deadlock_timeout = '5s'"), readers(installation):
        with installation.night() as night:
            with stopped(installation, night, "facts") as other:
                other.execute("set deadlock_timeout = '10min'")
                other.execute(
                    "update dwh_meta.avancement set fait_le = fait_le "
                    "where relation = 'dwh_facts.fait_factures'"
                )
            assert check_end(installation, night) == 0, night.messages
        assert "deadlock detected" in night.output
        assert "Trying again" in night.output
    check_warehouse(installation)


def test_a_writer_on_a_mart_ends_the_night_that_names_it_and_no_reader_waits(
    installation: Installation,
) -> None:
    installation.warehouse.advance(1)
    with (
        installation.impatient(),
        unchanged_marts(installation) as reader,
        locked(installation, MART, "share") as holder,
        installation.night() as night,
    ):
        night.wait_until(lambda: holder.execute(WAITING).fetchone() is not None)
        looked = reader.looks
        assert check_end(installation, night) == 1
        assert reader.looks > looked
        assert f"process {holder.info.backend_pid} (fault of sigeti" in night.messages
    assert MART in night.messages
    with readers(installation) as reader:
        next_night(installation, reader)


@by_command
def test_a_mart_kept_from_everybody_ends_the_night_that_names_who(
    installation: Installation,
) -> None:
    installation.warehouse.advance(1)
    before = installation.marts()
    with (
        installation.impatient(),
        locked(installation, MART) as holder,
        installation.night() as night,
    ):
        assert check_end(installation, night) == 1
        assert f"process {holder.info.backend_pid} (fault of sigeti" in night.messages
    assert installation.marts() == before
    with readers(installation) as reader:
        next_night(installation, reader)


@by_command
def test_a_new_column_of_a_mart_does_not_queue_readers_behind_a_long_one(
    installation: Installation,
) -> None:
    """Only then does a night need a published table for itself, which a long transaction holds."""
    column = "niveau_risque"
    mart = "dwh_marts_clients.mart_portefeuille_clients"
    installation.execute(f"alter table {mart} drop column {column}")
    with installation.impatient(), installation.connect() as long:
        long.execute("begin")
        long.execute(f"select count(*) from {mart}")  # type: ignore[call-overload]
        with installation.night() as night:
            night.wait_until(lambda: long.execute(WAITING).fetchone() is not None)
            with installation.connect() as reader:
                reader.execute("set statement_timeout = '1min'")
                reader.execute(f"select count(*) from {mart}")  # type: ignore[call-overload]
            assert check_end(installation, night) == 1
            assert f"process {long.info.backend_pid}" in night.messages
        long.execute("commit")
    # What is in it has not changed: a column that a new version of the model brings has.
    with installation.night("--full-refresh") as night:
        assert check_end(installation, night) == 0
    check_warehouse(installation)


@by_command
def test_a_password_changed_half_way_ends_the_night(installation: Installation) -> None:
    installation.warehouse.advance(1)
    with (
        unchanged_marts(installation),
        installation.connect() as administrator,
        installation.night() as night,
    ):
        with stopped(installation, night, "dimensions"):
            administrator.execute("alter role sigeti password 'another'")
        try:
            assert check_end(installation, night) == 1
        finally:
            password = installation.server.password
            administrator.execute(f"alter role sigeti password '{password}'".encode())
    assert "the user or the password is refused" in night.messages
    assert "Trying again" not in night.output
    assert last_run(installation)[0] == "échouée"
    with readers(installation) as reader:
        next_night(installation, reader)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small disk."""
    with mounted("-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", at=tmp_path):
        yield tmp_path


@by_command
@pytest.mark.parametrize("layer", ["load", "facts"])
def test_a_full_disk_ends_the_night(
    installation: Installation, small_disk: Path, layer: str
) -> None:
    """The warehouse's tables lie on a disk that fills up while the night is in a layer."""
    place = small_disk / "tablespace"
    place.mkdir()
    # Of the data's owner, whoever runs the server.
    owner = (installation.folder / ".dwh" / "postgres" / "data").stat()
    for folder in (small_disk, place):
        os.chown(folder, owner.st_uid, owner.st_gid)
    installation.warehouse.advance(1)
    with connect(installation.warehouse.settings.source, autocommit=True) as connection:
        connection.execute(f"create tablespace small location '{place}'".encode())
        connection.execute("alter database sigeti_dwh set tablespace small")
    filling = small_disk / "filling"
    try:
        with unchanged_marts(installation), installation.night() as night:
            with stopped(installation, night, layer):
                fill(small_disk)
            assert check_end(installation, night) == 1, night.output
        assert "No space left on device" in night.messages
        filling.unlink()
        with readers(installation) as reader:
            next_night(installation, reader)
    finally:
        filling.unlink(missing_ok=True)
        with connect(installation.warehouse.settings.source, autocommit=True) as connection:
            connection.execute("alter database sigeti_dwh set tablespace pg_default")
            connection.execute("drop tablespace small")
