"""Secure connections: each way to the server by verify-full, right, wrong and missing files."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sigeti_dwh.dashboards.superset_server import _uri
from sigeti_dwh.errors import UserError
from sigeti_dwh.marts import Marts
from sigeti_dwh.settings import Settings, load_settings
from sigeti_dwh.warehouse import client_tools
from sigeti_dwh.warehouse.backup import back_up
from sigeti_dwh.warehouse.client_tools import find_tool
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.restore import restore

from .hosted import PROGRAMS, Hosted, hosted
from .test_session_settings import dbt
from .warehouse import Warehouse, copy_project


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """Start a server that demands TLS."""
    with hosted(tmp_path_factory.mktemp("hosted")) as server:
        yield server


def refused(settings: Settings) -> str:
    with pytest.raises(UserError) as raised:
        connect(settings.warehouse)
    message = str(raised.value)
    assert len(message.splitlines()) <= 3
    return message


@pytest.fixture
def variables(secure: Hosted, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set what leads to the server, as `.env` or the environment has it."""
    server = secure.at("warehouse", "postgres")
    for name, value in (
        ("HOST", server.host),
        ("PORT", str(server.port)),
        ("NAME", server.name),
        ("USER", server.user),
        ("PASSWORD", server.password),
        ("SSLMODE", "verify-full"),
        ("SSLROOTCERT", secure.ca),
    ):
        monkeypatch.setenv(f"DWH_DB_{name}", value)
    return monkeypatch


def test_verify_full_accepts_its_authority_alone(
    secure: Hosted, variables: pytest.MonkeyPatch
) -> None:
    with connect(load_settings().warehouse) as connection:
        assert connection.pgconn.ssl_in_use
    variables.setenv("DWH_DB_SSLROOTCERT", str(secure.folder / "autre_ca.crt"))
    message = refused(load_settings())
    assert "certificate verify failed" in message and "DWH_DB_SSLROOTCERT" in message
    variables.setenv("DWH_DB_SSLROOTCERT", secure.ca)
    variables.setenv("DWH_DB_HOST", "127.0.0.1")
    assert "does not match host name" in refused(load_settings())


def test_a_missing_file_is_named(variables: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SSLROOTCERT", "SSLCERT", "SSLKEY"):
        with variables.context() as patch:
            patch.setenv(f"DWH_DB_{name}", str(tmp_path / "absent.crt"))
            with pytest.raises(UserError, match=rf"DWH_DB_{name} is .*absent\.crt.*No such file"):
                load_settings()


def test_a_file_in_the_settings_file_serves_as_in_the_environment(
    secure: Hosted, variables: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A scheduled night has nothing else, and starts elsewhere."""
    file = tmp_path / "env"
    variables.setenv("DWH_ENV_FILE", str(file))
    variables.delenv("DWH_DB_SSLROOTCERT")
    for line in (f"DWH_DB_SSLROOTCERT={secure.ca}", f"PGSSLROOTCERT={secure.ca}"):
        file.write_text(line, encoding="utf-8")
        variables.chdir(tmp_path)
        connect(load_settings().warehouse).close()


def test_a_client_certificate_is_shown(secure: Hosted, variables: pytest.MonkeyPatch) -> None:
    variables.setenv("DWH_DB_NAME", "certificat")
    message = refused(load_settings())
    assert "client's certificate" in message and "DWH_DB_SSLCERT" in message
    for name, file in (("SSLCERT", "client.crt"), ("SSLKEY", "client.key")):
        variables.setenv(f"DWH_DB_{name}", str(secure.folder / file))
    connect(load_settings().warehouse).close()


def test_every_way_to_the_warehouse_is_secured(
    secure: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load, dbt in the night and alone, backup and restore, marts, monitor, Superset."""
    warehouse = Warehouse(
        secure.at("source", "source"),
        secure.at("warehouse", "entrepot"),
        copy_project(tmp_path / "project"),
    )
    warehouse.fill()
    warehouse.run()
    assert warehouse.differences() == []
    dbt(warehouse, "build", "--select", "dim_zones_industrielles", "fraicheur")
    made = back_up(warehouse.settings, tmp_path / "backups", report=warehouse.lines.append)
    assert restore(warehouse.settings, made.path, into="autre", report=print).rows == made.rows
    server = warehouse.settings.warehouse
    with Marts(server) as marts:
        assert marts.freshness()
        assert marts.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == [
            {"ssl": True}
        ]
    with pytest.raises(UserError, match="certificate verify failed"):
        wrong = replace(server, sslrootcert=str(secure.folder / "autre_ca.crt"))
        with Marts(wrong) as marts:
            marts.freshness()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parents[2] / "monitor_dwh.py"), "health"],
        env={
            "PATH": "/usr/bin:/bin",
            "DWH_ENV_FILE": "/dev/null",
            **warehouse.settings.environment(),
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    for side in ("warehouse", "source"):
        assert re.search(rf"^{side}: connection +ok", done.stdout, re.M), done.stdout
    assert f"sslmode=verify-full&sslrootcert={secure.ca.replace('/', '%2F')}" in _uri(server)


def test_tools_without_tls_are_passed_over(secure: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of the embedded server are."""
    assert find_tool("pg_dump", 15, tls=True).parent == PROGRAMS[0].parent
    monkeypatch.delenv("DWH_POSTGRES_BIN")
    monkeypatch.setenv("PATH", "")
    wheel = next(client_tools.program_folders())
    monkeypatch.setattr(client_tools, "program_folders", lambda: iter([wheel]))
    with pytest.raises(UserError, match="with TLS is needed"):
        find_tool("pg_dump", 15, tls=True)
