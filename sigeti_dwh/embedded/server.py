"""Create, start and stop the embedded server."""

import re
import shutil
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.embedded.binaries import Binaries, can_run, copy_binaries, find_binaries
from sigeti_dwh.embedded.home import Home, State
from sigeti_dwh.embedded.ports import HOST, port_refused, require_free
from sigeti_dwh.embedded.process import running_port
from sigeti_dwh.embedded.settings import tuned_settings
from sigeti_dwh.errors import UserError

START_SECONDS = 600
HOPELESS = "authentication|No space left"
"""What a server says that waiting does not change; one that starts or ends says many things."""
READY = "database system is ready to accept connections"
# How long the processes of a killed server may hold its memory: until their query ends.
ORPHAN_SECONDS = 30
# What the dearest queries are known by. A server that does not preload it could not read it.
STATISTICS = """
do $$
begin
    if exists (select from pg_show_all_settings() where name like 'pg_stat_statements.%') then
        create extension if not exists pg_stat_statements;
    end if;
end
$$
"""


class EmbeddedServer:
    """A PostgreSQL server whose data, password and port live in one folder.

    The port is chosen once and kept, since BI tools point at it; `port` moves the server to
    another one at its next start. Every method raises UserError with what the user can do.
    """

    host = HOST
    user = "sigeti"

    def __init__(self, directory: Path, port: int | None = None) -> None:
        self._home = Home(directory)
        self._wanted_port = port

    @property
    def port(self) -> int:
        """Return the TCP port, chosen now if it was not before."""
        return self._wanted_port or self._home.state(None).port

    @property
    def password(self) -> str:
        """Return the password of the server's only user, chosen now if it was not before."""
        return self._home.state(self._wanted_port).password

    def start(self, report: Callable[[str], None] = print) -> None:
        """Start the server, creating it on first use; do nothing when it answers."""
        home = self._home
        home.state(self._wanted_port)
        with home.locked("lock"):
            port = self.port
            if self._comes_up():
                return
            moves = running_port(home.data) is not None
            require_free(port, killed=not moves and (home.data / "postmaster.pid").exists())
            if moves:
                report(f"Stopping the embedded PostgreSQL to move it to port {port} …")
                self._shut_down()
            self._refuse_paths()
            version = self._binaries.version
            if not home.data.exists():
                report(f"Creating the embedded PostgreSQL {version} in {home.folder} …")
                self._create()
            self._check_version()
            report(f"Starting the embedded PostgreSQL {version} on {self.host}:{port} …")
            self._launch()
            home.save(State(port, self.password))

    def stop(self) -> bool:
        """Stop the server; return whether it was running."""
        if self._home.read_state() is None:
            return False
        with self._home.locked("lock"):
            if running_port(self._home.data) is None:
                return False
            self._shut_down()
            return True

    def is_running(self) -> bool:
        """Tell whether the server is there and answers: after a kill -9, one says nothing."""
        return self._home.read_state() is not None and self._is_ours() and self._refusal() is None

    def why_down(self) -> str | None:
        """Return what ended the server, None when it runs or left no word.

        Where a disk is full, the place follows.
        """
        home = self._home
        if running_port(home.data) is not None:
            return None
        try:
            log = home.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # Only who took the server with it: clients are refused by FATAL too.
        ends = r"\[(\d+)\] ((?:FATAL|PANIC): [^\n]*)\n(?=.*\(PID \1\) (?:exited|was terminated))"
        found = re.findall(ends, log[log.rfind(READY) :], re.DOTALL)
        if not found:
            return None
        said: str = found[-1][1]
        file = re.search(r'file "([^"]+)": No space left', said)
        return f"{said} ({(home.data / file[1]).parent})" if file else said

    def create_database(self, name: str) -> None:
        """Create a UTF-8 database unless it is there, and see that its statements are counted.

        The server must run.
        """
        known = "select from pg_database where datname = %s"
        statement = sql.SQL("create database {} encoding 'UTF8' template template0")
        if self._home.read_state() is None or not self._is_ours():
            raise UserError(
                "The embedded PostgreSQL does not run.\n./run_pipeline.sh start starts it."
            )
        try:
            with self._home.locked("lock"), self._connect() as connection:
                if connection.execute(known, [name]).fetchone() is None:
                    connection.execute(statement.format(sql.Identifier(name)))
                with self._connect(name) as database:
                    database.execute("set client_min_messages = warning")
                    database.execute(STATISTICS)
        except psycopg.Error as error:
            said = error.diag.message_primary or _reason(str(error))
            raise UserError(
                f"The database {name} could not be made ready on {self.host}:{self.port}:\n{said}"
            ) from None

    @cached_property
    def _binaries(self) -> Binaries:
        found = find_binaries()
        if can_run(self._home.user, found):
            return found
        return copy_binaries(found, self._home.user, self._home.folder / "programs")

    def _connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
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

    def _is_ours(self) -> bool:
        """Tell whether our process has the port: another server might let us in as well."""
        return running_port(self._home.data) == self.port

    def _refusal(self) -> str | None:
        """Return why no connection is made, None when one is."""
        try:
            self._connect().close()
        except psycopg.OperationalError as error:
            return str(error)
        return None

    def _comes_up(self) -> bool:
        """Wait while our server's process is there without answering; return whether it came up."""
        deadline = time.monotonic() + START_SECONDS
        while self._is_ours():
            refusal = self._refusal()
            if refusal is None or "too many clients" in refusal:
                return True
            if re.search(HOPELESS, refusal) or time.monotonic() > deadline:
                raise self._failure("runs and lets us not in", refusal)
            time.sleep(0.2)
        return False

    def _create(self) -> None:
        home, binaries = self._home, self._binaries
        fresh = home.folder / "data.new"
        password = home.folder / "password"
        locale = ["--locale=C" if sys.platform == "darwin" else "--locale=C.UTF-8"]
        if binaries.major >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            home.user.own(fresh)
            home.write(password, self.password, home.user)
            code, said = home.user.run(
                binaries.folder / "initdb",
                f"--pgdata={fresh}",
                f"--username={self.user}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *locale,
            )
            if code != 0:
                raise UserError(
                    f"The embedded PostgreSQL could not be created in {home.folder}:\n"
                    f"{_reason(said)}\nCorrect that, or set DWH_STATE_DIR to a folder elsewhere."
                )
            with (fresh / "postgresql.conf").open("a", encoding="utf-8") as configuration:
                configuration.write("\ninclude_if_exists = 'sigeti.conf'\n")
            fresh.rename(home.data)
        finally:
            password.unlink(missing_ok=True)
            shutil.rmtree(fresh, ignore_errors=True)

    def _check_version(self) -> None:
        home, binaries = self._home, self._binaries
        made_by = (home.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(binaries.major):
            raise UserError(
                f"{home.data} was made by PostgreSQL {made_by}, not {binaries.version}.\n"
                f"Set DWH_POSTGRES_BIN to the programs of PostgreSQL {made_by},\n"
                f"or remove {home.folder} to build demo and warehouse anew."
            )

    def _launch(self) -> None:
        home, binaries = self._home, self._binaries
        # Of a killed server: its number may by now be that of a process PostgreSQL takes for it.
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        settings = tuned_settings(self.host, self.port, binaries.has_statistics, binaries.major)
        home.write(home.data / "sigeti.conf", settings, home.user)
        home.log.touch(mode=0o600)
        home.user.own(home.log)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while True:
            seen = home.log.stat().st_size
            code, said = self._pg_ctl("start", f"--log={home.log}")
            if code == 0:
                return
            with home.log.open("rb") as log:
                log.seek(seen)
                said = log.read().decode(errors="replace") or said
            refused = re.search(r"could not bind .*: (.+)", said)
            if refused:
                raise port_refused(self.port, refused[1])
            if "is still in use" not in said or time.monotonic() > deadline:
                raise self._failure("does not start", said)
            time.sleep(0.5)

    def _shut_down(self) -> None:
        code, said = self._pg_ctl("stop", "--mode=fast")
        if code != 0 and running_port(self._home.data) is not None:
            raise self._failure("does not stop", said)

    def _refuse_paths(self) -> None:
        """Refuse folders whose names a shell changes, by which PostgreSQL's programs run."""
        for folder in (self._home.folder, self._binaries.folder):
            if found := re.search(r'[$`"\\\n]', str(folder)):
                raise UserError(
                    f"The embedded PostgreSQL cannot live below {folder}: "
                    f"its own programs trip over {found[0]!r}.\n"
                    "Move the checkout to a folder without it."
                )

    def _pg_ctl(self, *words: str) -> tuple[int, str]:
        return self._home.user.run(
            self._binaries.folder / "pg_ctl",
            *words,
            f"--pgdata={self._home.data}",
            "--wait",
            f"--timeout={START_SECONDS}",
        )

    def _failure(self, what: str, said: str) -> UserError:
        reason = _reason(said)
        action = f"More in {self._home.log}."
        if "No space left" in reason:
            action = f"Free space for {self._home.data} and run again."
        return UserError(
            f"The embedded PostgreSQL on {self.host}:{self.port} {what}:\n{reason}\n{action}"
        )


def _reason(said: str) -> str:
    """Return the line of a program's words that says why it failed."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for mark in ("FATAL:", "PANIC:", "error:"):
        for line in lines:
            if mark in line:
                return line[line.index(mark) :]
    return lines[-1] if lines else "It said nothing."
