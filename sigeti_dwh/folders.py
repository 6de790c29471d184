"""The folders that a run writes, and what the system says when it cannot."""

import errno
import os
import shutil
from pathlib import Path

from sigeti_dwh.errors import UserError
from sigeti_dwh.memory import no_memory
from sigeti_dwh.settings import MADE, STATE

REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
FULL = (errno.ENOSPC, errno.EDQUOT)
FEW_BYTES = 1 << 16
REPORT_PAGE = STATE / "report" / "rapport.html"
"""The morning report; its PDF is beside it."""


def explained(error: BaseException) -> UserError | None:
    """Return what came of a folder or of memory in words to act on, None for any other error.

    Whoever is between us and a full disk seldom says so, as Prefect's server and its database: an
    error that nobody foresaw is told as the full disk when there is one.
    """
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError) and error.errno in REFUSED:
        return UserError(
            f"{error.filename} cannot be written or read: {error.strerror}.\n"
            "A run writes target/, logs/, profiles.yml and .dwh/ in the checkout: let it."
        )
    if isinstance(error, OSError) and error.errno in FULL:
        return no_space(error.filename) or no_space(STATE)
    return no_memory(error) or no_space()


def words(error: BaseException) -> str:
    """Return an error as the record of the nights and the alerts tell it."""
    return str(explained(error) or f"{type(error).__name__}: {error}")


def no_space(where: str | Path | None = None) -> UserError | None:
    """Return the error for a full disk, by default that of any folder that a run writes."""
    place = where or ", ".join(map(str, _full_folders()))
    return UserError(f"No space is left for {place}.\nFree some and run again.") if place else None


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file for its owner alone, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_bytes(content.encode() if isinstance(content, str) else content)
    fresh.replace(path)


def _full_folders() -> list[Path]:
    prefect = Path(os.environ.get("PREFECT_HOME") or STATE / "prefect")
    written = (MADE / "target", MADE / "logs", STATE, prefect)
    full = [one for one in written if one.exists() and shutil.disk_usage(one).free < FEW_BYTES]
    return [one for one in full if not any(other in one.parents for other in full)]
