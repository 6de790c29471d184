"""Somebody with a fresh clone who types what the documents say."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from commands import ROOT, Command

if TYPE_CHECKING:
    from sigeti_dwh.embedded import EmbeddedServer

PASSWORD = "un-mot-de-passe"
SECONDS = 900
"""For one command; the first installs."""
# How packages are reached from here is no setting of the project's.
KEPT = re.compile(r"(PIP|UV|SSL|REQUESTS_CA|CURL_CA)_\w+|\w+_proxy|PATH|LANG|TZ", re.IGNORECASE)
CRONTAB = """#!/bin/sh
file={folder}/crontab
case "$1" in
    -l) [ -e "$file" ] || {{ echo "no crontab for $(id -un)" >&2; exit 1; }}; cat "$file" ;;
    -) cat >"$file" ;;
esac
"""
SQL = """
import sys, psycopg
from sigeti_dwh.settings import load_settings
from sigeti_dwh.warehouse.database import connect
with connect(load_settings().warehouse, autocommit=True) as connection:
    cursor = connection.execute(sys.argv[1])
    print(cursor.fetchall() if cursor.description else cursor.statusmessage)
"""
COMPLETED_RUN = (
    ".venv/bin/prefect flow-run ls --limit 1 --state-type COMPLETED --output json"
    " | .venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)[0][\"id\"])'"
)
Value = str | Callable[[], str]


@dataclass(frozen=True)
class Expected:
    """What a command leads to; without an entry, exit code 0."""

    code: int = 0
    says: str = ""
    """A pattern of what it prints."""


@dataclass(frozen=True)
class Serving:
    """A command that goes on until it is stopped."""

    says: str
    """A pattern of what it prints once it serves."""
    address: str = ""
    """Where it answers then."""


class Reader:
    """Types in a copy of the checkout, with an empty HOME and a clean environment.

    He has a crontab of his own, ports that are free, and another server, whose administrator does
    what he is asked to.
    """

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "sigeti-dwh"
        self.home = folder / "home"
        self.home.mkdir()
        self.port, self.monitor_port = _free_port(), _free_port()
        self._folder = folder
        _copy_checkout(self.clone)
        tools = folder / "bin"
        tools.mkdir()
        self._tool(tools / "crontab", CRONTAB.format(folder=folder))
        self._tool(tools / "systemctl", "#!/bin/sh\nexit 1\n")
        kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        # What was downloaded once, for the installation of this checkout.
        caches = {"PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv"}
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._environment = {name: str(cache / folder) for name, folder in caches.items()} | kept
        self._environment |= {
            "HOME": str(self.home),
            # Last, what a reader has once he typed `. .venv/bin/activate`.
            "PATH": f"{tools}:{kept['PATH']}:{self.clone}/.venv/bin",
            "DWH_LOGIN_PASSWORD": PASSWORD,
            "PREFECT_SERVER_API_PORT": str(self.port),
        }

    def ask_administrator(self, command: Command) -> str | None:
        """Let the administrator of the other server execute a statement; return what was wrong."""
        import psycopg

        server = self._other_server
        place = {"host": server.host, "port": server.port}
        login = {"user": server.user, "password": server.password, "autocommit": True}
        with psycopg.connect(dbname="postgres", **place, **login) as connection:
            made = connection.execute("select from pg_database where datname = 'sigeti_dwh'")
            name = "sigeti_dwh" if made.fetchone() else "postgres"
        with psycopg.connect(dbname=name, **place, **login) as connection:
            try:
                connection.execute(with_values(command.text, self._values))
            except psycopg.Error as error:
                return str(error)
        return None

    def type(self, command: Command, expected: Expected) -> str | None:
        """Type a command; return what was wrong, None when it did what the text says."""
        if command.language == "dotenv":
            return self._set(with_values(command.text, self._values))
        code, said = self._run(self._argv(command))
        wrong = []
        if code != expected.code:
            wrong.append(f"exit code {code} instead of {expected.code}")
        if not re.search(expected.says, said):
            wrong.append(f"it does not say {expected.says!r}")
        if "Traceback (most recent call last)" in said:
            wrong.append("it shows a trace")
        return f"{', '.join(wrong)}:\n{said}" if wrong else None

    @contextmanager
    def serving(self, command: Command, expected: Serving) -> Iterator[str | None]:
        """Type a command that goes on; yield what was wrong, and stop it at the end."""
        log = self.home / "serving.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                self._argv(command),
                cwd=self.clone,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            end = time.monotonic() + SECONDS
            said = ""
            while time.monotonic() < end and process.poll() is None:
                said = log.read_text(encoding="utf-8", errors="replace")
                if re.search(expected.says, said) and self._answers(expected.address):
                    yield None
                    return
                time.sleep(0.5)
            yield f"it does not say {expected.says!r}:\n{log.read_text(encoding='utf-8')}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)

    def leave(self) -> None:
        """Stop the servers that were started."""
        if "_other_server" in self.__dict__:
            self._other_server.stop()
        self._run(["./run_pipeline.sh", "stop"])

    @property
    def _values(self) -> dict[str, Value]:
        """Return what stands for the names in commands."""
        backups = sorted((self.clone / ".dwh" / "backups").glob("*.dump"))
        newest = str(backups[-1]) if backups else "no-backup-yet"
        away = self.home / "nas"
        return {
            r"\bNAME\b": "lecteur",
            r"\bDATABASE\b": "sigeti_dwh_a_cote",
            r"/mnt/nas/FILE\b": lambda: str(max(away.glob("*.dump"))),
            r"(?<=restore )FILE\b": newest,
            r"\bFILE\b": str(self.home / "written"),
            r"\bID\b": lambda: self._run(["bash", "-c", self._at_prefect(COMPLETED_RUN)])[
                1
            ].strip(),
            r"\S*sigeti_dwh_\d{8}_\d{6}\.dump": newest,
            r"/mnt/nas": str(away),
            r"/path/to/python3\.\d+": str(Path(sys.base_prefix) / "bin" / "python3"),
            r"(?<=127\.0\.0\.1:)4200": str(self.port),
            r"\b9187\b": str(self.monitor_port),
            r"(?<=PASSWORD=)…": PASSWORD,
            r"\bchange-me\b": PASSWORD,
            r"(?<=_HOST=)db\.example\.org": "127.0.0.1",
            r"(?<=_PORT=)5432": lambda: str(self._other_server.port),
            # The embedded server's programs have no TLS; tests/python/test_servers.py has it.
            r"(?<=_SSLMODE=)verify-full": "disable",
            r"(?<=_SSLROOTCERT=)ca.crt": "",
        }

    def _at_prefect(self, text: str) -> str:
        return f"export PREFECT_API_URL=http://127.0.0.1:{self.port}/api; {text}"

    @cached_property
    def _other_server(self) -> "EmbeddedServer":
        from sigeti_dwh.embedded import EmbeddedServer

        server = EmbeddedServer(self._folder / "other")
        server.start()
        return server

    def _answers(self, address: str) -> bool:
        host, _, port = with_values(address, self._values).partition(":")
        with socket.socket() as probe:
            return not address or probe.connect_ex((host, int(port))) == 0

    def _argv(self, command: Command) -> list[str]:
        text = with_values(command.exported + command.text, self._values)
        if command.language == "sql":
            return [str(self.clone / ".venv/bin/python"), "-P", "-c", SQL, text]
        return ["bash", "-c", text]

    def _set(self, line: str) -> None:
        """Write a setting to .env, in the place of what it was."""
        name = line.partition("=")[0]
        path = self.clone / ".env"
        kept = [one for one in path.read_text().splitlines() if not one.startswith(f"{name}=")]
        path.write_text("\n".join([*kept, line, ""]))

    def _run(self, argv: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            argv,
            cwd=self.clone,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    @staticmethod
    def _tool(path: Path, script: str) -> None:
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)


def with_values(text: str, values: dict[str, Value]) -> str:
    """Return a command with values in the place of the names that a reader replaces."""

    def value(match: re.Match[str]) -> str:
        found = list(values.values())[(match.lastindex or 1) - 1]
        return found if isinstance(found, str) else found()

    # All at once: a value may hold what looks like another name.
    return re.sub("|".join(f"({pattern})" for pattern in values), value, text)


def _copy_checkout(clone: Path) -> None:
    """Copy what a clone of the next commit would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
