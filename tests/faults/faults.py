"""What can go wrong in a night, done for real.

A further fault is a function of the installation and its night, and a line in FAULTS.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from .installation import Installation, Night

SESSIONS = (
    "select pid from pg_stat_activity "
    "where application_name in ('dbt sigeti_dwh', 'sigeti_dwh load', 'sigeti_dwh') "
    "order by state = 'active' desc, random()"
)


@dataclass(frozen=True)
class Fault:
    """A fault, and whether readers lose their connection by it."""

    inject: Callable[[Installation, Night], None]
    server_goes_down: bool = False


def kill_flow(installation: Installation, night: Night) -> None:
    """Kill the flow's processes."""
    night.signal(signal.SIGKILL)


def terminate_flow(installation: Installation, night: Night) -> None:
    """Ask the flow to end."""
    night.signal(signal.SIGTERM)


def end_session(installation: Installation, night: Night) -> None:
    """End a session of the flow, as an administrator does or a firewall."""
    with installation.connect() as connection:

        def ended() -> bool:
            session = connection.execute(SESSIONS).fetchone()
            return session is not None and connection.execute(
                "select pg_terminate_backend(%s)", session
            ).fetchone() == (True,)

        night.wait_until(ended)


def kill_session(installation: Installation, night: Night) -> None:
    """Kill a session's process: the server ends all sessions and recovers."""
    with installation.connect() as connection:

        def killed() -> bool:
            session = connection.execute(SESSIONS).fetchone()
            return session is not None and _kill(session[0])

        night.wait_until(killed)


def kill_server(installation: Installation, night: Night) -> None:
    """Kill the server, which stays down."""
    with installation.connect() as connection:
        row = connection.execute(
            "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::integer"
        ).fetchone()
    assert row is not None
    _kill(row[0])


def restart_server(installation: Installation, night: Night) -> None:
    """Kill the server, which is started again at once."""
    kill_server(installation, night)
    installation.start_server()


def _kill(process: int) -> bool:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


FAULTS = {
    "flow killed": Fault(kill_flow),
    "flow terminated": Fault(terminate_flow),
    "session ended": Fault(end_session),
    "session killed": Fault(kill_session, server_goes_down=True),
    "server killed": Fault(kill_server, server_goes_down=True),
    "server killed and restarted": Fault(restart_server, server_goes_down=True),
}
