"""What each statement cost, from the server's log: by dbt node, and its plans.

dbt opens each of its queries with a comment that names the node; the load has its application name.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from benchmarks.databases import NAME, own_connection
from sigeti_dwh.settings import Server, Settings

NODE = re.compile(r'"node_id": "([^"]+)"')
USAGE = re.compile(r"([\d.]+) s user, ([\d.]+) s system, ([\d.]+) s elapsed")
PLAN = re.compile(
    r"duration: (?P<ms>[\d.]+) ms  plan:\nQuery Text: .*?\n(?P<plan>[^\n]+  \(cost=.*)", re.DOTALL
)
SHOWN_MS = 1.0

Entry = dict[str, Any]

LOGGED = {"log_statement_stats": "on"}
PLANS = {
    "session_preload_libraries": "auto_explain",
    # Not each call of a function that an index is made of.
    "auto_explain.log_min_duration": "1",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
}


@dataclass(frozen=True)
class NodeCost:
    """What the statements of a node cost their own backend; parallel workers are not in it."""

    node: str
    cpu: float
    seconds: float
    statements: int


def log_statements(settings: Settings, *, plans: bool) -> None:
    """Have what each statement costs logged, and its plan if wanted: that costs by itself."""
    with own_connection(settings.warehouse) as connection:
        for side in (settings.source, settings.warehouse):
            name = sql.Identifier(side.name)
            connection.execute(sql.SQL("alter database {} reset all").format(name))
            for setting, value in (LOGGED | (PLANS if plans else {})).items():
                connection.execute(
                    sql.SQL("alter database {} set {} = {}").format(
                        name, sql.SQL(setting), sql.Literal(value)
                    )
                )


class Statements:
    """Reads the server's log from where it ended before."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.position = 0
        self.read()

    def read(self) -> list[Entry]:
        """Return the entries written since this object was made or last asked."""
        with own_connection(self.server) as connection:
            row = connection.execute(
                "select pg_read_binary_file(name, %s, (pg_stat_file(name)).size - %s) "
                "from pg_current_logfile('jsonlog') as name",
                [self.position, self.position],
            ).fetchone()
        assert row is not None
        self.position += len(row[0])
        entries = [json.loads(line) for line in row[0].decode().splitlines()]
        return [entry for entry in entries if entry.get("application_name") != NAME]


def node_costs(entries: list[Entry]) -> list[NodeCost]:
    """Return what each node cost, the dearest first."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for node, entry in _by_node(entries):
        if usage := USAGE.search(entry.get("detail", "")):
            user, system, elapsed = map(float, usage.groups())
            found[node].append((user + system, elapsed))
    costs = [
        NodeCost(node, sum(cpu for cpu, _ in each), sum(time for _, time in each), len(each))
        for node, each in found.items()
    ]
    return sorted(costs, key=lambda cost: -cost.cpu)


def plans(entries: list[Entry], name: str) -> list[str]:
    """Return the plans of a node's statements of a millisecond or more, the longest first."""
    found = []
    for node, entry in _by_node(entries):
        plan = PLAN.match(entry["message"])
        if plan and node.endswith(f".{name}") and float(plan["ms"]) >= SHOWN_MS:
            found.append((float(plan["ms"]), plan["plan"]))
    return [f"{duration:.0f} ms\n{text}" for duration, text in sorted(found, reverse=True)]


def _by_node(entries: list[Entry]) -> Iterator[tuple[str, Entry]]:
    """Yield each entry with its node: a commit has no comment and belongs to what it commits."""
    last: dict[str, str] = {}
    for entry in entries:
        session = entry["session_id"]
        # Plans hold the statement in the message.
        if named := NODE.search(entry.get("statement") or entry["message"]):
            last[session] = named[1]
        yield last.get(session) or entry.get("application_name") or "the server", entry
