"""A plugin of dbt: its sessions speak UTF-8, and it reads no folder of an area that is off.

dbt imports the modules named dbt_* that it finds. A profile of dbt-postgres cannot say the first,
and a .dbtignore not the second, since it knows no variables.
"""

import os
from typing import Any

from dbt.parser import read_files
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError
from pathspec import PathSpec

from sigeti_dwh.areas import areas_on, unread
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import read_variables


class Sessions(dbtPlugin):
    """Sets what libpq asks of the server when a session begins, and what of the project is read."""

    def initialize(self) -> None:
        """Set it for the command that begins; raise DbtRuntimeError for an unknown area."""
        os.environ["PGCLIENTENCODING"] = "UTF8"
        try:
            lines = unread(areas_on(read_variables()))
        except UserError as error:
            raise DbtRuntimeError(str(error)) from None

        def ignored(project_root: str) -> Any:
            return PathSpec.from_lines("gitwildmatch", lines)

        read_files.generate_dbt_ignore_spec = ignored


plugins = [Sessions]
