"""As which user the server runs: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sigeti_dwh.errors import UserError

# In this namespace root is somebody else, so that PostgreSQL agrees to run; outside of it the files
# stay root's: no user to create, nothing to hand over, no folder to open.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


@dataclass(frozen=True)
class ServerUser:
    """Who runs the server: oneself, root inside a namespace, or another user for root."""

    prefix: tuple[str, ...] = ()
    entry: pwd.struct_passwd | None = None

    def run(self, *command: str | Path) -> tuple[int, str]:
        """Run a program as this user; return its exit code and what it said."""
        other: dict[str, Any] = {}
        if self.entry is not None:
            other = {"user": self.entry.pw_uid, "group": self.entry.pw_gid, "extra_groups": []}
        # PG* variables are for clients, and the reasons that we quote are in English.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # A pipe would be inherited by the server and never close: what is said goes to a file.
        with TemporaryFile() as output:
            done = subprocess.run(
                [*self.prefix, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=kept | {"LC_ALL": "C"},
                start_new_session=True,
                check=False,
                **other,
            )
            output.seek(0)
            return done.returncode, output.read().decode(errors="replace").strip()

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all it holds, to this user."""
        if self.entry is not None:
            for part in (path, *path.rglob("*")):
                os.chown(part, self.entry.pw_uid, self.entry.pw_gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this user may enter a folder."""
        return self.entry is None or self.run("test", "-x", folder)[0] == 0


def server_user(owner: int | None) -> ServerUser:
    """Return who runs the server: PostgreSQL refuses to run as root.

    `owner` is the user id of the data, None before there are any.
    """
    if os.geteuid() != 0:
        return ServerUser()
    if not owner and has_namespaces():
        return ServerUser(prefix=NAMESPACE)
    for entry in _ordinary_users(owner):
        if entry.pw_uid != 0:
            return ServerUser(entry=entry)
    raise UserError(
        "PostgreSQL refuses to run as root, and there is no user to run it as instead.\n"
        "Run as an ordinary user, or create a user named postgres."
    )


def has_namespaces() -> bool:
    """Tell whether root may make a user namespace here: containers often refuse it."""
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def _ordinary_users(owner: int | None) -> Iterator[pwd.struct_passwd]:
    """Find who may stand in for root: the data's owner, else who called sudo, postgres, nobody."""
    caller = int(os.environ.get("SUDO_UID") or 0)
    wanted: list[int | str] = [owner] if owner else [caller, "postgres", "nobody"]
    for who in wanted:
        with suppress(KeyError):
            yield pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
