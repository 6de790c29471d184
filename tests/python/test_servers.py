"""A managed server, as docs/servers.md says: each of its lines, tried."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.marts import Marts
from sigeti_dwh.settings import ROOT, Server, load_settings
from sigeti_dwh.warehouse.backup import back_up
from sigeti_dwh.warehouse.connection_check import check
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.restore import restore
from sigeti_dwh.warehouse.roles import create_login, create_roles

from .conftest import fresh_database
from .hosted import Hosted, hosted
from .warehouse import Warehouse, copy_project, written

LIMITS = """
alter role dwh set statement_timeout = '30s';
alter role dwh set idle_in_transaction_session_timeout = '10s';
alter role dwh set idle_session_timeout = '10s';
"""
TEXT = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the page's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """Start a server that demands TLS, and let its administrator do what the page says."""
    with hosted(tmp_path_factory.mktemp("managed")) as server:
        statements = blocks("sql")
        assert len(statements) == 3
        execute(server.at("warehouse", "postgres"), statements[0] + LIMITS)
        execute(server.at("warehouse", "sigeti_dwh"), statements[1])
        yield server


def execute(server: Server, text: str) -> None:
    """Execute statements one by one, each in a transaction of its own."""
    with connect(server, autocommit=True) as connection:
        for statement in text.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())


def as_the_page_says(managed: Hosted, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return the warehouse as the page's variables lead to it."""
    for line in blocks("dotenv")[0].splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DWH_DB_PASSWORD", "change-me")
    monkeypatch.setenv("DWH_DB_HOST", "localhost")
    monkeypatch.setenv("DWH_DB_PORT", str(managed.server.port))
    monkeypatch.setenv("DWH_DB_SSLROOTCERT", managed.ca)
    return load_settings().warehouse


def test_a_warehouse_moves_to_a_managed_server_and_lives_there(
    managed: Hosted, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = managed.at("warehouse", "entrepot")
    with fresh_database(server, "source") as source:
        project = copy_project(tmp_path / "project")
        before = Warehouse(source, old, project)
        before.fill()
        before.run()
        made = back_up(before.settings, tmp_path / "backups", report=before.lines.append)
        after = Warehouse(source, as_the_page_says(managed, monkeypatch), project)
        assert len(check(after.settings)) == 2, "the search has its extensions"
        create_roles(after.settings, report=after.lines.append)
        done = restore(after.settings, made.path, force=True, report=after.lines.append)
        assert done.rows == made.rows
        execute(managed.at("warehouse", "sigeti_dwh"), blocks("sql")[2])
        after.advance(1)
        assert written(after.run(checks=True))
        assert after.differences() == []
        assert written(after.run(full_refresh=True)) == {}
        create_roles(after.settings, report=after.lines.append)
        create_login(after.settings, "lectrice", "bi_reader", "lire", None, after.lines.append)
        reader = replace(after.settings.warehouse, user="lectrice", password="lire")
        with Marts(reader) as marts:
            assert marts.freshness() and marts.search("a")
            kept = back_up(after.settings, tmp_path / "again", report=after.lines.append)
            assert kept.left_out == []
            done = restore(after.settings, kept.path, force=True, report=after.lines.append)
            assert marts.freshness()
