"""The folder of an embedded server: its data, log, lock, and its port and password."""

import errno
import hashlib
import json
import os
import pwd
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from sigeti_dwh.embedded.ports import free_port
from sigeti_dwh.embedded.users import ServerUser, server_user
from sigeti_dwh.errors import UserError
from sigeti_dwh.file_lock import file_lock

# Where root keeps the server of a folder that the server's user cannot enter, as under /root.
FOREIGN = Path("/var/lib/sigeti_dwh")


class State(NamedTuple):
    """What is chosen once and kept."""

    port: int
    password: str


class Home:
    """The folder, and who may use it. Every method raises UserError with what the user can do."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()

    @cached_property
    def folder(self) -> Path:
        """Return the folder of everything: ours, unless the server's user cannot enter it."""
        if os.geteuid() != 0:
            return self.directory
        foreign = FOREIGN / hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        for known in (self.directory, foreign):
            if (known / "state.json").exists():
                return known
        user = server_user(owner=None)
        if user.entry is None:
            return self.directory
        with explained(self.directory):
            _open_folder(self.directory)
            if user.can_enter(self.directory):
                return self.directory
            _open_folder(FOREIGN)
            _open_folder(foreign)
        return foreign

    @property
    def data(self) -> Path:
        """Return the server's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Return the server's log file."""
        return self.folder / "postgres.log"

    @property
    def state_file(self) -> Path:
        """Return the file of port and password."""
        return self.folder / "state.json"

    @cached_property
    def user(self) -> ServerUser:
        """Return who runs the server."""
        owner = self.data.stat().st_uid if self.data.exists() else None
        user = server_user(owner)
        if user.entry is None:
            return user
        _open_folder(self.folder)
        if not user.can_enter(self.folder):
            raise UserError(
                f"PostgreSQL refuses to run as root, and the user {user.entry.pw_name} cannot "
                f"enter {self.folder}.\nLet every user enter the folders above it (chmod o+x), "
                "or set DWH_STATE_DIR to a folder elsewhere."
            )
        if owner == 0:
            # Made by root in a namespace; here, as in most containers, there is none.
            user.own(self.data)
        return user

    def state(self, port: int | None) -> State:
        """Return port and password, chosen on first use; `port` then, or a free one."""
        state = self.read_state()
        if state is not None:
            return state
        with self.locked("state.lock"):
            state = self.read_state()
            if state is None:
                if self.data.exists():
                    raise self._damaged("is missing")
                state = State(port or free_port(), secrets.token_urlsafe(18))
                self.save(state)
        return state

    def read_state(self) -> State | None:
        """Return port and password, None before first use."""
        try:
            if self.state_file.stat().st_uid != os.geteuid():
                raise self._other_owner()
            kept = json.loads(self.state_file.read_text(encoding="utf-8"))
            return State(int(kept["port"]), str(kept["password"]))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError:
            raise self._other_owner() from None
        except (ValueError, KeyError, TypeError):
            raise self._damaged("is damaged") from None

    def save(self, state: State) -> None:
        """Keep port and password."""
        self.write(self.state_file, json.dumps(state._asdict()))

    def write(self, path: Path, text: str, user: ServerUser | None = None) -> None:
        """Write a file for its owner alone, whole or not at all."""
        # Made in our folder, not in the data, where the server's user could plant a link.
        fresh = self.folder / f"{path.name}.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        try:
            with fresh.open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            if user is not None:
                user.own(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let one process at a time do what goes by this name."""
        with explained(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with file_lock(self.folder / name):
                yield

    def _damaged(self, what: str) -> UserError:
        return UserError(
            f"{self.state_file}, with the embedded PostgreSQL's password, {what}.\n"
            f"Put it back, or remove {self.folder} to build demo and warehouse anew."
        )

    def _other_owner(self) -> UserError:
        who = "another user"
        for path in (self.state_file, self.folder):
            try:
                who = f"the user {pwd.getpwuid(path.stat().st_uid).pw_name}"
                break
            except (OSError, KeyError):
                continue
        return UserError(
            f"The embedded PostgreSQL in {self.folder} belongs to {who}.\n"
            "Run as that user, or set DWH_STATE_DIR to a folder of your own."
        )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the system refuses into a UserError."""
    try:
        yield
    except OSError as error:
        action = "Correct that, or set DWH_STATE_DIR to a folder elsewhere."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            action = "Free space there and run again."
        raise UserError(
            f"The embedded PostgreSQL cannot use {error.filename or folder}: {error.strerror}.\n"
            f"{action}"
        ) from None


def _open_folder(folder: Path) -> None:
    """Make a folder that another user may pass through, but not list."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
