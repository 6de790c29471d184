"""Backup and restore: what a file brings back, what is refused, and the nights after a restore."""

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.marts import Marts
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse import backup as backup_module
from sigeti_dwh.warehouse import client_tools
from sigeti_dwh.warehouse.backup import Backup, back_up, backups, count_rows
from sigeti_dwh.warehouse.client_tools import find_tool
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.restore import restore

from .conftest import at, fresh_database
from .warehouse import Warehouse, copy_project, written

CONTENT = """
create schema dwh_facts;
create table dwh_facts.fait_factures (id int primary key, montant numeric);
insert into dwh_facts.fait_factures select n, n * 1000 from generate_series(1, 250) n;
create view dwh_facts.montants as select sum(montant) as total from dwh_facts.fait_factures;
create schema raw_sigeti;
create table raw_sigeti.notes (texte text);
insert into raw_sigeti.notes values ('Akoupé-Zeudji, Œuvre');
"""


@pytest.fixture
def settings(warehouse_server: Server, source_server: Server) -> Settings:
    """Give a warehouse of two tables and a view, and an empty source."""
    with connect(warehouse_server) as connection:
        connection.execute(CONTENT)
    return Settings(source_server, warehouse_server)


@pytest.fixture
def dropped(server: EmbeddedServer) -> Iterator[list[str]]:
    """Collect names of databases to drop after the test."""
    names: list[str] = []
    yield names
    for name in names:
        execute(at(server, "warehouse", "postgres"), f'drop database if exists "{name}"')


def execute(server: Server, statement: str) -> None:
    with connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def rows(server: Server, query: str) -> list[tuple[Any, ...]]:
    with connect(server) as connection:
        return connection.execute(query.encode()).fetchall()


def databases(settings: Settings) -> set[str]:
    return {name for (name,) in rows(settings.warehouse, "select datname from pg_database")}


def quietly(settings: Settings, folder: Path, keep: int = 7) -> Backup:
    return back_up(settings, folder, keep, report=lambda line: None)


def test_a_backup_restores_every_row_and_view(settings: Settings, tmp_path: Path) -> None:
    before = databases(settings)
    made = quietly(settings, tmp_path)
    assert (made.tables, made.rows) == (2, 251)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert databases(settings) == before, "the scratch database is left"
    other = replace(settings.warehouse, name=f"{settings.warehouse.name}_autre")
    done = restore(settings, made.path, into=other.name, report=lambda line: None)
    try:
        assert (done.rows, done.former) == (251, None)
        assert rows(other, "select total from dwh_facts.montants") == [(31_375_000,)]
        assert rows(other, "select texte from raw_sigeti.notes") == [("Akoupé-Zeudji, Œuvre",)]
    finally:
        execute(settings.warehouse, f'drop database "{other.name}"')


def test_what_changes_during_a_backup_does_not_make_it_wrong(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are counted in the snapshot that is dumped."""
    run_tool = backup_module.run_tool

    def change_first(program: Path, *arguments: Any) -> str:
        execute(settings.warehouse, "delete from dwh_facts.fait_factures where id > 100")
        return run_tool(program, *arguments)

    monkeypatch.setattr(backup_module, "run_tool", change_first)
    assert quietly(settings, tmp_path).rows == 251
    assert rows(settings.warehouse, "select count(*) from dwh_facts.fait_factures") == [(100,)]


def test_a_backup_that_lacks_rows_is_not_kept(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_notes(program: Path, server: Server, *options: str) -> str:
        return run_tool(program, server, *options, "--exclude-table-data=raw_sigeti.notes")

    run_tool = backup_module.run_tool
    first = quietly(settings, tmp_path).path
    monkeypatch.setattr(backup_module, "run_tool", without_notes)
    monkeypatch.setattr(backup_module, "restore_into", _restore_with(run_tool))
    with pytest.raises(UserError, match=r"raw_sigeti\.notes has 1 rows, 0 when restored"):
        quietly(settings, tmp_path)
    assert list(tmp_path.iterdir()) == [first]


def _restore_with(run_tool: Callable[..., str]) -> Callable[..., None]:
    def restore_into(program: Path, empty: Server, archive: Path, threads: int) -> None:
        run_tool(program, empty, f"--dbname={empty.name}", str(archive))

    return restore_into


def test_only_the_newest_backups_of_this_warehouse_are_kept(
    settings: Settings, tmp_path: Path
) -> None:
    name = settings.warehouse.name
    others = [
        tmp_path / "notes.txt",
        tmp_path / f"{name}_2020.dump",
        tmp_path / "autre_20200101_000000.dump",
    ]
    old = [tmp_path / f"{name}_2020010{day}_000000.dump" for day in (1, 2, 3)]
    ahead = tmp_path / f"{name}_21990101_000000.dump"
    left = tmp_path / f"{name}_20200101_000000.partial"
    for path in (*others, *old, ahead, left):
        path.touch()
    made = quietly(settings, tmp_path, keep=2).path
    assert backups(tmp_path, name) == [old[2], made]
    assert set(tmp_path.iterdir()) == {*others, old[2], made}


def test_no_rows_of_a_source_in_the_same_database_are_kept(
    settings: Settings, tmp_path: Path
) -> None:
    both = replace(settings, source=settings.warehouse)
    execute(
        both.warehouse,
        """
        create type public.statut as enum ('émise');
        create table public.factures (id integer, statut public.statut);
        insert into public.factures values (1, 'émise');
        create table public.journal as select * from public.factures;
        create schema dwh_staging;
        create view dwh_staging.stg_factures as select * from public.factures;
        """,
    )
    made = quietly(both, tmp_path)
    assert (made.rows, made.tables) == (251, 3)
    assert made.left_out == ["schema public (1 relation of sigeti)"]
    done = restore(both, made.path, into="a_cote", report=lambda line: None)
    try:
        beside = replace(both.warehouse, name=done.name)
        assert rows(beside, "select count(*) from dwh_staging.stg_factures") == [(0,)]
    finally:
        execute(both.warehouse, "drop database a_cote")
    with pytest.raises(UserError, match="source's own database"):
        restore(both, made.path, force=True)


def test_a_password_is_neither_an_argument_nor_said(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    run = subprocess.run

    def watch(command: Any, **options: Any) -> Any:
        seen.extend(map(str, command))
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", watch)
    quietly(settings, tmp_path, keep=1)
    assert seen and not [word for word in seen if settings.warehouse.password in word]


def test_a_user_without_the_right_to_create_is_told_the_statement(
    settings: Settings, tmp_path: Path
) -> None:
    name = settings.warehouse.name
    execute(settings.warehouse, "create role petit login password 'petit'")
    try:
        small = replace(settings.warehouse, user="petit", password="petit")
        with pytest.raises(UserError, match='ALTER ROLE "petit" CREATEDB'):
            quietly(replace(settings, warehouse=small), tmp_path)
        assert backups(tmp_path, name) == []
    finally:
        execute(settings.warehouse, "drop role petit")


def test_a_tool_of_the_servers_version_is_preferred_and_an_older_one_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (15, 18):
        folder = tmp_path / str(version)
        folder.mkdir()
        (folder / "pg_x").write_text(f"#!/bin/sh\necho 'pg_x (PostgreSQL) {version}.3 (Debian)'\n")
        (folder / "pg_x").chmod(0o755)
    monkeypatch.setenv("DWH_POSTGRES_BIN", str(tmp_path / "18"))
    monkeypatch.setenv("PATH", str(tmp_path / "15"), prepend=os.pathsep)
    assert find_tool("pg_x", 15) == tmp_path / "15" / "pg_x"
    assert find_tool("pg_x", 16) == tmp_path / "18" / "pg_x"
    with pytest.raises(UserError, match=r"pg_x of PostgreSQL 19 .* newest here is 18"):
        find_tool("pg_x", 19)
    with pytest.raises(UserError, match="there is none here"):
        find_tool("pg_absent", 15)


def test_a_database_that_holds_tables_is_replaced_by_force_alone_and_kept(
    settings: Settings, tmp_path: Path, dropped: list[str]
) -> None:
    warehouse = settings.warehouse
    made = quietly(settings, tmp_path).path
    execute(warehouse, "delete from dwh_facts.fait_factures")
    with pytest.raises(UserError, match=r"holds 2 tables\.\n--force"):
        restore(settings, made)
    reader = connect(warehouse, application_name="a BI tool")
    done = restore(settings, made, force=True)
    with pytest.raises(psycopg.OperationalError):
        reader.execute("select 1")
    assert done.former is not None
    dropped.append(done.former)
    count = "select count(*) from dwh_facts.fait_factures"
    assert rows(warehouse, count) == [(250,)]
    assert rows(replace(warehouse, name=done.former), count) == [(0,)]
    assert done.former in str(done)


def test_rights_on_a_replaced_database_and_its_settings_survive(
    settings: Settings, tmp_path: Path, dropped: list[str]
) -> None:
    warehouse = settings.warehouse
    execute(warehouse, "create role lectrice login password 'lire'")
    try:
        for statement in (
            f"revoke all on database {warehouse.name} from public",
            f"grant connect on database {warehouse.name} to lectrice",
            f"alter database {warehouse.name} set search_path to dwh_facts, public",
            f"alter database {warehouse.name} set lock_timeout to '7s'",
            f"alter role lectrice in database {warehouse.name} set work_mem to '9MB'",
            "grant usage on schema dwh_facts to lectrice",
            "grant select on dwh_facts.fait_factures to lectrice",
            "alter table dwh_facts.fait_factures enable row level security",
            "create policy p on dwh_facts.fait_factures to lectrice using (id <= 10)",
        ):
            execute(warehouse, statement)
        made = quietly(settings, tmp_path).path
        before = _properties(warehouse)
        dropped.append(restore(settings, made, force=True).former or "")
        assert _properties(warehouse) == before
        reader = replace(warehouse, user="lectrice", password="lire")
        assert rows(reader, "select count(*) from dwh_facts.fait_factures") == [(10,)]
        assert rows(reader, "show work_mem") == [("9MB",)]
    finally:
        for name in (warehouse.name, *dropped):
            execute(replace(warehouse, name=name), "drop owned by lectrice")
            execute(warehouse, f"alter role lectrice in database {name} reset all")
        execute(warehouse, "drop role lectrice")


def _properties(server: Server) -> list[tuple[Any, ...]]:
    return rows(
        server,
        "select array(select a::text from unnest(datacl) a order by 1), "
        "array(select row(setrole, setconfig)::text from pg_db_role_setting "
        "where setdatabase = d.oid order by 1) "
        "from pg_database d where datname = current_database()",
    )


def test_a_session_of_ours_is_not_thrown_out(settings: Settings, tmp_path: Path) -> None:
    made = quietly(settings, tmp_path).path
    with (
        connect(settings.warehouse, application_name="sigeti_dwh load"),
        pytest.raises(UserError, match="A session named sigeti_dwh load works"),
    ):
        restore(settings, made, force=True)
    assert rows(settings.warehouse, "select count(*) from raw_sigeti.notes") == [(1,)]


def test_readers_and_namesakes_do_not_hold_up_a_restore(
    settings: Settings, tmp_path: Path, dropped: list[str]
) -> None:
    """A pool of the marts, also of the owner, and whoever gives himself the name of a night."""
    warehouse = settings.warehouse
    made = quietly(settings, tmp_path).path
    execute(warehouse, "create role lectrice login password 'lire'")
    try:
        reader = replace(warehouse, user="lectrice", password="lire")
        with (
            Marts(warehouse) as marts,
            connect(reader, application_name="sigeti_dwh night"),
        ):
            marts.query("select 1 as un")
            dropped.append(restore(settings, made, force=True).former or "")
            assert marts.query("select count(*) as lignes from dwh_facts.fait_factures") == [
                {"lignes": 250}
            ]
    finally:
        execute(warehouse, "drop role lectrice")


OTHERS = """
create schema secret authorization analyste;
grant all on database {database} to analyste;
set role analyste;
create table secret.lignes (id integer);
create function secret.un() returns integer language sql as 'select 1';
create materialized view secret.fragile as select secret.un() as un;
reset role;
revoke all on schema secret from public;
create table dwh_facts.dautrui (id integer);
alter table dwh_facts.dautrui owner to analyste;
create view dwh_facts.sur_dautrui as select * from dwh_facts.dautrui;
alter view dwh_facts.sur_dautrui owner to proprietaire;
create table dwh_facts.cachee as select 1 as id;
alter table dwh_facts.cachee owner to proprietaire;
alter table dwh_facts.cachee enable row level security, force row level security;
create function dwh_facts.deux() returns integer language sql as 'select 2';
create function dwh_facts.chemin() returns integer language sql as 'select 2';
create materialized view dwh_facts.par_chemin as select dwh_facts.chemin() as deux;
set search_path = dwh_facts;
create or replace function dwh_facts.chemin() returns integer language sql as 'select deux()';
reset search_path;
alter materialized view dwh_facts.par_chemin owner to proprietaire;
select lo_from_bytea(0, 'x');
"""


def test_what_others_made_is_left_out_and_named(settings: Settings, tmp_path: Path) -> None:
    """The owner is no superuser; none of this may he read, or restore."""
    warehouse = settings.warehouse
    execute(
        warehouse,
        "create role proprietaire login createdb password 'p'; create role analyste login;"
        f"alter database {warehouse.name} owner to proprietaire;"
        "alter schema dwh_facts owner to proprietaire;"
        "alter schema raw_sigeti owner to proprietaire;"
        "alter table dwh_facts.fait_factures owner to proprietaire;"
        "alter view dwh_facts.montants owner to proprietaire;"
        "alter table raw_sigeti.notes owner to proprietaire",
    )
    try:
        execute(warehouse, OTHERS.format(database=warehouse.name))
        mine = replace(warehouse, user="proprietaire", password="p")
        made = quietly(replace(settings, warehouse=mine), tmp_path)
        assert (made.tables, made.rows) == (2, 251)
        assert made.left_out == [
            "dwh_facts.cachee of proprietaire",
            "dwh_facts.dautrui of analyste",
            "dwh_facts.sur_dautrui of proprietaire",
            "schema secret (2 relations of analyste)",
            "1 large objects",
        ]
        assert made.emptied == ["dwh_facts.par_chemin"]
        assert "secret" in str(made) and "large objects" in str(made)
    finally:
        execute(warehouse, "reassign owned by proprietaire, analyste to sigeti")
        execute(warehouse, "drop owned by proprietaire, analyste")
        execute(warehouse, "drop role proprietaire, analyste")


def test_somebody_in_the_scratch_database_costs_no_backup(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dropped: list[str]
) -> None:
    """A session that the owner may not end, in the one left by a backup and in the new one."""
    warehouse = settings.warehouse
    execute(
        warehouse,
        "create role proprietaire login createdb password 'p';"
        "grant all on all tables in schema dwh_facts, raw_sigeti to proprietaire",
    )
    scratch = f"{warehouse.name}_backup_check"
    mine = replace(settings, warehouse=replace(warehouse, user="proprietaire", password="p"))
    for schema in ("dwh_facts", "raw_sigeti"):
        execute(warehouse, f"alter schema {schema} owner to proprietaire")
    for table in ("dwh_facts.fait_factures", "dwh_facts.montants", "raw_sigeti.notes"):
        execute(warehouse, f"alter table {table} owner to proprietaire")
    dropped += [scratch, f"{scratch}_2"]
    execute(warehouse, f"create database {scratch} owner proprietaire")
    intruders = [connect(replace(warehouse, name=scratch))]
    restore_into = backup_module.restore_into

    def joined(program: Path, empty: Server, *options: Any) -> None:
        restore_into(program, empty, *options)
        intruders.append(connect(replace(warehouse, name=empty.name)))

    monkeypatch.setattr(backup_module, "restore_into", joined)
    lines: list[str] = []
    try:
        made = back_up(mine, tmp_path, report=lines.append)
        assert made.rows == 251 and backups(tmp_path, warehouse.name) == [made.path]
        assert any(f'DROP DATABASE "{scratch}_2"' in line for line in lines)
    finally:
        for intruder in intruders:
            intruder.close()
        for name in dropped:
            execute(warehouse, f"drop database if exists {name} with (force)")
        execute(warehouse, "reassign owned by proprietaire to sigeti")
        execute(warehouse, "drop owned by proprietaire")
        execute(warehouse, "drop role proprietaire")


def test_a_file_that_is_no_backup_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.dump"
    with pytest.raises(UserError, match="no file"):
        restore(settings, wrong, force=True)
    made = quietly(settings, tmp_path).path
    before = databases(settings)
    for content in (b"select 1;", made.read_bytes()[: made.stat().st_size // 2]):
        wrong.write_bytes(content)
        with pytest.raises(UserError, match="pg_restore"):
            restore(settings, wrong, force=True)
    assert databases(settings) == before
    assert rows(settings.warehouse, "select count(*) from raw_sigeti.notes") == [(1,)]


def test_the_wheels_tools_serve_an_older_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """They send it a setting that it does not know."""
    older = sorted(Path("/usr/lib/postgresql").glob("1[56]/bin/initdb"))
    if not older:
        pytest.skip("no server older than the wheel's is installed")
    monkeypatch.setenv("DWH_POSTGRES_BIN", str(older[0].parent))
    server = EmbeddedServer(tmp_path / "older")
    server.start()
    try:
        server.create_database("ancienne")
        execute(at(server, "warehouse", "ancienne"), CONTENT)
        old = replace(settings, warehouse=at(server, "warehouse", "ancienne"))
        with monkeypatch.context() as patch:
            patch.delenv("DWH_POSTGRES_BIN")
            patch.setenv("PATH", "")
            wheel = next(client_tools.program_folders())
            patch.setattr(client_tools, "program_folders", lambda: iter([wheel]))
            made = quietly(old, tmp_path / "backups")
            assert made.rows == 251
            restore(old, made.path, into="autre", report=lambda line: None)
        assert rows(at(server, "warehouse", "autre"), "select count(*) from raw_sigeti.notes") == [
            (1,)
        ]
    finally:
        server.stop()


def test_the_nights_after_a_restore_are_right(
    server: EmbeddedServer, tmp_path: Path, dropped: list[str]
) -> None:
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        warehouse = Warehouse(source, target, copy_project(tmp_path))
        warehouse.fill()
        warehouse.run()
        whole = quietly(warehouse.settings, tmp_path / "backups")
        assert whole.left_out == []
        made = whole.path
        history = _history(warehouse)
        warehouse.advance(3)
        warehouse.run()
        assert _history(warehouse) != history
        dropped.append(restore(warehouse.settings, made, force=True).former or "")
        assert _history(warehouse) == history
        warehouse.run(checks=True)
        assert warehouse.differences() == []
        assert written(warehouse.run(full_refresh=True)) == {}


def _history(warehouse: Warehouse) -> dict[str, int]:
    with connect(warehouse.settings.warehouse) as connection:
        return {
            table: rows
            for table, rows in count_rows(connection).items()
            if table.startswith("dwh_snapshots.")
        }
