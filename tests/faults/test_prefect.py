"""Nights without the Prefect server that they were told to use."""

from pathlib import Path

from sigeti_dwh.embedded.ports import free_port

from ..python.prefect_server import prefect_server
from .faults import kill_flow
from .installation import Installation
from .nights import by_command, check_end, check_warehouse, last_run, next_night, readers, stopped


@by_command
def test_a_prefect_server_that_is_down_is_done_without(installation: Installation) -> None:
    installation.warehouse.advance(1)
    api = f"http://127.0.0.1:{free_port()}/api"
    with readers(installation), installation.night(PREFECT_API_URL=api) as night:
        assert check_end(installation, night) == 0, night.messages
    assert "No Prefect server answers at" in night.output
    check_warehouse(installation)


@by_command
def test_a_prefect_server_that_dies_in_the_middle_is_done_without(
    installation: Installation, tmp_path: Path
) -> None:
    """Prefect's client itself would ask the dead server for minutes."""
    installation.warehouse.advance(1)
    with (
        prefect_server(tmp_path) as api,
        readers(installation),
        installation.night(PREFECT_API_URL=api.address) as night,
    ):
        with stopped(installation, night, "facts"):
            assert api.server is not None
            api.server.kill()
        # The end of this night is in no history.
        assert night.wait() == 0, night.messages
    assert "Done in" in night.output and "Traceback" not in night.output + night.messages
    assert "The Prefect server was lost" in night.output
    # What has gone through is not done again.
    assert night.output.count("\npublication: ") == 1
    assert last_run(installation) == ("réussie", None)
    check_warehouse(installation)


def test_a_killed_night_is_ended_in_prefect_by_the_next(
    installation: Installation,
) -> None:
    installation.warehouse.advance(1)
    with readers(installation) as reader:
        with installation.night() as night:
            night.wait_for_layer("dimensions")
            kill_flow(installation, night)
            night.wait()
        assert installation.last_state() == "RUNNING"
        killed, _ = installation.flow_runs()[-1]
        next_night(installation, reader)
    assert dict(installation.flow_runs())[killed] == "CRASHED"
