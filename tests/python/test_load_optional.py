"""Tables that a site's SIGETI may lack: a night goes on without them, and says so in a line."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from psycopg import sql

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.load.night_load import load
from sigeti_dwh.load.source_tables import SourceTable, read_source_tables
from sigeti_dwh.night.report import report
from sigeti_dwh.night.results import RunSummary
from sigeti_dwh.warehouse.database import connect

from .conftest import at, fresh_database
from .copies import copy_of, stale
from .warehouse import Warehouse, copy_project

OPTIONAL = [
    table for table in read_source_tables() if table.optional and table.relation == table.name
]
BY_NAME = {table.name: table for table in OPTIONAL}


def provide(warehouse: Warehouse, table: SourceTable) -> None:
    """Create a table at the source where the demo has none."""
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in table.columns.items()
    ]
    statement = sql.SQL("create table if not exists {} ({}, primary key ({}))").format(
        table.at_source,
        sql.SQL(", ").join(columns),
        sql.SQL(", ").join(map(sql.Identifier, table.key)),
    )
    with connect(warehouse.settings.source) as connection:
        connection.execute(statement)


def take_away(warehouse: Warehouse, *tables: SourceTable) -> None:
    for table in tables:
        warehouse.change(f"drop table if exists {table.spelled} cascade")


def rows(warehouse: Warehouse, name: str) -> int:
    """Return how many living rows a copy has."""
    query = sql.SQL("select count(*) from {} where _supprime_le is null")
    with connect(warehouse.settings.warehouse) as connection:
        found = connection.execute(query.format(copy_of(BY_NAME[name]))).fetchone()
    assert found is not None
    count: int = found[0]
    return count


def notices(warehouse: Warehouse, *, accept_loss: bool = False) -> list[str]:
    """Run the load; return what it says of tables that it did not read."""
    return list(warehouse.load(accept_loss=accept_loss).notices)


@pytest.fixture
def source(copied: Warehouse) -> Warehouse:
    """Fill every optional table, and forget that they were loaded."""
    for table in OPTIONAL:
        provide(copied, table)
    return copied


def forget(warehouse: Warehouse) -> None:
    with connect(warehouse.settings.warehouse) as connection:
        connection.execute("drop schema raw_sigeti, dwh_meta cascade")


def test_a_source_that_lacks_each_of_them_is_loaded_with_an_empty_copy(source: Warehouse) -> None:
    for table in OPTIONAL:
        with connect(source.settings.source) as connection:
            connection.execute(
                sql.SQL("alter table {} rename to elsewhere").format(table.at_source)
            )
        forget(source)
        assert notices(source) == [f"Notice: {table.name}: not at the source; empty here"]
        assert rows(source, table.name) == 0 and stale(source) == []
        with connect(source.settings.source) as connection:
            connection.execute(
                sql.SQL("alter table elsewhere rename to {}").format(sql.Identifier(table.name))
            )
        assert notices(source) == [] and stale(source) == []


def test_a_source_without_a_column_that_is_needed_has_a_line_of_notice(source: Warehouse) -> None:
    source.change("alter table historique_demandes drop column action cascade")
    source.change(
        "alter table sinistres alter column reference type bytea using reference::text::bytea"
    )
    source.change("drop table agents cascade")
    source.change("create view agents as select 1 as id")
    forget(source)
    told = "\n".join(notices(source))
    assert "historique_demandes: column public.historique_demandes.action is missing" in told
    assert "sinistres: column public.sinistres.reference has type bytea, expected text" in told
    assert "agents: public.agents is a view" in told
    assert rows(source, "historique_demandes") == 0 and stale(source) == []


def test_points_of_zones_come_where_the_source_can_give_them_as_geojson(source: Warehouse) -> None:
    """A range stands in for PostGIS's geometry, whose cast makes jsonb of it as well."""
    read = "select id, location -> 'coordinates' from raw_sigeti.points_zones order by id limit 2"
    source.change("create type place as range (subtype = numeric)")
    source.change(
        "create function geojson(place) returns jsonb immutable language sql return "
        "jsonb_build_object('type', 'Point', 'coordinates', "
        "jsonb_build_array(lower($1), upper($1)))"
    )
    source.change("alter table zones_industrielles drop column location")
    source.change("alter table zones_industrielles add location place default '[-4,5.3]'")
    missing = "Notice: points_zones: column public.zones_industrielles.location "
    forget(source)
    assert notices(source) == [f"{missing}has type place, expected jsonb; empty here"]
    source.change("create cast (place as jsonb) with function geojson(place)")
    assert notices(source) == []
    assert source.rows(read) == [(1, [-4, 5.3]), (2, [-4, 5.3])]
    source.change("update zones_industrielles set location = '[-5,6]' where id = 2")
    assert notices(source) == []
    assert source.rows(read) == [(1, [-4, 5.3]), (2, [-5, 6])]


def test_a_table_that_may_not_be_read_is_named_with_its_grant(source: Warehouse) -> None:
    with connect(source.settings.source) as connection:
        connection.execute("create role lecteur login password 'lire' bypassrls")
        connection.execute("grant select on all tables in schema public to lecteur")
        connection.execute('revoke select on "retrait_Conventions" from lecteur')
    forget(source)
    reader = replace(source.source, user="lecteur", password="lire")
    try:
        told = load(replace(source.settings, source=reader), report=source.lines.append).notices
        grant = 'GRANT SELECT ON public."retrait_Conventions" TO "lecteur";'
        assert told == [f"Notice: retrait_Conventions: it may not be read: {grant}; empty here"]
    finally:
        source.change("drop owned by lecteur; drop role lecteur")


def test_a_table_that_goes_keeps_its_rows_until_the_loss_is_accepted(source: Warehouse) -> None:
    source.load()
    before = rows(source, "historique_demandes")
    assert before
    source.change("alter table historique_demandes rename to elsewhere")
    for _ in range(2):
        [told] = notices(source)
        assert told.startswith("Notice: historique_demandes: not at the source; ")
        assert f"the {before} rows that it had stay" in told and "--accept-loss" in told
        assert rows(source, "historique_demandes") == before
    assert notices(source, accept_loss=True) == [
        "Notice: historique_demandes: not at the source; empty here"
    ]
    assert rows(source, "historique_demandes") == 0
    source.change("alter table elsewhere rename to historique_demandes")
    assert notices(source) == [] and stale(source) == []


def test_a_table_that_comes_back_with_few_of_its_rows_has_lost_them(source: Warehouse) -> None:
    source.load()
    source.change("alter table historique_demandes rename to elsewhere")
    source.load(accept_loss=False)
    source.change("alter table elsewhere rename to historique_demandes")
    source.change("delete from historique_demandes where id % 10 > 1")
    with pytest.raises(Exception, match=r"public\.historique_demandes had"):
        source.load(accept_loss=False)


def test_a_name_with_capitals_is_followed_as_any_other(source: Warehouse) -> None:
    source.load()
    before = rows(source, "retrait_Conventions")
    source.change(
        'insert into "retrait_Conventions" (id, statut, created_at, updated_at) '
        "select n, 'en cours', now(), now() from generate_series(1001, 1003) n"
    )
    source.load()
    source.change('delete from "retrait_Conventions" where id = 1002')
    source.load()
    assert rows(source, "retrait_Conventions") == before + 2 and stale(source) == []


@pytest.fixture(params=["two databases", "one database"])
def bare(
    request: pytest.FixtureRequest, server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Make a source that has none of the optional tables."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    with fresh_database(server, "source") as source, fresh_database(server, "warehouse") as target:
        one = request.param == "one database"
        warehouse = Warehouse(
            source, at(server, "warehouse", source.name) if one else target, folder
        )
        warehouse.fill()
        take_away(warehouse, *OPTIONAL)
        warehouse.change("alter table zones_industrielles drop column location")
        yield warehouse


def test_a_source_that_lacks_all_of_them_has_its_night_and_fills_them_when_they_come(
    bare: Warehouse,
) -> None:
    loaded = bare.load(accept_loss=False)
    layers = bare.build(checks=True)
    names = ", ".join(BY_NAME)
    assert list(loaded.notices) == [
        f"Notice: {names}: not at the source; empty here",
        "Notice: points_zones: column public.zones_industrielles.location is missing, "
        "expected type jsonb; empty here",
    ]
    assert f"\n{loaded.notices[0]}\n" in report(
        RunSummary(loaded, tuple(layers), 1.0), bare.settings
    )
    assert bare.rows("select count(*) from dwh_staging.stg_historique_demandes") == [(0,)]

    provide(bare, BY_NAME["historique_demandes"])
    bare.change(
        "insert into historique_demandes (id, demande_attribution_id, etape_source, "
        "etape_destination, action, date_action, created_at, updated_at) "
        "select 1, min(id), 1, 2, 'SOUMISSION', now(), now(), now() from demandes_attribution"
    )
    bare.load(accept_loss=False)
    bare.build(checks=True)
    assert bare.rows("select count(*) from dwh_staging.stg_historique_demandes") == [(1,)]
