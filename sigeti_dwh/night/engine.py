"""What a night asks of the engine that holds the warehouse's tables, and which engine that is."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.night.results import LayerResult, NodeResult
from sigeti_dwh.settings import Settings

Report = Callable[[str], None]


class States(Protocol):
    """Which nodes have something to do (node_states.py)."""

    def due(self, planned: Collection[str]) -> set[str]:
        """Return which of some nodes have something to do."""

    def record(self, results: Iterable[NodeResult]) -> None:
        """Remember in which state nodes ended well."""


class Tests(Protocol):
    """How much of its table each test looks at (tested_changes.py)."""

    def limit(self, nodes: Mapping[str, Any], tests: Collection[str]) -> None:
        """Tell each test's node from which change on it looks."""

    def record(self, results: Iterable[NodeResult]) -> None:
        """Remember which tests passed."""


class Engine(Protocol):
    """Where the tables are, and how a night reaches them."""

    def keep_connections(self) -> None:
        """Let dbt keep its connections from node to node."""

    def load(
        self, report: Report, *, accept_loss: bool, by_value: bool = False, dry_run: bool = False
    ) -> LoadResult:
        """Bring the copies to the present state of the source, or say what that would write."""

    def load_area(
        self, area: str, report: Report, *, accept_loss: bool, dry_run: bool = False
    ) -> None:
        """Bring the copies of an optional area to the present state of its source, or only tell."""

    def undo_area(self, area: str) -> list[str]:
        """Drop all that an optional area has brought; return what was dropped."""

    def make_schemas(self, manifest: Any) -> None:
        """Make the schemas that the project builds in, where dbt does not."""

    def states(self, manifest: Any) -> States:
        """Return what tells which nodes have something to do."""

    def tests(self, *, whole: bool) -> Tests:
        """Return what tells how much of its table each test looks at; at all of it if `whole`."""

    def examples(self, relation: str) -> str:
        """Name some of the rows that a test has kept in a relation."""

    def fingerprint(self, relation: str) -> str | None:
        """Return what tells the rows that a test has kept from others, None where nothing does."""

    def end_statements(self) -> None:
        """End what dbt has under way."""

    def advice(self, result: LayerResult) -> str | None:
        """Say what to do about a layer that failed for what is the server's."""

    def remember_publication(self) -> None:
        """Remember of which load the published marts are."""


def engine_of(settings: Settings) -> Engine:
    """Return the engine that the settings name."""
    # Each imports what only it needs.
    if settings.spark is not None:
        from sigeti_dwh.spark.engine import Spark

        return Spark(settings, settings.spark)
    from sigeti_dwh.night.postgres import Postgres

    return Postgres(settings)
