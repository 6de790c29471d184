"""PostgreSQL's client programs, pg_dump and pg_restore, run against a server of ours."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sigeti_dwh.embedded.binaries import program_folders
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server

# pg_restore 17 and newer sets this whatever the server, and goes on where it does not exist.
HARMLESS = 'unrecognized configuration parameter "transaction_timeout"'


def find_tool(
    name: str, server_version: int, *, tls: bool = False, archive: Path | None = None
) -> Path:
    """Return the program that fits a server of this major version best.

    One of the same version writes archives that the server's own tools can read; an older one
    refuses to work. One that can read the `archive` goes before: that of a newer server needs a
    newer tool. With `tls` it must know TLS, as the embedded server's do not. Raises UserError when
    there is none that is new enough.
    """
    found = {path: version for path in _candidates(name) if (version := _version(path)) is not None}
    if tls:
        found = {path: version for path, version in found.items() if _knows_tls(path)}
    fitting = [path for path, version in found.items() if version >= server_version]
    if fitting:
        fitting.sort(key=lambda path: found[path])
        able = (path for path in fitting if archive is not None and _reads(path, archive))
        return next(able, fitting[0])
    newest = f"the newest here is {max(found.values())}" if found else "there is none here"
    raise UserError(
        f"{name} of PostgreSQL {server_version} or newer{' with TLS' if tls else ''} is needed, "
        f"and {newest}.\n"
        f"Install the package postgresql-client-{server_version}, or set DWH_POSTGRES_BIN to the "
        f"folder of a {name}."
    )


def run_tool(program: Path, server: Server, *options: str) -> str:
    """Run a client program on a server's database; return what it wrote.

    The password goes through the environment, where other users do not see it. Raises UserError
    with the program's first complaint.
    """
    done = subprocess.run(
        [program, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=_environment(server),
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if f"{program.name}: error: " in line]
    errors = [line for line in said if HARMLESS not in line]
    if errors or (done.returncode != 0 and not said):
        reason = errors[0].split("error: ", 1)[1] if errors else f"exit code {done.returncode}"
        more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        raise UserError(f"{program.name} on the {server}:\n{reason}{more}")
    return done.stdout


def _candidates(name: str) -> Iterator[Path]:
    folders = [Path(os.environ["DWH_POSTGRES_BIN"])] if os.environ.get("DWH_POSTGRES_BIN") else []
    for folder in (*folders, *program_folders()):
        if (folder / name).exists():
            yield folder / name
    if found := shutil.which(name):
        yield Path(found)


def _knows_tls(program: Path) -> bool:
    """Tell whether the programs of a folder can ask for TLS: they say so before they connect."""
    asking = ("--host=127.0.0.1", "--port=1", "--dbname=sslmode=require")
    command = [str(program.with_name("pg_dump")), *asking]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return "SSL support" not in said


def _reads(program: Path, archive: Path) -> bool:
    listing = [str(program), "--list", str(archive)]
    return subprocess.run(listing, capture_output=True, check=False).returncode == 0


def _version(program: Path) -> int | None:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    version = re.search(r"\) (\d+)", said.stdout)
    return int(version[1]) if version else None


def _environment(server: Server) -> dict[str, str]:
    """Return the environment that leads to this server, whatever PGHOSTADDR or PGSERVICE say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    secured = {f"PG{name.upper()}": value for name, value in server.tls.items()}
    return (
        kept
        | secured
        | {
            "LC_ALL": "C",
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGDATABASE": server.name,
            "PGUSER": server.user,
            "PGPASSWORD": server.password,
            "PGCLIENTENCODING": "UTF8",
            "PGCONNECT_TIMEOUT": "10",
            "PGAPPNAME": "sigeti_dwh backup",
        }
    )
