"""PostgreSQL as the engine of a night."""

from typing import Any

from sigeti_dwh.load.documents.area_load import load_area, undo_area
from sigeti_dwh.load.night_load import load
from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.night import acceptances, kept_rows
from sigeti_dwh.night.engine import Report
from sigeti_dwh.night.node_states import NodeStates
from sigeti_dwh.night.results import LayerResult
from sigeti_dwh.night.tested_changes import TestProgress
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.database import blocker, free_space
from sigeti_dwh.warehouse.time_limit import end_sessions


class Postgres:
    """The engine that the project has by itself; what each method is for: night/engine.py.

    What needs dbt is imported where it is needed: a look, or a load by itself, does without.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def keep_connections(self) -> None:
        """Keep those of dbt-postgres."""
        from sigeti_dwh.night.kept_connections import keep_connections

        keep_connections()

    def load(
        self, report: Report, *, accept_loss: bool, by_value: bool = False, dry_run: bool = False
    ) -> LoadResult:
        """Copy what changed at the source, in one snapshot of it."""
        return load(
            self.settings,
            report=report,
            accept_loss=accept_loss,
            by_value=by_value,
            dry_run=dry_run,
        )

    def load_area(
        self, area: str, report: Report, *, accept_loss: bool, dry_run: bool = False
    ) -> None:
        """Copy what changed in the area's documents."""
        load_area(self.settings, area, report=report, accept_loss=accept_loss, dry_run=dry_run)

    def undo_area(self, area: str) -> list[str]:
        """Drop the area's tables, and what is remembered of them."""
        return undo_area(self.settings, area)

    def make_schemas(self, manifest: Any) -> None:
        """Leave it to dbt."""

    def states(self, manifest: Any) -> NodeStates:
        """Return the states of the nodes, by the numbers of changes."""
        return NodeStates(self.settings, manifest)

    def tests(self, *, whole: bool) -> TestProgress:
        """Return the progress of the tests, by the numbers of changes."""
        return TestProgress(self.settings.warehouse, whole=whole)

    def examples(self, relation: str) -> str:
        """Name up to three rows by their keys."""
        return kept_rows.examples(self.settings.warehouse, relation)

    def fingerprint(self, relation: str) -> str:
        """Return a hash of the rows."""
        return acceptances.fingerprint(self.settings.warehouse, relation)

    def end_statements(self) -> None:
        """End the sessions of dbt, and with them what they are doing."""
        from sigeti_dwh.night.kept_connections import sessions

        end_sessions(self.settings.warehouse, sessions())

    def advice(self, result: LayerResult) -> str | None:
        """Say where space is to be freed, or who holds what was waited for."""
        if result.full:
            return free_space(self.settings.warehouse)
        return blocker(self.settings.warehouse) if result.locked else None

    def remember_publication(self) -> None:
        """Leave it to the publication itself, which does so in the database."""
