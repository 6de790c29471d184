"""The demo source: made anew where the demo made it, and nowhere else."""

from dataclasses import replace

import pytest

from sigeti_dwh.demo import source as demo_source
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect


@pytest.fixture
def embedded(source_server: Server) -> Server:
    """Return an empty source database that passes for the embedded one."""
    return replace(source_server, embedded=True)


def number_of_invoices(server: Server) -> int:
    with connect(server) as connection:
        row = connection.execute("select count(*) from factures").fetchone()
    assert row is not None
    number: int = row[0]
    return number


def test_an_empty_source_is_filled_once(embedded: Server) -> None:
    with connect(embedded) as connection:
        connection.execute("create table notes (texte text)")
    demo_source.ensure(embedded)
    with connect(embedded) as connection:
        connection.execute("update factures set numero_facture = 'à moi' where id = 1")
    demo_source.ensure(embedded)
    with connect(embedded) as connection:
        kept = connection.execute("select numero_facture from factures where id = 1").fetchone()
        assert kept == ("à moi",)
        assert connection.execute("select count(*) from notes").fetchone() == (0,)


def test_the_demo_replaces_its_own_at_another_scale(embedded: Server) -> None:
    demo_source.create(embedded)
    before = number_of_invoices(embedded)
    demo_source.create(embedded, scale=2, seed=7)
    assert number_of_invoices(embedded) == 2 * before
    with connect(embedded) as connection:
        open_to = connection.execute(
            "select datacl::text ~ '[{,]=' from pg_database where datname = current_database()"
        ).fetchone()
    assert open_to == (False,), "no reader of the warehouse may enter it"


def test_days_pass_in_a_demo_that_is_made_first(embedded: Server) -> None:
    demo_source.advance(embedded, days=1, seed=3)
    assert number_of_invoices(embedded) > 0


def test_tables_of_another_origin_are_never_replaced(embedded: Server) -> None:
    with connect(embedded) as connection:
        connection.execute("create table factures (id int)")
    demo_source.ensure(embedded)
    with pytest.raises(UserError, match="did not make"):
        demo_source.create(embedded)
    assert number_of_invoices(embedded) == 0


def test_a_configured_server_is_never_touched(source_server: Server) -> None:
    for attempt in (
        lambda: demo_source.create(source_server),
        lambda: demo_source.advance(source_server, days=1),
    ):
        with pytest.raises(UserError, match="SOURCE_DB_"):
            attempt()
    with connect(source_server) as connection:
        assert connection.execute("select to_regclass('factures')").fetchone() == (None,)
