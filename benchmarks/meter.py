"""What a step costs: the database's CPU, ours, memory, rows and WAL written."""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import sysconf
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.databases import NAME, own_connection
from sigeti_dwh.settings import Server

PROC = Path("/proc")
KILOBYTE, MEGABYTE = 1 << 10, 1 << 20
QUIET_SECONDS = 5.0

# Each night writes its own record, whatever changed.
WRITTEN = (
    "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint from pg_stat_user_tables "
    "where schemaname !~ '^(pg_temp|dwh_qualite)' and relname not in "
    "('avancement', 'changements', 'chargements', 'definitions', 'essais', 'fraicheur')"
)
OTHERS = (
    "select count(*) from pg_stat_activity "
    "where backend_type = 'client backend' and application_name <> %s"
)


@dataclass(frozen=True)
class Cost:
    """What one step cost."""

    database_cpu: float | None
    """CPU seconds of all the server's processes; None where the system has no /proc."""
    seconds: float
    own_cpu: float
    """CPU seconds of this process, dbt included."""
    peak_mb: float
    """Largest resident memory of this process so far."""
    rows: int
    """Rows inserted, updated and deleted in the warehouse, the run's own record left out."""
    wal_mb: float

    def __str__(self) -> str:
        """Tell in one line what it cost."""
        unit = "seconds" if self.database_cpu is None else "CPU seconds of the database"
        return f"{self.database:.2f} {unit}, {self.rows} rows written"

    @property
    def database(self) -> float:
        """Return the database's CPU seconds, or seconds where these are unknown."""
        return self.seconds if self.database_cpu is None else self.database_cpu


def total(costs: Iterable[Cost]) -> Cost:
    """Return the cost of several steps of one process."""
    costs = list(costs)
    known = [cost.database_cpu for cost in costs if cost.database_cpu is not None]
    return Cost(
        database_cpu=sum(known) if len(known) == len(costs) else None,
        seconds=sum(cost.seconds for cost in costs),
        own_cpu=sum(cost.own_cpu for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
        rows=sum(cost.rows for cost in costs),
        wal_mb=sum(cost.wal_mb for cost in costs),
    )


def typical(costs: Iterable[Cost]) -> Cost:
    """Return the medians of several runs of one step."""
    costs = list(costs)
    known = [cost.database_cpu for cost in costs if cost.database_cpu is not None]
    return Cost(
        database_cpu=median(known) if known else None,
        seconds=median(cost.seconds for cost in costs),
        own_cpu=median(cost.own_cpu for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
        rows=round(median(cost.rows for cost in costs)),
        wal_mb=median(cost.wal_mb for cost in costs),
    )


class Meter:
    """Measures steps of this process on a warehouse whose server serves nobody else."""

    def __init__(self, warehouse: Server, report: Callable[[str], None] = print) -> None:
        self.warehouse = warehouse
        self.report = report
        self.costs: dict[str, Cost] = {}

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        """Keep what the block costs under the step's name."""
        before = self._read()
        started = time.monotonic()
        yield
        seconds = time.monotonic() - started
        after = self._read()
        cpu = None
        if after.database_cpu is not None and before.database_cpu is not None:
            cpu = after.database_cpu - before.database_cpu
        self.costs[step] = Cost(
            database_cpu=cpu,
            seconds=seconds,
            own_cpu=after.own_cpu - before.own_cpu,
            peak_mb=after.peak_mb,
            rows=after.rows - before.rows,
            wal_mb=after.wal_mb - before.wal_mb,
        )
        self.report(f"  {step}: {self.costs[step]}")

    def _read(self) -> Cost:
        with own_connection(self.warehouse) as connection:

            def value(query: str, *arguments: object) -> Any:
                row = connection.execute(query, arguments or None).fetchone()
                assert row is not None
                return row[0]

            # A backend hands in its statistics when it ends, a moment after its client has gone.
            deadline = time.monotonic() + QUIET_SECONDS
            while value(OTHERS, NAME) and time.monotonic() < deadline:
                time.sleep(0.02)
            postmaster = int(value("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"))
            usage = resource.getrusage(resource.RUSAGE_SELF)
            return Cost(
                database_cpu=server_cpu(postmaster),
                seconds=0,
                own_cpu=usage.ru_utime + usage.ru_stime,
                peak_mb=_peak_mb(usage.ru_maxrss),
                rows=value(WRITTEN),
                wal_mb=float(value("select pg_current_wal_insert_lsn() - '0/0'")) / MEGABYTE,
            )


def _peak_mb(known: int) -> float:
    status = PROC / "self" / "status"
    if status.exists():
        # The system's own figure begins with what the process that started this one had reached.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * KILOBYTE / MEGABYTE
    return known * (1 if sys.platform == "darwin" else KILOBYTE) / MEGABYTE


def server_cpu(parent: int) -> float | None:
    """Return the CPU seconds of a server since its start, None where there is no /proc.

    Those of a process that has ended are with its parent, those of a living one with itself: when
    one ends in between, all are read anew.
    """
    if not (PROC / "self" / "stat").exists():
        return None
    ended = None
    while ended != (now := _ticks(parent)):
        ended = now
        living = sum(ticks[0] for process in _processes() if (ticks := _ticks(process, parent))[0])
    return float(sum(ended) + living) / sysconf("SC_CLK_TCK")


def _processes() -> Iterator[int]:
    return (int(path.name) for path in PROC.iterdir() if path.name.isdecimal())


def _ticks(process: int, parent: int | None = None) -> tuple[int, int]:
    """Return the ticks of a process and of its ended children; none when it is not the parent's."""
    try:
        # The name of the program, between parentheses, may hold anything.
        fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0
    if parent is not None and int(fields[1]) != parent:
        return 0, 0
    user, system, children_user, children_system = map(int, fields[11:15])
    return user + system, children_user + children_system
