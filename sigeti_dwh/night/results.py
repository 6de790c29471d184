"""What a run did: the result of each dbt node, of each layer, of the whole run."""

import re
from dataclasses import dataclass, replace

from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.night.acceptances import Judgement

UNCHANGED = "unchanged"
"""The status of a node that was left out: nothing is newer than what it last did."""
FINE = frozenset({"success", "pass", "warn", "no-op", UNCHANGED})
SKIPPED = "skipped"
NOT_ACCEPTED = Judgement(False)

# dbt hands on the words of PostgreSQL and not its SQLSTATE; they are in the language of the
# server's lc_messages (English or French here).
PASSING = re.compile(
    r"lock timeout|délai écoulé pour l'obtention"
    r"|deadlock detected|interblocage|Bloquage mortel"
    r"|could not serialize access|n'a pas pu sérialiser"
    r"|terminating connection|arrêt (des|de la) connexions?"
    r"|starting up|shutting down|in recovery mode|not yet accepting connections"
    r"|système de bases? de données"
    r"|too many (clients|connections)|connection slots|trop de (clients|connexions)"
    r"|closed the connection|connection already closed|connection was lost"
    r"|Connection (refused|reset|timed out)|Broken pipe|timeout expired|SSL SYSCALL"
    r"|could not (receive|send) data|no connection to the server|failed to connect"
    # Of Thrift, when Spark's server went away.
    r"|\Aunexpected exception\Z"
    r"|Temporary failure in name resolution",
    re.IGNORECASE,
)


FULL = re.compile(r"No space left|Disk quota exceeded|Aucun espace|Débordement du quota")
LONG = re.compile(r"index row (size|requires)|la taille de la ligne .* d.index|string is too long")
LARGE = re.compile(r"field overflow|out of range|dépassement|en dehors des limites|hors limite")
LOCKED = re.compile(r"lock timeout|délai écoulé pour l'obtention", re.IGNORECASE)


@dataclass(frozen=True)
class NodeStart:
    """A node (model, snapshot, test) that dbt begins."""

    unique_id: str
    name: str
    resource_type: str


@dataclass(frozen=True)
class NodeResult:
    """What became of a node; seconds of wall time; rows written, or None where none are."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    """success, error, skipped, no-op of a model; pass, fail, warn, error, skipped of a test;
    unchanged of both."""
    seconds: float
    rows_affected: int | None
    failures: int | None
    """Rows that a test found, None for other nodes."""
    message: str
    relation: str | None
    """Where the rows are: of a model, or those that a test found."""
    parents: tuple[str, ...]
    """Names of the models and sources read; for a test, those that it tests."""
    examples: str = ""
    """Which rows a test found, some of them."""
    fingerprint: str | None = None
    """What tells the rows that a warning is about from others."""
    acceptance: Judgement = NOT_ACCEPTED
    """Whether somebody has looked at these rows, and in words until when and why."""

    @property
    def ok(self) -> bool:
        """Tell whether the nodes below may be built."""
        return self.status in FINE

    @property
    def failed(self) -> bool:
        """Tell whether it went wrong itself, and not a node above it."""
        return not self.ok and self.status != SKIPPED

    @property
    def warns(self) -> bool:
        """Tell whether a test found rows that nobody has accepted."""
        return self.status == "warn" and not self.acceptance.is_fine

    @property
    def passing(self) -> bool:
        """Tell whether it failed for a reason that can pass by waiting."""
        return self.status == "error" and is_passing(self.message)

    def __str__(self) -> str:
        """Name the node and tell what came out."""
        tested = f" of {' and '.join(self.parents)}" if self.resource_type == "test" else ""
        verdict = {"error": "failed", "fail": "failed", "warn": "warns"}.get(self.status, "is done")
        return f"the {self.resource_type} {self.name}{tested} {verdict}: {self.outcome()}"

    def outcome(self) -> str:
        """Tell in one line what came out, as in `12 rows in 0.3 s`."""
        took = f"in {self.seconds:.1f} s"
        if self.status == SKIPPED:
            return "skipped, because of a failure above"
        if self.status == UNCHANGED:
            return "nothing that it reads has changed"
        if self.status == "error":
            return f"{first_lines(self.message)} ({took})"
        if self.failures is not None:
            where = f", kept in {self.relation}" if self.failures and self.relation else ""
            named = f" ({self.examples})" if self.examples else ""
            accepted = f"; {self.acceptance.said}" if self.acceptance.said else ""
            return f"{_rows(self.failures)} found {took}{named}{where}{accepted}"
        return f"{_rows(self.rows_affected)} {took}" if self.rows_affected is not None else took


@dataclass(frozen=True)
class LayerResult:
    """What became of a layer's nodes, in seconds of wall time."""

    name: str
    nodes: tuple[NodeResult, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Tell whether the layer below may be built."""
        return all(node.ok for node in self.nodes)

    @property
    def run(self) -> tuple[NodeResult, ...]:
        """Return the nodes that had something to do."""
        return tuple(node for node in self.nodes if node.status != UNCHANGED)

    @property
    def models(self) -> tuple[NodeResult, ...]:
        """Return the models and snapshots that had something to do."""
        return tuple(node for node in self.run if node.resource_type != "test")

    @property
    def tests(self) -> tuple[NodeResult, ...]:
        """Return the tests that had something to do."""
        return tuple(node for node in self.run if node.resource_type == "test")

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        """Return the tests that found rows and let the run go on, but for those accepted."""
        return tuple(node for node in self.nodes if node.warns)

    @property
    def accepted(self) -> tuple[NodeResult, ...]:
        """Return the tests that found rows which somebody has accepted."""
        return tuple(node for node in self.nodes if node.acceptance.is_fine)

    @property
    def locked(self) -> bool:
        """Tell whether a node waited in vain for somebody else's lock."""
        return bool(self.failed_by(LOCKED))

    @property
    def full(self) -> bool:
        """Tell whether a node found no space on the server's disk."""
        return bool(self.failed_by(FULL))

    def failed_by(self, words: re.Pattern[str]) -> list[str]:
        """Return the nodes that failed with some words, by their unique ids."""
        return [node.unique_id for node in self.nodes if node.failed and words.search(node.message)]

    @property
    def rows(self) -> int:
        """Return the number of rows that the models wrote."""
        return sum(node.rows_affected or 0 for node in self.models)

    def __str__(self) -> str:
        """Tell in one line what came out."""
        if not self.nodes:
            return f"{self.name}: nothing selected"
        parts = [
            _count(len(self.models), "model"),
            _count(len(self.tests), "test"),
            f"{_rows(self.rows)} written",
        ]
        if self.warnings:
            parts.append(_count(len(self.warnings), "warning"))
        if unchanged := len(self.nodes) - len(self.run):
            parts.append(f"{_count(unchanged, 'node')} unchanged")
        return f"{self.name}: {', '.join(parts)} in {self.seconds:.1f} s"

    def error(self, advice: str | None = None) -> UserError:
        """Return the error of a layer that is not ok, retryable if all that failed can pass.

        `advice` says who was in the way, or what to do.
        """
        failed = [node for node in self.nodes if node.failed]
        kind = RetryableError if all(node.passing for node in failed) else UserError
        first = min(failed, key=lambda node: node.passing)
        skipped = sum(node.status == SKIPPED for node in self.nodes)
        others = [f"{len(failed) - 1} more failed"] if len(failed) > 1 else []
        others += [f"{skipped} skipped"] if skipped else []
        # Not in the first line, which is the same as long as the cause is (alerts/incidents.py).
        named = f"Found: {first.examples}. " if first.examples else ""
        return kind(
            f"{self.name}: {replace(first, examples='')}\n"
            f"{named}Nothing further was built{''.join(f'; {other}' for other in others)}.\n"
            f"{advice or 'All of it: logs/dbt.log'}"
        )


@dataclass(frozen=True)
class RunSummary:
    """A run that went through, in seconds of wall time."""

    loaded: LoadResult
    layers: tuple[LayerResult, ...]
    seconds: float
    missed: tuple[NodeResult, ...] = ()
    """What nodes did that had nothing to do, in a run of all of them."""

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        """Return the tests that found rows and let the run go on, but for those accepted."""
        return tuple(node for layer in self.layers for node in layer.warnings)

    @property
    def accepted(self) -> tuple[NodeResult, ...]:
        """Return the tests that found rows which somebody has accepted."""
        return tuple(node for layer in self.layers for node in layer.accepted)

    @property
    def amount(self) -> str:
        """Tell how many of the nodes had something to do."""
        run = sum(len(layer.run) for layer in self.layers)
        return (
            f"{run} of {sum(len(layer.nodes) for layer in self.layers)} nodes had something to do"
        )


def is_passing(message: str) -> bool:
    """Tell whether a failure with these words can pass by waiting.

    A server that ends all sessions for want of space comes back to a full disk.
    """
    return PASSING.search(message) is not None and FULL.search(message) is None


def first_lines(message: str, number: int = 2) -> str:
    """Return the start of a message of dbt or PostgreSQL as one line."""
    lines = [line.strip() for line in message.splitlines()]
    return " ".join([line for line in lines if line][:number])


def _rows(number: int) -> str:
    return _count(number, "row")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
