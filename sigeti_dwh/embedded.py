"""The embedded PostgreSQL: one server of the checkout's own, on 127.0.0.1, for any tool to use."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.postgres_binaries import ServerUser, find_binaries, server_user
from sigeti_dwh.postgres_settings import tuned_settings

START_SECONDS = 600
FIRST_PORT = 15432
FOREIGN_HOME = Path("/var/lib/sigeti_dwh")


class EmbeddedServer:
    """A PostgreSQL server whose data, password and port live in one folder.

    The port is chosen once and kept, since BI tools point at it. Nothing is done before a method
    or a property is asked for.
    """

    host = "127.0.0.1"
    user = "sigeti"

    def __init__(self, directory: Path, port: int | None = None) -> None:
        self.directory = directory
        self.wanted_port = port

    @property
    def port(self) -> int:
        """Return the TCP port."""
        return self.wanted_port or int(self._state["port"])

    @property
    def password(self) -> str:
        """Return the password of the server's only user."""
        return str(self._state["password"])

    @property
    def log(self) -> Path:
        """Return the server's log file."""
        return self.home / "postgres.log"

    def start(self, report: Callable[[str], None] = print) -> None:
        """Start the server, creating it on first use; do nothing when it answers.

        Raises UserError when it cannot start, with the reason.
        """
        self._refuse_other_owner()
        wanted = self.port
        with self._lock():
            if self.is_running():
                return
            running = self._running_port()
            if running is not None and running != wanted:
                report(f"Moving the embedded PostgreSQL to port {wanted}")
                self._stop()
            self._check_port()
            if not (self.data / "PG_VERSION").exists():
                report("Creating the embedded PostgreSQL")
                self._create()
            self._check_version()
            report(f"Starting the embedded PostgreSQL on {self.host}:{wanted}")
            self._start()
            self._save(port=wanted)

    def stop(self) -> bool:
        """Stop the server; return whether it was running."""
        if not (self.data / "postmaster.pid").exists():
            return False
        with self._lock():
            return self._stop()

    def is_running(self) -> bool:
        """Tell whether the server answers a connection: after a kill -9, pids say nothing."""
        if not self._state_file.exists():
            return False
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str) -> None:
        """Create a UTF-8 database unless it is there."""
        with self._connect("postgres") as connection:
            known = connection.execute("select 1 from pg_database where datname = %s", [name])
            if known.fetchone() is None:
                connection.execute(
                    sql.SQL("create database {} encoding 'UTF8' template template0").format(
                        sql.Identifier(name)
                    )
                )

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            sslmode="disable",
            connect_timeout=5,
            client_encoding="UTF8",
            autocommit=True,
        )

    @property
    def _state_file(self) -> Path:
        return self.directory / "state.json"

    @cached_property
    def _state(self) -> dict[str, Any]:
        """Return port and password, chosen on first use."""
        try:
            return dict(json.loads(self._state_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        except PermissionError:
            raise self._other_owner() from None
        except ValueError:
            raise UserError(
                f"{self._state_file} is damaged.\n"
                f"Remove the folder {self.directory}: the demo and the warehouse are built anew."
            ) from None
        with self._lock():
            if not self._state_file.exists():
                port = self.wanted_port or _free_port(self.host)
                self._write({"port": port, "password": secrets.token_urlsafe(18)})
        return dict(json.loads(self._state_file.read_text(encoding="utf-8")))

    def _save(self, **changes: Any) -> None:
        if any(self._state.get(name) != value for name, value in changes.items()):
            self._state.update(changes)
            self._write(self._state)

    def _write(self, state: dict[str, Any]) -> None:
        fresh = self.directory / "state.json.new"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(self._state_file)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one process at a time create, start or stop the server."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.directory / "lock").open("w")
        except PermissionError:
            raise self._other_owner() from None
        except OSError as error:
            raise UserError(f"{self.directory} cannot be written: {error.strerror}.") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _other_owner(self) -> UserError:
        return UserError(
            f"{self.directory} belongs to another user of this machine.\n"
            "Run as that user, or set DWH_STATE_DIR to a folder of your own."
        )

    def _refuse_other_owner(self) -> None:
        if self.data.exists() and os.geteuid() not in (0, self.data.stat().st_uid):
            raise self._other_owner()

    @cached_property
    def _as(self) -> ServerUser:
        return server_user()

    @cached_property
    def home(self) -> Path:
        """Return the folder of the data and the log: where the server's user can reach it."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._as.uid is None:
            return self.directory
        self._as.own(self.directory)
        if self._as.can_reach(self.directory):
            return self.directory
        name = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        home = FOREIGN_HOME / name
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._as.own(home)
        return home

    @property
    def data(self) -> Path:
        """Return the server's data folder."""
        return self.home / "data"

    @cached_property
    def _bin(self) -> Path:
        found = find_binaries()
        if self._as.can_reach(found):
            return found
        # The shared libraries that the wheel ships lie beside the package: both or neither.
        package = found.parent.parent
        copied = self.home / "programs"
        if not copied.exists():
            fresh = self.home / "programs.new"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(package, fresh / package.name, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name)
            self._as.own(fresh)
            fresh.rename(copied)
        return copied / package.name / found.relative_to(package)

    def _create(self) -> None:
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = self.home / "password"
        password_file.touch(mode=0o600)
        try:
            password_file.write_text(self.password, encoding="utf-8")
            self._as.own(password_file)
            locale = ["--locale=C"]
            if self._major() >= 17:
                locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            code, said = self._as.run(
                self._bin / "initdb",
                f"--pgdata={fresh}",
                f"--username={self.user}",
                f"--pwfile={password_file}",
                "--auth-local=scram-sha-256",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                *locale,
            )
            if code != 0:
                raise UserError(
                    f"The embedded PostgreSQL could not be created in {self.home}:\n{_reason(said)}"
                )
            with (fresh / "postgresql.conf").open("a", encoding="utf-8") as configuration:
                configuration.write("\ninclude_if_exists = 'sigeti.conf'\n")
            fresh.rename(self.data)
        except OSError as error:
            raise UserError(
                f"The embedded PostgreSQL could not be created in {self.home}:\n{error.strerror}."
            ) from None
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(fresh, ignore_errors=True)

    def _major(self) -> int:
        _, said = self._as.run(self._bin / "postgres", "--version")
        return int(said.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        if made_by != str(self._major()):
            raise UserError(
                f"{self.data} was made by PostgreSQL {made_by}, the programs are {self._major()}.\n"
                f"Set DWH_POSTGRES_BIN to PostgreSQL {made_by}, or remove {self.directory} to "
                "build the demo anew."
            )

    def _check_port(self) -> None:
        if not _is_free(self.host, self.port):
            raise UserError(
                f"Port {self.port} of {self.host} is used by another program.\n"
                "Stop it, or set DWH_EMBEDDED_PORT to a free port in .env or the environment."
            )

    def _running_port(self) -> int | None:
        """Return the port on which our server answers although another one is wanted."""
        stored = int(self._state["port"])
        if stored == self.port:
            return None
        return stored if EmbeddedServer(self.directory).is_running() else None

    def _start(self) -> None:
        settings = self.data / "sigeti.conf"
        preload = (self._bin.parent / "share" / "postgresql" / "extension").exists() or (
            self._bin.parent / "share" / "extension"
        ).exists()
        settings.write_text(tuned_settings(self.host, self.port, preload), encoding="utf-8")
        self._as.own(settings)
        seen = self.log.stat().st_size if self.log.exists() else 0
        # After a kill -9 the old server's children hold its memory for a moment.
        for attempt in range(3):
            code, _ = self._as.run(
                self._bin / "pg_ctl",
                *("start", "--wait", f"--timeout={START_SECONDS}"),
                f"--pgdata={self.data}",
                f"--log={self.log}",
            )
            if code == 0 and self.is_running():
                return
            time.sleep(1 + attempt)
        said = ""
        if self.log.exists():
            with self.log.open("rb") as log:
                log.seek(seen)
                said = log.read().decode(errors="replace")
        raise UserError(
            f"The embedded PostgreSQL does not start:\n{_reason(said)}\nMore in {self.log}."
        )

    def _stop(self) -> bool:
        code, _ = self._as.run(
            self._bin / "pg_ctl",
            *("stop", "--wait", "--mode=fast", f"--timeout={START_SECONDS}"),
            f"--pgdata={self.data}",
        )
        return code == 0


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # As the server does it: a connection that just ended does not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _free_port(host: str) -> int:
    """Return a free port below those that the system gives to outgoing connections."""
    for port in range(FIRST_PORT, FIRST_PORT + 500):
        if _is_free(host, port):
            return port
    raise UserError(
        f"No free port from {FIRST_PORT} on.\nSet DWH_EMBEDDED_PORT in .env or the environment."
    )


def _reason(said: str) -> str:
    """Return the line of a server's words that says why it failed."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (telling or lines or ["It said nothing."])[0]
