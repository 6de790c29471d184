"""A server as hosting companies set them: Debian's PostgreSQL, with TLS, and a pool in front."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

from .conftest import at

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
HBA = """
local all all scram-sha-256
hostssl certificat all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca
hostssl all all 127.0.0.1/32 scram-sha-256
hostnossl sans_tls all 127.0.0.1/32 scram-sha-256
"""


@dataclass
class Hosted:
    """A running server that demands TLS, and the files of its authority."""

    server: EmbeddedServer
    folder: Path

    def at(self, role: str, name: str) -> Server:
        """Describe a database, reached by TLS."""
        described = at(self.server, role, name)
        return replace(described, host="localhost", sslmode="verify-full", sslrootcert=self.ca)

    @property
    def ca(self) -> str:
        """The certificate of the authority."""
        return str(self.folder / "ca.crt")


@contextmanager
def hosted(folder: Path) -> Iterator[Hosted]:
    """Start Debian's server: the embedded one is built without TLS."""
    if not PROGRAMS:
        pytest.skip("no PostgreSQL of the system's is installed: apt-get install postgresql-15")
    if shutil.which("openssl") is None:
        pytest.skip("no openssl is installed: apt-get install openssl")
    before = os.environ.get("DWH_POSTGRES_BIN")
    os.environ["DWH_POSTGRES_BIN"] = str(PROGRAMS[0].parent)
    server = EmbeddedServer(folder / "postgres")
    server.start()
    try:
        for name in ("ca", "autre_ca"):
            _authority(folder, name)
        _certificate(folder, "server", "localhost")
        _certificate(folder, "client", "proprietaire")
        data = folder / "postgres" / "data"
        owner = data.stat()
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy(folder / name, data / name)
            os.chown(data / name, owner.st_uid, owner.st_gid)
            (data / name).chmod(0o600)
        with connect(at(server, "warehouse", "postgres"), autocommit=True) as connection:
            for setting in ("ssl = on", "ssl_ca_file = 'ca.crt'"):
                connection.execute(f"alter system set {setting}".encode())
            for database in ("certificat", "sans_tls", "source", "entrepot"):
                connection.execute(f"create database {database}".encode())
            (data / "pg_hba.conf").write_text(HBA)
            connection.execute("select pg_reload_conf()")
        yield Hosted(server, folder)
    finally:
        server.stop()
        del os.environ["DWH_POSTGRES_BIN"]
        if before is not None:
            os.environ["DWH_POSTGRES_BIN"] = before


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _authority(folder: Path, name: str) -> None:
    _openssl(
        folder,
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", f"{name}.key", "-out", f"{name}.crt"),
    )


def _certificate(folder: Path, name: str, common_name: str) -> None:
    _openssl(
        folder,
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common_name}"),
        *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
    )
    _openssl(
        folder,
        *("x509", "-req", "-in", f"{name}.csr", "-days", "2", "-out", f"{name}.crt"),
        *("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
    )


@contextmanager
def pooled(server: EmbeddedServer, mode: str) -> Iterator[int]:
    """Put a pool in front of a server, and return its port."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("no pgbouncer is installed: apt-get install pgbouncer")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    # It does not run as root, and pytest's folders are closed to everybody else.
    folder = Path(tempfile.mkdtemp(prefix="pool-"))
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    (folder / "users.txt").write_text(f'"{server.user}" "{server.password}"\n')
    (folder / "pool.ini").write_text(
        f"[databases]\n* = host={server.host} port={server.port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {folder / 'users.txt'}\npool_mode = {mode}\n"
    )
    for path in (folder, folder / "users.txt", folder / "pool.ini"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with (folder / "log").open("wb") as log:
        pool = subprocess.Popen(
            [program, str(folder / "pool.ini")],
            stdout=log,
            stderr=log,
            **user,  # type: ignore[call-overload]
        )
    try:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert pool.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        pool.send_signal(signal.SIGKILL)
        pool.wait()
        shutil.rmtree(folder)
