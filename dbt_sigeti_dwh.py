"""A plugin of dbt: whatever the shell or the server say, dbt's sessions speak UTF-8.

dbt imports the modules named dbt_* that it finds. A profile of dbt-postgres cannot say it.
"""

import os

from dbt.plugins.manager import dbtPlugin


class Utf8Sessions(dbtPlugin):
    """Sets what libpq asks of the server when a session begins."""

    def initialize(self) -> None:
        """Set it for the command that begins."""
        os.environ["PGCLIENTENCODING"] = "UTF8"


plugins = [Utf8Sessions]
