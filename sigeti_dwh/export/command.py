"""What `./run_pipeline.sh export` does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from xlsxwriter.exceptions import FileCreateError

from sigeti_dwh.errors import MissingDatabaseError, UserError
from sigeti_dwh.export import csv_files, workbook
from sigeti_dwh.export.selection import Reading, Selection
from sigeti_dwh.folders import FULL, no_space
from sigeti_dwh.settings import STATE, Server, Settings
from sigeti_dwh.warehouse.database import connect, translated

Kind = Literal["xlsx", "csv"]
FOLDER = STATE / "exports"
LOGINS = ("DWH_READER", "DWH_BI")
"""Of the settings: the logins that do nothing but read."""


def find_login(settings: Settings, variables: Mapping[str, str], user: str | None) -> Server:
    """Return the warehouse as a login sees it, by default the one that the settings name.

    Its password is that of the settings, or DWH_LOGIN_PASSWORD. Raises UserError without a login;
    the owner of the warehouse, whom no right restricts, is never taken by itself.
    """
    known = {
        name: variables.get(f"{prefix}_PASSWORD", "")
        for prefix in reversed(LOGINS)
        if (name := variables.get(f"{prefix}_USER"))
    }
    if user is None and not known:
        raise UserError(
            "An export holds what a login may read: name one, --user NAME, or set DWH_READER_USER "
            "in .env.\nMake one: ./run_pipeline.sh roles --login NAME --zones all"
        )
    user = user or list(known)[-1]
    password = variables.get("DWH_LOGIN_PASSWORD") or known.get(user, "")
    return replace(settings.warehouse, user=user, password=password)


def export(
    reader: Server,
    prefix: str,
    *,
    kind: Kind = "xlsx",
    output: Path | None = None,
    marts: Sequence[str] = (),
) -> str:
    """Write the marts that a login may read, all of one publication; return where they are.

    To a file of XLSX, or a folder of CSV. What is written stands beside its place until all of it
    is there. Raises UserError for what cannot be read or written.
    """
    with _reading(reader, prefix) as reading:
        selection = reading.select(marts)
        rows = sum(table.rows for table in selection.tables)
        if not rows and not selection.zones:
            raise UserError(
                f"{reader.user} sees no zone, and so no row of any mart: nothing was written.\n"
                f"Say which: ./run_pipeline.sh roles --login {reader.user} --zones all"
            )
        name = _name(selection)
        place = output or FOLDER / (f"{name}.xlsx" if kind == "xlsx" else name)
        folder, file = (place, None) if kind == "csv" else _file(place, name)
        with _beside(folder) as fresh:
            if file is not None:
                workbook.write(reading, selection, fresh / file)
            else:
                csv_files.write(reading, selection, fresh)
    return (
        f"Written: {folder / file if file else folder}\n"
        f"{rows} rows of {len(selection.tables)} marts, as {reader.user} reads them."
    )


@contextmanager
def _reading(reader: Server, prefix: str) -> Iterator[Reading]:
    try:
        with (
            connect(reader, application_name="sigeti_dwh export", snapshot=True) as connection,
            translated(reader),
        ):
            yield Reading(connection, prefix)
    except MissingDatabaseError:
        raise UserError(
            f"The {reader} is not there yet.\nMake it first: ./run_pipeline.sh"
        ) from None
    except UserError as error:
        if "password is refused" not in str(error):
            raise
        raise UserError(
            f"{str(error).splitlines()[0]}\n"
            "Its password comes from DWH_LOGIN_PASSWORD, or stands beside it in .env."
        ) from None


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, whose files come to their place once all are written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".export-", dir=folder) as fresh:
            yield Path(fresh)
            for path in Path(fresh).iterdir():
                path.replace(folder / path.name)
    except (OSError, FileCreateError) as error:
        cause = error if isinstance(error, OSError) else error.args[0]
        place = UserError(
            f"{folder} cannot be written: {cause.strerror}.\nName another place: --output …"
        )
        raise (no_space(folder) if cause.errno in FULL else None) or place from None


def _name(selection: Selection) -> str:
    """Return a name that says whose rows an export holds, and of when."""
    login = re.sub(r"[^\w.-]", "_", selection.login)
    return f"sigeti_{login}_{selection.publication.data_of:%Y-%m-%d}"


def _file(output: Path, name: str) -> tuple[Path, str]:
    """Return folder and name of the file that is meant: in a folder, it gets a name."""
    if output.is_dir():
        return output, f"{name}.xlsx"
    if output.suffix != ".xlsx":
        raise UserError(f"{output} is no name of an XLSX file.\nAs: --output marts.xlsx")
    return output.parent, output.name
