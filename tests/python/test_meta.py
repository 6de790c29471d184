"""dwh_meta when several sessions change it at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import psycopg

from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import ROLES

from .readers import Site, execute

Connection = psycopg.Connection[Any]


def waits_for(server: Server, act: Callable[[Connection], object], holder: Connection) -> str:
    """Let a second session act while the holder's transaction is open; return for what it waits.

    Then the holder commits, and the second has to succeed.
    """
    with connect(server) as second, connect(server, autocommit=True) as watch:
        with ThreadPoolExecutor(1) as pool:
            acting = pool.submit(act, second)
            locks: list[tuple[str]] = []
            while not locks and not acting.done():
                sleep(0.01)
                locks = watch.execute(
                    "select locktype from pg_locks where pid = %s and not granted",
                    [second.info.backend_pid],
                ).fetchall()
            holder.commit()
            acting.result()
        second.commit()
    assert locks, "it did not wait"
    return locks[0][0]


def test_two_sessions_that_prepare_a_new_warehouse_both_succeed(warehouse_server: Server) -> None:
    with connect(warehouse_server) as first:
        first.execute("create schema dwh_meta")
        waits_for(warehouse_server, meta.prepare, first)
        assert meta.last_change(first) == 0


def test_who_waits_to_give_rights_goes_on_when_the_catalogue_is_told(site: Site) -> None:
    """A row's lock is free an instant earlier, and the next grant fails once in many nights."""
    owner = site.as_login("proprietaire")
    execute(owner, f"revoke all on schema dwh_facts from {', '.join(ROLES)}")
    protect = "select dwh_meta.proteger('dwh_facts.%s')"
    with connect(owner) as first:
        first.execute((protect % "fait_factures").encode())
        waited = waits_for(
            owner, lambda second: second.execute((protect % "fait_paiements").encode()), first
        )
    assert waited == "relation"
    assert site.owner("select has_schema_privilege('dwh_analyst', 'dwh_facts', 'usage')")
