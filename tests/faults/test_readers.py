"""What logins of readers do to a night: whatever they may, it goes on."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.night.run_log import is_at_work
from sigeti_dwh.warehouse.backup import back_up
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import create_login, create_roles

from ..python.receiver import Receiver
from .installation import Installation
from .nights import START, check_end, check_warehouse, next_night, readers

PASSWORD = "Ébène-et-cacao"
READERS = ("bi_reader", "dwh_analyst", "dwh_monitor")
# What the locks of the first versions were.
ADVISORY = """
select pg_advisory_lock(hashtextextended('sigeti_dwh night', 0)),
    pg_advisory_lock(hashtext('dwh_meta')), pg_advisory_lock(hashtext('dwh_meta.proteger')),
    pg_advisory_lock(hashtext('sigeti_dwh backup'))
"""


@pytest.fixture(scope="module", autouse=True)
def logins(installation: Installation) -> None:
    """Make the roles, and a login of each that reads."""
    settings = installation.warehouse.settings
    create_roles(settings, report=installation.lines.append)
    for role in READERS:
        create_login(settings, f"a_{role}", role, PASSWORD, None, report=installation.lines.append)


@contextmanager
def reader(installation: Installation, role: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect as a login of a role, which has set aside what it can of its limits."""
    server = replace(installation.warehouse.settings.warehouse, user=f"a_{role}", password=PASSWORD)
    with connect(server, autocommit=True, application_name="sigeti_dwh") as connection:
        connection.execute("set idle_in_transaction_session_timeout = 0")
        connection.execute("set default_transaction_read_only = off")
        yield connection


def test_an_advisory_lock_of_a_reader_stops_nothing(installation: Installation) -> None:
    """Also on a server whose administrator has not taken them from everybody."""
    installation.warehouse.advance(1)
    installation.execute("grant execute on function pg_advisory_lock(bigint) to public")
    with reader(installation, "bi_reader") as login:
        login.execute(ADVISORY)
        with readers(installation), installation.night() as night:
            night.wait_for(START)
            assert is_at_work(installation.warehouse.settings.warehouse)
            assert check_end(installation, night) == 0, night.messages
        back_up(
            installation.warehouse.settings, installation.folder, report=installation.lines.append
        )
    installation.execute("revoke execute on function pg_advisory_lock(bigint) from public")


def test_a_lock_on_what_everybody_may_lock_stops_nothing(installation: Installation) -> None:
    """As PostgreSQL comes, every login may update the view pg_settings, and so lock it."""
    installation.warehouse.advance(1)
    installation.execute("grant update on pg_settings to public")
    with reader(installation, "bi_reader") as login:
        login.execute("begin")
        login.execute("lock table pg_settings in access exclusive mode")
        with readers(installation), installation.night() as night:
            assert check_end(installation, night) == 0, night.messages
    create_roles(installation.warehouse.settings, report=installation.lines.append)
    with (
        reader(installation, "bi_reader") as login,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        login.execute("begin")
        login.execute("lock table pg_settings in access exclusive mode")


def test_who_else_holds_the_lock_of_the_night_is_named_and_told(
    installation: Installation, receiver: Receiver
) -> None:
    with installation.connect() as other:
        other.execute("begin")
        other.execute("lock table dwh_meta.nuit in access exclusive mode")
        named = f"process {other.info.backend_pid} (fault of sigeti"
        assert not is_at_work(installation.warehouse.settings.warehouse)
        with installation.night() as night:
            assert night.wait() == 1
    for word in (named, "lock table dwh_meta.nuit in"):
        assert word in night.messages
    assert [body for _, body in receiver.posts if named in str(body)]
    with readers(installation) as looking:
        installation.warehouse.advance(1)
        next_night(installation, looking)


def test_the_locks_of_nights_are_out_of_the_reach_of_readers(installation: Installation) -> None:
    for role in READERS:
        with reader(installation, role) as login:
            for attempt in (
                "lock table dwh_meta.nuit in access share mode",
                "lock table dwh_meta.nuit in exclusive mode",
                "select from dwh_meta.verrous for update",
                "select from dwh_meta.verrous for key share",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), login.transaction():
                    login.execute(attempt)  # type: ignore[call-overload]


def test_readers_hold_what_they_may_through_a_whole_night(installation: Installation) -> None:
    """Every relation that each login can read or lock, the rows that tests kept among them."""
    installation.warehouse.advance(1)
    with readers(installation) as looking:
        next_night(installation, looking)
    kept = "select count(*) from pg_tables where schemaname = 'dwh_qualite'"
    assert installation.warehouse.rows(kept) != [(0,)], "no test keeps rows"
    installation.warehouse.advance(1)
    with ExitStack() as stack:
        for role in READERS:
            assert hold_everything(stack.enter_context(reader(installation, role)))
        copying = stack.enter_context(installation.connect())
        assert hold_everything(copying, "access share") > len(installation.warehouse.content())
        with readers(installation), installation.night() as night:
            assert check_end(installation, night) == 0, night.messages
        back_up(
            installation.warehouse.settings, installation.folder, report=installation.lines.append
        )
    check_warehouse(installation)


def hold_everything(login: psycopg.Connection[Any], *modes: str) -> int:
    """Take the locks that a login may take, in one transaction; return on how many relations."""
    login.execute("begin")
    relations = login.execute(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace "
        "where relkind in ('r', 'v', 'm', 'p') and nspname !~ '^pg_(toast|temp)' "
        "and has_schema_privilege(n.oid, 'usage')"
    ).fetchall()
    held = 0
    for (relation,) in relations:
        for mode in modes or ("access exclusive", "share", "row exclusive", "access share"):
            try:
                with login.transaction():
                    login.execute(f"lock table {relation} in {mode} mode nowait".encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
            held += 1
            break
    return held


def test_logins_that_take_all_connections_leave_the_night_its_own(
    installation: Installation,
) -> None:
    settings = installation.warehouse.settings
    server = replace(settings.warehouse, password=PASSWORD)
    installation.warehouse.advance(1)
    with readers(installation), ExitStack() as stack:
        for number in range(10):
            login = replace(server, user=f"foule_{number}")
            create_login(
                settings, login.user, "bi_reader", PASSWORD, None, installation.lines.append
            )
            with suppress(UserError):
                while True:
                    stack.enter_context(connect(login, autocommit=True))
        with pytest.raises(UserError, match="others have all the connections"):
            connect(login)
        with installation.night() as night:
            assert check_end(installation, night) == 0, night.messages
    assert "Trying again" not in night.output
