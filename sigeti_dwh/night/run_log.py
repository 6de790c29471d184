"""The record of each night in dwh_meta, and the lock by which two nights never overlap.

The lock belongs to a session of the warehouse: it holds from wherever a night is started, and goes
with the session when the night is killed. It is the lock of a table that readers have no right on.
"""

import getpass
import itertools
import os
import platform
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from types import TracebackType
from typing import Any, ClassVar, Self

import psycopg

from sigeti_dwh.console import untold
from sigeti_dwh.errors import BusyError, NoNightError, RetryableError, UserError
from sigeti_dwh.folders import words
from sigeti_dwh.night import last_word
from sigeti_dwh.night.last_word import LastWord
from sigeti_dwh.night.results import FINE, UNCHANGED, LayerResult
from sigeti_dwh.night.tested_changes import WHOLE_EVERY
from sigeti_dwh.settings import ROOT, Server, Settings, load_settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, translated

KEPT = "400 days"
"""How long nights are remembered."""
UNCHANGED_KEPT = "8 days"
"""How long it is remembered which nodes each left out."""
WAITS = (2, 5, 15)
"""Seconds before each new attempt to record the end of a run that succeeded."""
LOOK = "look"
"""The options of a run that found nothing to do."""
# What a run leaves: by which code and on which day, which tables, up to which change.
STANDING = """
md5(%s::text || coalesce((select max(numero) from dwh_meta.changements), 0) || coalesce((
    select string_agg(format('%%s %%s %%s', c.oid, relkind, relnatts), ' ' order by c.oid)
    from pg_class c
    join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'v') and nspname <> 'dwh_qualite' and (
        starts_with(nspname, %s || '_') or nspname in ('raw_sigeti', 'dwh_suivi', 'dwh_reference')
    )
), ''))
"""
STANDS = f"""
select fin, empreinte = {STANDING}, entiere_le > current_timestamp - %s::interval
from (
    select fin, etat, empreinte, (
        select max(debut) from dwh_meta.executions where entiere and etat = 'réussie'
    ) as entiere_le
    from dwh_meta.executions
    where options <> '{LOOK}'
    order by execution desc
    limit 1
) as derniere
where etat = 'réussie'
"""
NAME = "sigeti_dwh night"
"""Application name of the sessions of a night."""
LOCK = "lock table dwh_meta.nuit in exclusive mode"
HOLDER = """
select
    l.pid, a.usename::text, nullif(a.application_name, ''), host(a.client_addr),
    to_char(a.xact_start, 'YYYY-MM-DD HH24:MI TZ'),
    left(regexp_replace(a.query, '\\s+', ' ', 'g'), 100)
from pg_locks l
left join pg_stat_activity a using (pid)
where l.relation = to_regclass('dwh_meta.nuit') and l.granted
    and l.mode not in ('AccessShareLock', 'RowShareLock')
    and l.database = (select oid from pg_database where datname = current_database())
order by l.mode = 'ExclusiveLock' desc, a.xact_start
limit 1
"""

CLOSE_OPEN = """
update dwh_meta.executions set etat = %s, message = %s
where etat = 'en cours' and execution = coalesce(%s, execution)
returning execution_prefect
"""
FINISHED = """
select noeud
from (
    select distinct on (noeud) noeud, noeuds.etat, executions.debut, executions.chargement
    from dwh_meta.noeuds
    inner join dwh_meta.executions using (execution)
    where execution < %s and execution > coalesce(
        (select max(execution) from dwh_meta.executions where etat = 'réussie'), 0
    )
    order by noeud, execution desc
) as derniers
where etat = any(%s)
    and cast(debut at time zone 'UTC' as date) = cast(current_timestamp at time zone 'UTC' as date)
    and not exists (
        select 1 from dwh_meta.chargements
        where chargement > derniers.chargement and lignes_changees > 0
    )
"""
"""The nodes that the failed runs since the last good one finished, and that still stand."""


class RunLog:
    """One night in dwh_meta.executions, held open while it lasts."""

    current: ClassVar["RunLog | None"] = None
    """The record that this process has opened."""

    def __init__(self, settings: Settings, options: str = "", flow_run: str | None = None) -> None:
        self.settings = settings
        self.options = options
        self.flow_run = flow_run
        self.killed: list[str] = []
        """Prefect's identifiers of the nights before that were killed."""
        self.number = 0
        self._connection: psycopg.Connection[Any] | None = None
        self._lock: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        """Take the lock and open the record.

        Raises BusyError, which says which other night is at work since when; UserError when
        somebody else holds the lock.
        """
        self.hold()
        with translated(self.settings.warehouse):
            self._close_abandoned()
            row = self._execute(
                "insert into dwh_meta.executions "
                "(machine, processus, utilisateur, version, revision, options, execution_prefect) "
                "values (%s, %s, %s, %s, %s, %s, %s) returning execution",
                *_origin(),
                self.options,
                self.flow_run,
            ).fetchone()
            assert row is not None
            self.number = row[0]
        RunLog.current = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the record; a warehouse that is down leaves that to the next night."""
        state = "réussie" if error is None else "échouée"
        if error is not None and not isinstance(error, Exception):
            state = "interrompue"
        message = untold() if error is None else words(error)
        try:
            if isinstance(error, NoNightError):
                self._execute("delete from dwh_meta.executions where execution = %s", self.number)
                RunLog.current = None
                return
            # A run that failed has waited before.
            for wait in WAITS if error is None else ():
                try:
                    self._close(state, message)
                    return
                except RetryableError:
                    time.sleep(wait)
            self._close(state, message)
        except (UserError, psycopg.Error) as failure:
            # What to do, the error of the run says, and often the same reason too.
            reason = str(failure).splitlines()[0].rstrip(".")
            if reason.rpartition(": ")[2] not in (message or ""):
                print(f"This run's end could not be recorded: {reason}.", file=sys.stderr)
            self.leave_word(state, message)
        finally:
            self.let_go()

    def still_held(self) -> None:
        """Check that the lock still holds; take it again when its session was lost.

        Raises BusyError when another night has begun meanwhile.
        """
        if not self._answers(self._lock):
            self.hold()
        elif not self._answers(self._connection):
            self._connection = connect(
                self.settings.warehouse, application_name=NAME, autocommit=True
            )

    def loaded(self, load: int) -> None:
        """Record which load the night stands on."""
        self._execute(
            "update dwh_meta.executions set chargement = %s where execution = %s",
            load,
            self.number,
        )

    @staticmethod
    def stands(connection: psycopg.Connection[Any], prefix: str, code: str) -> datetime | None:
        """Return the end of the last run that was no look, if what it left is what there is now.

        None after a run that failed, by other code, on another day, or when all nodes are due.
        """
        row = connection.execute(STANDS, [code, prefix, WHOLE_EVERY]).fetchone()
        return row[0] if row is not None and row[1] and row[2] else None

    def still_stands(self, code: str) -> datetime | None:
        """Return the same, of the runs before this look."""
        assert self._connection is not None
        with translated(self.settings.warehouse):
            return RunLog.stands(self._connection, self.settings.schema, code)

    def leaves(self, code: str) -> None:
        """Record what the run leaves, by which a look tells that there is nothing to do."""
        self._execute(
            f"update dwh_meta.executions set empreinte = {STANDING} where execution = %s",
            code,
            self.settings.schema,
            self.number,
        )

    def is_due_whole(self) -> bool:
        """Tell whether no run of all nodes has ended well for a week."""
        row = self._execute(
            "select from dwh_meta.executions where entiere and etat = 'réussie' "
            "and debut > current_timestamp - %s::interval limit 1",
            WHOLE_EVERY,
        ).fetchone()
        return row is None

    def whole(self) -> None:
        """Record that the night ran all nodes."""
        self._execute(
            "update dwh_meta.executions set entiere = true where execution = %s", self.number
        )

    def check_failed_before(self) -> None:
        """Check that the run before this one failed or was interrupted.

        Raises NoNightError when there is nothing to take up: no run, or one that ended well.
        """
        row = self._execute(
            "select etat from dwh_meta.executions where execution < %s "
            "order by execution desc limit 1",
            self.number,
        ).fetchone()
        if row is None or row == ("réussie",):
            raise NoNightError("There is no failed run to take up.\nRun without --from-failure.")

    def finished_before(self, layers: Mapping[str, Collection[str]]) -> list[str]:
        """Return which of some layers, with their nodes, need not be built again, in their order.

        The runs since the last good one finished them, from a source that no load has found changed
        since, and on the same day (UTC, as dbt's): the day moves what is late.
        """
        fine = {node for (node,) in self._execute(FINISHED, self.number, list(FINE))}
        return [
            name
            for name, nodes in itertools.takewhile(lambda one: set(one[1]) <= fine, layers.items())
        ]

    def layer(self, result: LayerResult) -> None:
        """Record what became of each node of a layer; a new attempt replaces the one before."""
        self.still_held()
        with translated(self.settings.warehouse):
            assert self._connection is not None
            self._connection.cursor().executemany(
                "insert into dwh_meta.noeuds (execution, noeud, nom, type, couche, etat, secondes, "
                "lignes, echecs, message, relation, empreinte) "
                "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                "on conflict (execution, noeud) do update set etat = excluded.etat, "
                "secondes = excluded.secondes, lignes = excluded.lignes, "
                "echecs = excluded.echecs, message = excluded.message, "
                "empreinte = excluded.empreinte",
                [
                    (
                        self.number,
                        node.unique_id,
                        node.name,
                        node.resource_type,
                        result.name,
                        node.status,
                        round(node.seconds, 3),
                        node.rows_affected,
                        node.failures,
                        node.message,
                        node.relation,
                        node.fingerprint,
                    )
                    for node in result.nodes
                ],
            )

    def leave_word(self, state: str, message: str | None) -> None:
        """Let the next run record how this one ended, since this one cannot."""
        with suppress(OSError):
            last_word.leave(LastWord(str(self.settings.warehouse), self.number, state, message))

    def _close(self, state: str, message: str | None) -> None:
        self.still_held()
        self._execute(
            "update dwh_meta.executions set fin = clock_timestamp(), etat = %s, message = %s "
            "where execution = %s",
            state,
            message,
            self.number,
        )

    def _execute(self, statement: str, *arguments: Any) -> psycopg.Cursor[Any]:
        assert self._connection is not None
        with translated(self.settings.warehouse):
            return self._connection.execute(statement, arguments or None)

    def hold(self) -> None:
        """Take the lock; raise BusyError or UserError as `with` does."""
        self.let_go()
        warehouse = self.settings.warehouse
        self._connection = connect(
            warehouse, application_name=NAME, autocommit=True, unlimited=True
        )
        # It idles in its transaction as long as the night lasts. Without a snapshot it keeps no
        # dead row from being removed.
        self._lock = connect(warehouse, application_name=NAME, unlimited=True)
        with translated(warehouse):
            meta.prepare(self._connection)
            meta.claim(self._connection, self.settings.schema)
            # Long enough for a vacuum of the empty table.
            self._lock.execute("set local lock_timeout = '2s'")
            try:
                self._lock.execute(LOCK)
            except psycopg.errors.LockNotAvailable:
                raise self._held_by_another() from None

    def _answers(self, connection: psycopg.Connection[Any] | None) -> bool:
        assert connection is not None
        try:
            with translated(self.settings.warehouse):
                connection.execute("select 1")
        except (RetryableError, psycopg.Error):
            return False
        return True

    def let_go(self) -> None:
        """Close the sessions, and with them the lock."""
        for connection in (self._lock, self._connection):
            if connection is not None:
                connection.close()

    def _held_by_another(self) -> UserError:
        """Return the error that says who holds the lock: a night, or anybody else."""
        holder = self._execute(HOLDER).fetchone()
        night = self._execute(
            "select machine, processus, utilisateur, to_char(debut, 'YYYY-MM-DD HH24:MI TZ') "
            "from dwh_meta.executions where etat = 'en cours' order by execution desc limit 1"
        ).fetchone()
        self.let_go()
        if holder is not None and holder[2] != NAME:
            process, user, program, host, since, query = holder
            where = f" on {host}" if host else ""
            return UserError(
                f"Nobody can work on this warehouse: dwh_meta.nuit is locked since {since}.\n"
                f"By process {process} ({program or 'a program'} of {user}{where}): {query}\n"
                f"To end it: select pg_terminate_backend({process});"
            )
        if night is None:
            return BusyError(
                "Another run has just begun on this warehouse.\nRun again when it ends."
            )
        machine, process, user, since = night
        return BusyError(
            f"Another run works on this warehouse since {since}: process {process} of {user} on "
            f"{machine}.\nWait until it ends; nothing was done."
        )

    def _close_abandoned(self) -> None:
        """Close the records of nights that left them open, and forget very old ones.

        Why one was killed nobody knows; one whose warehouse went down has left its last word.
        """
        ends: list[tuple[str, str | None, int | None]] = []
        if word := last_word.take(self.settings.warehouse):
            ends.append((word.state, word.message, word.number))
        ends.append(("interrompue", "Killed: the run left no word.", None))
        closed = [run for end in ends for run in self._execute(CLOSE_OPEN, *end)]
        self.killed = [flow_run for (flow_run,) in closed if flow_run is not None]
        self._execute(
            "delete from dwh_meta.executions where debut < current_timestamp - %s::interval", KEPT
        )
        # A day of looks has thousands, and the last ones say as much.
        self._execute(
            "delete from dwh_meta.noeuds using dwh_meta.executions "
            "where noeuds.execution = executions.execution and noeuds.etat = %s "
            "and debut < current_timestamp - %s::interval",
            UNCHANGED,
            UNCHANGED_KEPT,
        )


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Keep nights away from the warehouse, for work that is none and is not recorded.

    Raises BusyError while one is at work.
    """
    log = RunLog(settings)
    log.hold()
    try:
        yield
    finally:
        log.let_go()


@contextmanager
def recorded() -> Iterator[None]:
    """Record a night that fails before its record is open, if the warehouse can be written."""
    RunLog.current = None
    try:
        yield
    except NoNightError:
        raise
    except Exception as error:
        if RunLog.current is None:
            _record_without_beginning(words(error))
        raise


def record_end(message: str) -> None:
    """Record why this run ends, as far as that goes where the run can no longer do so itself."""
    if RunLog.current is None:
        _record_without_beginning(message)
    else:
        RunLog.current.leave_word("échouée", message)


def _record_without_beginning(message: str) -> None:
    # What keeps it from being written is most often what the night failed of.
    with suppress(UserError, psycopg.Error):
        _record(load_settings(), message)


def _record(settings: Settings, message: str) -> None:
    with connect(settings.warehouse, application_name=NAME, autocommit=True) as connection:
        meta.require_prefix(connection, settings.schema)
        connection.execute(
            "insert into dwh_meta.executions "
            "(fin, etat, message, machine, processus, utilisateur, version, revision, options) "
            "values (clock_timestamp(), 'échouée', %s, %s, %s, %s, %s, %s, 'not begun')",
            [message, *_origin()],
        )


def _origin() -> tuple[str, int, str, str, str | None]:
    """Return where a night runs, and by which versions."""
    versions = f"dbt {version('dbt-core')}, Python {platform.python_version()}"
    return platform.node(), os.getpid(), _user(), versions, _revision()


def is_at_work(warehouse: Server) -> bool:
    """Tell whether a night works on a warehouse, wherever it was started.

    Raises UserError when the warehouse does not answer.
    """
    with connect(warehouse, autocommit=True) as connection, translated(warehouse):
        holder = connection.execute(HOLDER).fetchone()
    return holder is not None and holder[2] == NAME


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _revision() -> str | None:
    """Return the checkout's git revision, None outside a repository."""
    try:
        told = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None
