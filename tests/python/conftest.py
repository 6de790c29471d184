"""One embedded server for the whole session, and fresh databases on it."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse.database import connect

from . import tiny_project
from .mailbox import Mailbox, receiving_mail
from .receiver import Receiver, receiving

if TYPE_CHECKING:
    from .readers import Site
    from .warehouse import Warehouse


def _settings() -> dict[str, str]:
    """Return the variables that lead to a server, as the environment has them."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("SOURCE_DB_", "DWH_", "DBT_PASSWORD", "PG"))
        and name not in ("DWH_POSTGRES_BIN", "DWH_STATE_DIR")
    }


# A developer's own settings must never lead a test to a real server.
for variable in _settings():
    del os.environ[variable]
os.environ["DWH_ENV_FILE"] = os.devnull

numbers = itertools.count(1)


LONGEST = {"test_histories", "test_pipeline", "test_plain_dbt", "test_roles", "test_wrong_values"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first: the last would be one process's alone."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(autouse=True)
def settings_of_one_test() -> Iterator[None]:
    """Undo what a run sets for dbt: it must not lead the next test to its databases."""
    before = _settings()
    yield
    for name in _settings():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Receive what is posted to this machine."""
    with receiving() as kept:
        yield kept


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """Receive mail, by the settings in force."""
    with receiving_mail() as box:
        for name, value in box.settings.items():
            monkeypatch.setenv(name, value)
        yield box


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """Start a server of the session's own."""
    directory: Path = tmp_path_factory.mktemp("server") / "postgres"
    server = EmbeddedServer(directory)
    server.start()
    yield server
    server.stop()


def at(server: EmbeddedServer, role: str, name: str) -> Server:
    """Describe a database of the session's server."""
    return Server(
        role=role,
        host=server.host,
        port=server.port,
        name=name,
        user=server.user,
        password=server.password,
        sslmode="disable",
        embedded=False,
    )


@contextmanager
def fresh_database(server: EmbeddedServer, role: str, name: str | None = None) -> Iterator[Server]:
    """Create an empty database, and drop it afterwards, whoever is connected to it."""
    name = name or f"{role}_{next(numbers)}"
    server.create_database(name)
    yield at(server, role, name)
    with connect(at(server, role, "postgres"), autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture
def source_server(server: EmbeddedServer) -> Iterator[Server]:
    """Create an empty source database."""
    with fresh_database(server, "source") as database:
        yield database


@pytest.fixture
def warehouse_server(server: EmbeddedServer) -> Iterator[Server]:
    """Create an empty warehouse database."""
    with fresh_database(server, "warehouse") as database:
        yield database


@pytest.fixture
def source_database(source_server: Server) -> Iterator[psycopg.Connection]:
    """Connect to a fresh, empty source database."""
    with connect(source_server) as connection:
        yield connection


@pytest.fixture
def warehouse_database(warehouse_server: Server) -> Iterator[psycopg.Connection]:
    """Connect to a fresh, empty warehouse database."""
    with connect(warehouse_server) as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a small dbt project."""
    return tiny_project.write(tmp_path / "project")


@pytest.fixture
def settings(warehouse_server: Server) -> Settings:
    """Describe a run of the small project, which reads no source."""
    return Settings(replace(warehouse_server, role="source", name="source"), warehouse_server)


@pytest.fixture(scope="session")
def template(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a demo warehouse, tested and published, for others to copy; return its project."""
    from .warehouse import Warehouse, copy_project

    folder = copy_project(tmp_path_factory.mktemp("project"))
    with (
        fresh_database(server, "source", "copied_source") as source,
        fresh_database(server, "warehouse", "copied_warehouse") as target,
    ):
        made = Warehouse(source, target, folder)
        made.fill()
        made.run(checks=True)
        # Built under the name of its copies: dbt parses anew for another.
        with connect(at(server, "source", "postgres"), autocommit=True) as connection:
            for role in ("source", "warehouse"):
                connection.execute(
                    f"alter database copied_{role} rename to template_{role}".encode()
                )
    return folder


@contextmanager
def copied_night(
    server: EmbeddedServer, template: Path, folder: Path | None = None
) -> Iterator["Warehouse"]:
    """Copy the template's databases, one copy at a time, and with a `folder` its project too."""
    from .warehouse import Warehouse

    if folder is not None:
        shutil.copytree(template, folder)
    with connect(at(server, "source", "postgres"), autocommit=True) as connection:
        for role in ("source", "warehouse"):
            connection.execute(f"drop database if exists copied_{role} with (force)".encode())
            connection.execute(f"create database copied_{role} template template_{role}".encode())
    yield Warehouse(
        at(server, "source", "copied_source"),
        at(server, "warehouse", "copied_warehouse"),
        folder or template,
    )


@pytest.fixture
def warehouse(server: EmbeddedServer, template: Path) -> Iterator["Warehouse"]:
    """Copy a demo warehouse after a good night, for one test."""
    with copied_night(server, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def built(
    server: EmbeddedServer, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Warehouse"]:
    """Copy the warehouse and its project, once for the tests of a file."""
    folder = tmp_path_factory.mktemp("built") / "project"
    with copied_night(server, template, folder) as copy:
        yield copy


@pytest.fixture
def copied(server: EmbeddedServer, tmp_path: Path) -> Iterator["Warehouse"]:
    """Make a demo source and load it once."""
    from .warehouse import Warehouse

    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        warehouse = Warehouse(source, target, tmp_path)
        warehouse.fill()
        warehouse.load()
        yield warehouse


@pytest.fixture(scope="session")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """Start a server for the roles, which belong to a server and not to a database."""
    server = EmbeddedServer(tmp_path_factory.mktemp("roles") / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def site(own_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Site"]:
    """Make a warehouse with the roles, once for all tests of readers."""
    from .readers import site_with_roles

    with site_with_roles(own_server, tmp_path_factory.mktemp("project")) as made:
        yield made
