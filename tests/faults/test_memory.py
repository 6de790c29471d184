"""A night that may take less memory than it needs."""

from pathlib import Path

from ..python.receiver import Receiver
from .installation import Installation, outside
from .nights import by_command, check_end, last_run, next_night, readers, unchanged_marts

LIMITED = ("sh", "-c", 'ulimit -v 450000 && exec "$@"', "-")
# As run_pipeline.sh has it.
ARENAS = {"MALLOC_ARENA_MAX": "2"}


@by_command
def test_a_night_without_memory_ends_and_says_so(
    installation: Installation, receiver: Receiver, tmp_path: Path
) -> None:
    installation.warehouse.advance(1)
    settings = installation.warehouse.settings.environment() | installation.variables | ARENAS
    with (
        unchanged_marts(installation),
        outside(tmp_path, installation.folder, *LIMITED, **settings) as night,
    ):
        assert check_end(installation, night) == 1
    assert night.messages.startswith("No memory is left for this run. ulimit -v allows it 450000")
    assert receiver.titles == ["SIGETI DWH: the night failed"]
    with readers(installation) as reader:
        next_night(installation, reader)
    with installation.connect() as connection:
        recorded = connection.execute(
            "select etat, message from dwh_meta.executions where message is not null "
            "order by execution desc limit 1"
        ).fetchone()
    assert recorded == ("échouée", night.messages.rstrip())
    assert last_run(installation)[0] == "réussie"
