"""Connections, and what PostgreSQL says turned into what a user can do."""

import socket
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sigeti_dwh.errors import MissingDatabaseError, RetryableError, UserError
from sigeti_dwh.marts import Marts
from sigeti_dwh.settings import Server, load_settings
from sigeti_dwh.warehouse.database import connect, create_warehouse, refusal, translated


def failure(server: Server) -> UserError:
    with pytest.raises(UserError) as raised:
        connect(server)
    message = str(raised.value)
    assert len(message.splitlines()) <= 3
    assert server.host in message and str(server.port) in message and server.name in message
    assert raised.value.__cause__ is None
    return raised.value


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_every_connection_is_utf8(
    warehouse_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with connect(warehouse_server) as connection:
        assert connection.info.encoding == "utf-8"
        word = "Œuvre d’Akoupé-Zeudji"
        row = connection.execute("select %s, octet_length(%s)", [word, word]).fetchone()
        assert row == (word, len(word.encode()))


def test_libpqs_own_variables_lead_nowhere(
    warehouse_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("host", "port", "name", "user", "password"):
        monkeypatch.setenv(f"DWH_DB_{name.upper()}", str(getattr(warehouse_server, name)))
    for name, value in (
        ("PGHOSTADDR", "192.0.2.1"),
        ("PGSERVICE", "absent"),
        ("PGOPTIONS", "-c search_path=nulle_part"),
        ("PGTARGETSESSIONATTRS", "standby"),
    ):
        monkeypatch.setenv(name, value)
    warehouse = load_settings().warehouse
    with connect(warehouse) as connection:
        assert connection.execute("select current_database()").fetchone() == (warehouse.name,)
    with Marts(warehouse) as marts:
        assert marts.query("select 1 as un") == [{"un": 1}]


def test_a_wrong_password_is_the_users_to_correct(warehouse_server: Server) -> None:
    error = failure(replace(warehouse_server, password="not-that-one"))
    assert not isinstance(error, RetryableError)
    assert "DWH_DB_PASSWORD" in str(error) and "not-that-one" not in str(error)


def test_a_missing_source_names_the_variable_of_the_source(source_server: Server) -> None:
    error = failure(replace(source_server, name="nulle part"))
    assert isinstance(error, MissingDatabaseError)
    assert "SOURCE_DB_NAME" in str(error)


def test_a_server_that_is_down_may_come_back(warehouse_server: Server) -> None:
    assert isinstance(failure(replace(warehouse_server, port=free_port())), RetryableError)


def test_an_unknown_host_is_the_users_to_correct(warehouse_server: Server) -> None:
    error = failure(replace(warehouse_server, host="nowhere.invalid"))
    assert not isinstance(error, RetryableError)
    assert "DWH_DB_HOST" in str(error)


def test_tls_is_not_given_up_silently(warehouse_server: Server) -> None:
    error = failure(replace(warehouse_server, sslmode="require"))
    assert "DWH_DB_SSLMODE" in str(error)


@pytest.mark.parametrize(
    ("said", "retryable"),
    [
        ("FATAL:  authentification par mot de passe échouée pour l'utilisateur  « dwh »", False),
        ("FATAL:  la base de données « entrepot » n'existe pas", False),
        ("FATAL:  le rôle « dwh » n'est pas autorisé à se connecter", False),
        ("FATAL:  aucune entrée dans pg_hba.conf pour l'hôte « 10.0.0.1 »", False),
        ("FATAL:  trop de connexions pour le rôle « dwh »", True),
        ("FATAL:  désolé, trop de clients sont déjà connectés", True),
        ("FATAL:  le système de bases de données se lance", True),
        ("FATAL:  le système de base de données s'arrête", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  terminating connection due to administrator command", True),
        ("FATAL:  the database system is not yet accepting connections", True),
        ("FATAL:  something that no version of PostgreSQL has said before", False),
    ],
)
def test_a_server_may_speak_french(said: str, retryable: bool, warehouse_server: Server) -> None:
    error = refusal(f"connection failed: {said}", warehouse_server)
    assert isinstance(error, RetryableError) is retryable
    assert len(str(error).splitlines()) <= 3


def test_a_lost_connection_may_come_back(warehouse_server: Server) -> None:
    with connect(warehouse_server) as lost, connect(warehouse_server) as other:
        other.execute("select pg_terminate_backend(%s)", [lost.info.backend_pid])
        with pytest.raises(RetryableError), translated(warehouse_server):
            lost.execute("select 1")


def test_a_lock_that_is_held_may_be_released(warehouse_server: Server) -> None:
    with connect(warehouse_server) as holder, connect(warehouse_server) as waiter:
        holder.execute("create table t (i int)")
        holder.commit()
        holder.execute("lock table t")
        waiter.execute("set lock_timeout = '50ms'")
        with pytest.raises(RetryableError), translated(warehouse_server):
            waiter.execute("select * from t")


def test_a_defect_of_ours_is_not_dressed_up(warehouse_server: Server) -> None:
    with (
        connect(warehouse_server) as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
        translated(warehouse_server),
    ):
        connection.execute("select * from nothing_of_that_name")


def test_a_missing_warehouse_is_created_once_in_utf8(warehouse_server: Server) -> None:
    missing = replace(warehouse_server, name=f"{warehouse_server.name} à créer")
    assert create_warehouse(missing)
    try:
        assert not create_warehouse(missing)
        with connect(missing) as connection:
            assert connection.info.parameter_status("server_encoding") == "UTF8"
    finally:
        with connect(warehouse_server, autocommit=True) as connection:
            connection.execute(f'drop database "{missing.name}" with (force)')


def test_a_warehouse_that_may_not_be_created_is_told_as_missing(warehouse_server: Server) -> None:
    with connect(warehouse_server) as connection:
        connection.execute("create role visiteur login password 'visite'")
    try:
        visitor = replace(warehouse_server, name="interdite", user="visiteur", password="visite")
        with pytest.raises(MissingDatabaseError, match="DWH_DB_NAME"):
            create_warehouse(visitor)
    finally:
        with connect(warehouse_server) as connection:
            connection.execute("drop role visiteur")


@pytest.mark.parametrize(
    ("said", "what", "action"),
    [
        (
            'FATAL:  too many connections for role "analyste"',
            "the user or the database has all",
            'ALTER ROLE "proprietaire" CONNECTION LIMIT',
        ),
        (
            "FATAL:  remaining connection slots are reserved for roles with SUPERUSER",
            "others have all",
            "docs/roles.md",
        ),
        ("FATAL:  sorry, too many clients already", "the server has no", "max_connections"),
    ],
)
@pytest.mark.parametrize("embedded", [True, False])
def test_who_has_no_connection_is_told_whose_limit_it_is(
    warehouse_server: Server, said: str, what: str, action: str, embedded: bool
) -> None:
    server = replace(warehouse_server, user="proprietaire", embedded=embedded)
    error = refusal(f'connection to server at "127.0.0.1" failed: {said}', server)
    assert isinstance(error, RetryableError)
    assert what in str(error) and action in str(error)
