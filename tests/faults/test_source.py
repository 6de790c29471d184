"""What the source does to a night: away, slow, a standby, wrong rows."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.embedded.ports import free_port
from sigeti_dwh.errors import TimeLimitError
from sigeti_dwh.load.night_load import load
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

from ..python.conftest import at, fresh_database
from ..python.copies import stale
from ..python.source_rows import at_source
from ..python.warehouse import Warehouse
from .installation import Installation
from .nights import by_command, check_end, check_warehouse, next_night, readers, unchanged_marts
from .proxy import way_to


def through(source: Server, port: int) -> dict[str, str]:
    """Return the settings of a night that reads the source at another port."""
    parts = {"HOST": "127.0.0.1", "NAME": source.name, "USER": source.user}
    parts |= {"PORT": str(port), "PASSWORD": source.password, "SSLMODE": "disable"}
    return {f"SOURCE_DB_{part}": value for part, value in parts.items()}


def test_a_source_that_stays_away_ends_the_night(installation: Installation) -> None:
    settings = through(installation.warehouse.settings.source, free_port())
    with (
        installation.impatient(),
        unchanged_marts(installation),
        installation.night(**settings) as night,
    ):
        assert check_end(installation, night) == 1
    assert "nothing answers there" in night.messages and "SOURCE_DB_PORT" in night.messages
    assert "Trying again" in night.output


@by_command
def test_a_source_that_comes_back_only_delays_the_night(installation: Installation) -> None:
    source = installation.warehouse.settings.source
    port = free_port()
    installation.warehouse.advance(1)
    with (
        readers(installation),
        installation.night(**through(source, port)) as night,
    ):
        night.wait_until(lambda: "Trying again" in night.output)
        with way_to(source.host, source.port, port) as way:
            way.delay = 0.01
            assert check_end(installation, night) == 0, night.messages
    check_warehouse(installation)


@by_command
def test_a_source_that_stops_answering_ends_the_load_at_its_time_limit(
    installation: Installation,
) -> None:
    installation.warehouse.change("update factures set montant_total = montant_total + 1")
    settings = replace(installation.warehouse.settings, layer_minutes=0.05)
    copy = "select sum(montant_total) from raw_sigeti.factures"
    before = installation.warehouse.rows(copy)
    with way_to(settings.source.host, settings.source.port) as way:
        way.bytes_left = 60_000
        slow = replace(settings.source, host="127.0.0.1", port=way.port)
        with pytest.raises(TimeLimitError, match=r"The load was ended after 0\.05 minutes"):
            load(replace(settings, source=slow), report=installation.lines.append)
        assert way.bytes_left <= 0
    assert installation.warehouse.rows(copy) == before
    installation.warehouse.run()
    check_warehouse(installation)


@pytest.fixture
def standby(tmp_path: Path) -> Iterator[tuple[EmbeddedServer, EmbeddedServer]]:
    """Start a server and a standby that follows it."""
    primary = EmbeddedServer(tmp_path / "primary")
    primary.start(report=lambda line: None)
    primary.create_database("source")
    data = tmp_path / "primary" / "data"
    add(data / "postgresql.conf", "wal_level = replica", "max_wal_senders = 2")
    primary.stop()
    # What is copied must have been written at that level.
    primary.start(report=lambda line: None)
    primary.stop()
    copytree(tmp_path / "primary", tmp_path / "standby")
    copy = tmp_path / "standby" / "data"
    where = f"host=127.0.0.1 port={primary.port} user={primary.user} password={primary.password}"
    add(copy / "postgresql.conf", f"primary_conninfo = '{where}'")
    (copy / "standby.signal").touch()
    owner = data.stat()
    for path in (copy, *copy.rglob("*")):
        # As root, the server may run as another user.
        os.chown(path, owner.st_uid, owner.st_gid)
    follower = EmbeddedServer(tmp_path / "standby", free_port())
    primary.start(report=lambda line: None)
    follower.start(report=lambda line: None)
    yield primary, follower
    follower.stop()
    primary.stop()


def add(file: Path, *lines: str) -> None:
    """Add lines to a file."""
    with file.open("a", encoding="utf-8") as text:
        text.write("\n".join(["", *lines, ""]))


@by_command
def test_a_standby_can_be_the_source(
    standby: tuple[EmbeddedServer, EmbeddedServer], installation: Installation, tmp_path: Path
) -> None:
    primary, follower = standby
    with fresh_database(installation.server, "warehouse") as target:
        written = Warehouse(at(primary, "source", "source"), target, tmp_path)
        written.fill()
        read = replace(written, source=at(follower, "source", "source"))
        for statement in (
            "select",
            "update factures set montant_total = montant_total + 1 where id < 9",
            "delete from paiement_factures where id = 5",
        ):
            written.change(statement)
            wait_for_replay(primary, follower)
            loaded = read.load()
            assert stale(written) == []
        assert [(table.name, table.changed) for table in loaded.tables if table.changed] == [
            ("paiement_factures", 1)
        ]


def wait_for_replay(primary: EmbeddedServer, follower: EmbeddedServer) -> None:
    """Wait until the standby has what its server has."""
    with connect(at(primary, "source", "source")) as connection:
        [(position,)] = connection.execute("select pg_current_wal_insert_lsn()::text")
    with connect(at(follower, "source", "source"), autocommit=True) as connection:
        while connection.execute(
            "select pg_last_wal_replay_lsn() < %s::pg_lsn", [position]
        ).fetchone() == (True,):
            pass


WRONG_ROWS = {
    "duplicate key": (
        "alter table paiement_factures drop constraint paiement_factures_pkey; "
        "create table twice as select * from paiement_factures where id = 7; "
        "update twice set montant = montant + 1; "
        "insert into paiement_factures select * from twice",
        "delete from paiement_factures where id = 7; drop table twice; "
        "alter table paiement_factures add primary key (id)",
        "Key (id)=(7)",
    ),
    "null where none may be": (
        "alter table factures alter statut drop not null; "
        "update factures set statut = null where id = 7",
        "update factures set statut = (select statut from factures where id = 8) where id = 7; "
        "alter table factures alter statut set not null",
        "not_null_stg_factures_statut",
    ),
}


@pytest.mark.parametrize(
    "name", ["duplicate key", pytest.param("null where none may be", marks=by_command)]
)
def test_wrong_rows_of_the_source_end_the_night(installation: Installation, name: str) -> None:
    wrong, mend, said = WRONG_ROWS[name]
    installation.warehouse.change(wrong)
    try:
        with unchanged_marts(installation), installation.night() as night:
            assert check_end(installation, night) == 1, night.output
    finally:
        installation.warehouse.change(mend)
    assert said in night.messages
    installation.warehouse.advance(1)
    with readers(installation) as reader:
        next_night(installation, reader)


def test_a_source_that_was_corrected_is_taken_up(installation: Installation) -> None:
    wrong, mend, said = WRONG_ROWS["null where none may be"]
    installation.warehouse.change(wrong)
    try:
        for options in ((), ("--from-failure",)):
            with unchanged_marts(installation), installation.night(*options) as night:
                assert check_end(installation, night) == 1, night.output
            assert said in night.messages
    finally:
        installation.warehouse.change(mend)
    with installation.night("--from-failure") as night:
        assert check_end(installation, night) == 0, night.messages
    assert "taking up after: load\n" in night.output
    check_warehouse(installation)


def test_a_source_that_lost_its_rows_ends_the_night_until_it_was_meant(
    installation: Installation,
) -> None:
    installation.warehouse.change("update lots set prix = prix + 1 where id < 9")
    installation.warehouse.change(
        "create table aside as table paiement_factures; truncate paiement_factures"
    )
    with unchanged_marts(installation), installation.night() as night:
        assert check_end(installation, night) == 1, night.output
    assert "public.paiement_factures had" in night.messages
    with readers(installation), installation.night("--accept-loss") as night:
        assert check_end(installation, night) == 0, night.messages
    check_warehouse(installation)
    installation.warehouse.change("insert into paiement_factures table aside; drop table aside")
    with readers(installation) as reader:
        next_night(installation, reader)


@by_command
def test_rows_hidden_from_the_reader_end_the_night(installation: Installation) -> None:
    source = installation.warehouse.settings.source
    settings = through(source, source.port) | {
        "SOURCE_DB_USER": "lecteur",
        "SOURCE_DB_PASSWORD": "x",
    }
    installation.warehouse.change(
        "create role lecteur login password 'x'; "
        "grant select on all tables in schema public to lecteur; "
        "alter table factures enable row level security; "
        "create policy half on factures using (id % 2 = 0)"
    )
    try:
        with unchanged_marts(installation), installation.night(**settings) as night:
            # Refused before the flow begins.
            assert night.wait() == 1, night.output
        assert "public.factures" in night.messages and "BYPASSRLS" in night.messages
    finally:
        installation.warehouse.change(
            "drop policy half on factures; alter table factures disable row level security; "
            "drop owned by lecteur; drop role lecteur"
        )


@by_command
def test_orphans_of_the_source_are_of_the_unknown_member(installation: Installation) -> None:
    move = (
        "set session_replication_role = replica; "
        "update paiement_factures set facture_id = {0} where id = 8; "
        "update factures set entreprise_id = {1} where id = 7"
    )
    [parents] = at_source(
        installation.warehouse,
        "select facture_id, factures.entreprise_id from paiement_factures, factures "
        "where paiement_factures.id = 8 and factures.id = 7",
    )
    installation.warehouse.change(move.format(999_999, 999_999))
    unknown = (
        "select nombre_factures from dwh_marts_clients.mart_portefeuille_clients "
        "where entreprise_id = -1"
    )
    [(known,)] = installation.warehouse.rows(unknown)
    with readers(installation), installation.night() as night:
        assert check_end(installation, night) == 0, night.messages
    assert installation.warehouse.rows(unknown) == [(known + 1,)]
    installation.warehouse.change(move.format(*parents))
    with readers(installation) as reader:
        next_night(installation, reader)


LONG = "(select string_agg(md5(random()::text), '') from generate_series(1, 1000))"
MUCH = """
insert into factures
select (jsonb_populate_record(factures, jsonb_build_object(
    'id', 900000 + n, 'numero_facture', 'M' || n, 'montant_total', 9999999999999.99,
    'is_deleted', false, 'deleted_at', null
))).*
from factures, generate_series(1, 1001) as n
where factures.id = (select min(id) from factures where entreprise_id is not null)
"""


@by_command
@pytest.mark.parametrize(
    ("before", "change", "back", "words"),
    [
        (
            "alter table domaines_activites alter column libelle type text",
            f"update domaines_activites set libelle = {LONG} where id in "
            "(select domaine_activite_id from entreprises)",
            "update domaines_activites set libelle = 'Domaine ' || id",
            ("index row", "public.domaines_activites.libelle of id=", "32000 bytes"),
        ),
        (
            "select 1",
            MUCH,
            "delete from factures where id > 900000",
            ("numeric field overflow", "public.factures.montant_total of id=", "1e+13"),
        ),
    ],
    ids=["a text too long for an index", "amounts whose sum is too large"],
)
def test_what_no_model_can_hold_is_named(
    installation: Installation, before: str, change: str, back: str, words: tuple[str, ...]
) -> None:
    warehouse = installation.warehouse
    warehouse.advance(1)
    warehouse.change(before)
    warehouse.change(change)
    with unchanged_marts(installation), installation.night() as night:
        assert check_end(installation, night) == 1
    assert all(word in night.messages for word in words), night.messages
    assert "Correct them at the source" in night.messages
    warehouse.change(back)
    with installation.night("--accept-loss") as night:
        assert check_end(installation, night) == 0, night.messages
    check_warehouse(installation)
