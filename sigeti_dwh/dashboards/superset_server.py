"""Superset in an environment of its own: installed, provisioned, served on this machine."""

import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

from sigeti_dwh.dashboards.files import FOLDER, as_yaml
from sigeti_dwh.dashboards.specification import Specification
from sigeti_dwh.dashboards.superset import MASKED, bundle
from sigeti_dwh.embedded.process import command_line
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import STATE, Server

HOST = "127.0.0.1"
PYTHON = (3, 11)
"""Of which version the wheels are that superset/constraints.txt pins."""
START_SECONDS = 300
STOP_SECONDS = 30


def python_for_superset(running: tuple[int, int] = sys.version_info[:2]) -> str:
    """Return a Python of the version that Superset's packages are pinned for: this one or another.

    Raises UserError where there is none.
    """
    if running == PYTHON:
        return sys.executable
    wanted = ".".join(map(str, PYTHON))
    found = shutil.which(f"python{wanted}")
    if found is None:
        raise UserError(
            f"Superset is installed under Python {wanted}; this is {'.'.join(map(str, running))}, "
            f"and no python{wanted} is found.\nInstall it, and run again."
        )
    return found


class SupersetServer:
    """Superset with its packages, metadata, secrets and log in one folder."""

    def __init__(
        self,
        home: Path = STATE / "superset",
        folder: Path = FOLDER / "superset",
        report: Callable[[str], None] = print,
    ) -> None:
        self.home = home
        self.folder = folder
        self.report = report

    @property
    def log(self) -> Path:
        """What Superset and its installation tell."""
        return self.home / "superset.log"

    @property
    def password(self) -> Path:
        """The file of the administrator's password."""
        return self.home / "admin_password"

    @property
    def is_provisioned(self) -> bool:
        """Whether it has its own database, with the roles of its accounts."""
        return (self.home / "superset.db").exists()

    def read_logins(self) -> dict[str, str]:
        """Return the password of the database login of each reader's account."""
        if not self._logins.exists():
            return {}
        logins: dict[str, str] = json.loads(self._logins.read_text(encoding="utf-8"))
        return logins

    def write_logins(self, logins: dict[str, str]) -> None:
        """Keep the passwords for superset_config.py, and for nobody else."""
        part = self._logins.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(logins, indent=2), encoding="utf-8")
        part.replace(self._logins)

    def set_account(self, name: str, password: str | None) -> None:
        """Make a reader's account, or give it another password."""
        program, script = self._program("python"), str(self.folder / "account.py")
        given = {} if password is None else {"SUPERSET_ACCOUNT_PASSWORD": password}
        self._call("account", program, script, name, **given)

    def install(self) -> None:
        """Make the environment, unless it holds the versions of the constraints already."""
        constraints = self.folder / "constraints.txt"
        wanted = hashlib.sha256(constraints.read_bytes()).hexdigest()
        stamp = self.home / "venv" / ".installed"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.report(f"Installing Superset in {self.home / 'venv'}: some minutes, the first time.")
        self._call(
            "install", python_for_superset(), "-m", "venv", "--clear", str(self.home / "venv")
        )
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        locked = ("--require-hashes", "--no-deps", "-r", str(constraints))
        self._call("install", self._program("python"), *pip, *locked)
        stamp.write_text(wanted, encoding="utf-8")

    def provision(self, specification: Specification, reader: Server, schema: str) -> None:
        """Bring Superset's metadata up to date, and replace its dashboards."""
        self.report("Preparing Superset and its dashboards.")
        self._secret(self.home / "secret_key")
        path = self.home / "bundle.zip"
        with ZipFile(path, "w") as archive:
            for name, content in bundle(specification, schema, _uri(reader)).items():
                archive.writestr(name, as_yaml(content))
        passwords = {
            "DWH_BI_PASSWORD": reader.password,
            "SUPERSET_ADMIN_PASSWORD": self._secret(self.password),
        }
        program = self._program("python")
        self._call("provision", program, str(self.folder / "provision.py"), str(path), **passwords)

    def start(self, port: int) -> str:
        """Serve, and return the address once it answers."""
        self.stop()
        address = f"http://{HOST}:{port}"
        with self.log.open("ab") as log:
            server = subprocess.Popen(
                [
                    self._program("gunicorn"),
                    f"--bind={HOST}:{port}",
                    "--worker-class=gthread",
                    "--threads=8",
                    "--timeout=120",
                    f"--pid={self._pid_file}",
                    "superset.app:create_app()",
                ],
                cwd=self.home,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers(address):
            if server.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise UserError(f"Superset did not start on port {port}.\nWhy: {self.log}")
            time.sleep(0.5)
        return address

    def stop(self) -> bool:
        """End the server; False when none runs."""
        try:
            process = int(self._pid_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return False
        if not self._is_ours(process):
            self._pid_file.unlink()
            return False
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._is_ours(process) and time.monotonic() < deadline:
            time.sleep(0.1)
        return True

    @property
    def _logins(self) -> Path:
        return self.home / "logins.json"

    @property
    def _pid_file(self) -> Path:
        return self.home / "superset.pid"

    def _is_ours(self, process: int) -> bool:
        return str(self._pid_file) in command_line(process)

    def _answers(self, address: str) -> bool:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                return bool(answer.status == 200 and self._pid_file.exists())
        except OSError:
            return False

    def _program(self, name: str) -> str:
        return str(self.home / "venv" / "bin" / name)

    def _environment(self, **variables: str) -> dict[str, str]:
        # Kept from it: what leads to the warehouse's owner, which it does not need, and packages
        # of another Python, which pip would take for installed.
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("PGSSL")
            or not name.startswith(("DWH_", "SOURCE_DB_", "PG", "PYTHON", "FLASK_", "SUPERSET_"))
        }
        return kept | {
            "SUPERSET_HOME": str(self.home),
            "SUPERSET_CONFIG_PATH": str(self.folder / "superset_config.py"),
            "SCARF_ANALYTICS": "false",
            **variables,
        }

    def _secret(self, path: Path) -> str:
        """Return the secret in a file for its owner alone, made up the first time."""
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def _call(self, what: str, *command: str, **variables: str) -> None:
        with self.log.open("ab") as log:
            done = subprocess.run(
                command,
                cwd=self.home,
                env=self._environment(**variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
        if done.returncode != 0:
            raise UserError(f"Superset: {what} failed.\nWhy: the end of {self.log}")


def _uri(reader: Server) -> str:
    """Return the address of the warehouse, without the password."""
    user, name = quote(reader.user, safe=""), quote(reader.name, safe="")
    place, more = f"{reader.host}:{reader.port}", ""
    if reader.host.startswith("/"):
        place, more = "", f"&host={quote(reader.host, safe='')}&port={reader.port}"
    elif ":" in reader.host:
        place = f"[{reader.host}]:{reader.port}"
    secured = "&".join(f"{name}={quote(value, safe='')}" for name, value in reader.tls.items())
    return f"postgresql+psycopg2://{user}:{MASKED}@{place}/{name}?{secured}{more}"
