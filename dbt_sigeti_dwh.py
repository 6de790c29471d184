"""A plugin of dbt: what its sessions set, and that it reads no folder of an area that is off.

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
from sigeti_dwh.spark.server import read_server


class Sessions(dbtPlugin):
    """Sets what is asked of the server when a session begins, and what of the project is read."""

    def initialize(self) -> None:
        """Set it for the command that begins; raise DbtRuntimeError for an unknown area."""
        os.environ["PGCLIENTENCODING"] = "UTF8"
        try:
            variables = read_variables()
            lines = unread(areas_on(variables))
            if (server := read_server(variables, port=0)) is not None:
                from sigeti_dwh.spark.dbt_sessions import keep_sessions

                keep_sessions(server)
        except UserError as error:
            raise DbtRuntimeError(str(error)) from None

        def ignored(project_root: str) -> Any:
            return PathSpec.from_lines("gitwildmatch", lines)

        read_files.generate_dbt_ignore_spec = ignored


plugins = [Sessions]
