"""The TCP port of the embedded server."""

import os
import random
import socket
import time

from sigeti_dwh.errors import UserError

HOST = "127.0.0.1"
# Below the ports that systems give to outgoing connections: those would take ours now and then.
# By chance within them: servers that start at the same time shall not choose the same.
PORTS = range(15000, 32000)
LINGER_SECONDS = 10


def free_port() -> int:
    """Return a port that nobody listens on."""
    for port in random.sample(PORTS, k=100):
        if _refusal(port) is None:
            return port
    raise UserError(f"No free port was found on {HOST}.\nSet DWH_EMBEDDED_PORT to a free port.")


def require_free(port: int, *, killed: bool) -> None:
    """Raise UserError when the server could not listen on a port.

    `killed` waits for what a killed server's processes hold until they are gone.
    """
    deadline = time.monotonic() + (LINGER_SECONDS if killed else 0)
    while (refusal := _refusal(port)) is not None:
        if time.monotonic() >= deadline:
            raise port_refused(port, os.strerror(refusal))
        time.sleep(0.1)


def port_refused(port: int, reason: str) -> UserError:
    """Return the error for a port that the server cannot have."""
    return UserError(
        f"The embedded PostgreSQL cannot have port {port} of {HOST}: {reason}.\n"
        "Stop the program that uses it, or set DWH_EMBEDDED_PORT to a free port above 1023\n"
        "in .env or the environment."
    )


def _refusal(port: int) -> int | None:
    """Return the number of the error that keeps a port from being used, None without one."""
    with socket.socket() as probe:
        # As PostgreSQL does it: a port is free although closed connections linger on it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.errno
    return None
