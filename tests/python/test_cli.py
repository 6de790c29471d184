"""The command line as a user meets it: each mistake is a message, never a trace."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sigeti_dwh import cli
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.source_tables import read_source_tables
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse.database import connect

from .receiver import receiving

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a bare environment, with a state folder of its own."""

    def command(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "DWH_ENV_FILE": os.devnull,
            "DWH_STATE_DIR": str(tmp_path / "state"),
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-P", "-m", "sigeti_dwh", *words],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return command


@pytest.fixture
def variables(source_server: Server, warehouse_server: Server) -> dict[str, str]:
    """Return the settings of two empty databases."""
    return Settings(source_server, warehouse_server).environment()


def assert_refused(done: subprocess.CompletedProcess[str], *named: str) -> None:
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= 3
    assert all(word in done.stderr for word in named), done.stderr


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ({"DWH_DB_PASSWORD": "wrong"}, "DWH_DB_PASSWORD"),
        ({"SOURCE_DB_PASSWORD": "wrong"}, "SOURCE_DB_PASSWORD"),
        ({"SOURCE_DB_HOST": "nowhere.invalid"}, "SOURCE_DB_HOST"),
        ({"SOURCE_DB_NAME": "absent"}, "SOURCE_DB_NAME"),
        ({"DWH_DB_PORT": "abc"}, "DWH_DB_PORT"),
        ({"DWH_DB_USER": ""}, "DWH_DB_USER"),
        ({"DWH_THREADS": "-2"}, "DWH_THREADS"),
    ],
)
def test_a_mistake_in_the_settings_stops_the_run(
    mistake: dict[str, str], named: str, run: Run, variables: dict[str, str]
) -> None:
    assert_refused(run(**(variables | mistake)), named)


def test_a_wrong_env_file_stops_the_run(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wrong.env"
    path.write_text("DWH_DB_PORT=cinq mille\nDWH_DB_HOST=h\nDWH_DB_NAME=n\nDWH_DB_USER=u\n")
    assert_refused(run("env", DWH_ENV_FILE=str(path)), "DWH_DB_PORT", "cinq mille")


def test_a_configured_source_without_tables_stops_the_run_and_stays_empty(
    run: Run, variables: dict[str, str], source_server: Server, warehouse_server: Server
) -> None:
    assert_refused(run(**variables), "public.", "missing")
    for server in (source_server, warehouse_server):
        with connect(server) as connection:
            rows = connection.execute(
                "select 1 from pg_class where relkind in ('r', 'v') "
                "and relnamespace::regnamespace::text !~ '^(pg_|information_schema)' "
                "and not exists (select from pg_depend "
                "where objid = pg_class.oid and deptype = 'e')"
            ).fetchall()
            assert rows == []


def test_a_whole_night_that_fails_is_told(run: Run, variables: dict[str, str]) -> None:
    with receiving() as receiver:
        told = {"DWH_ALERT_WEBHOOKS": f"http://127.0.0.1:{receiver.port}/"}
        assert_refused(run("--select", "dim_lots", **(variables | told)), "public.")
        assert receiver.posts == []
        assert_refused(run(**(variables | told)), "public.")
        assert receiver.titles == ["SIGETI DWH: the night failed"]


def test_no_demo_is_written_to_a_configured_source(run: Run, variables: dict[str, str]) -> None:
    assert_refused(run("demo", **variables), "SOURCE_DB_")
    assert_refused(run("demo", "--advance", "1", **variables), "SOURCE_DB_")


def test_env_prints_what_is_in_force(run: Run, variables: dict[str, str]) -> None:
    secret = "a'b\"c $x é#"
    variables = variables | {"DWH_DB_PASSWORD": secret, "SOURCE_DB_PASSWORD": f"{secret}2"}
    done = run("env", "--secrets", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert dict(line.split("=", 1) for line in done.stdout.splitlines()) == variables
    done = run("env", **variables)
    assert secret not in done.stdout
    assert dict(line.split("=", 1) for line in done.stdout.splitlines()) == {
        name: value for name, value in variables.items() if not name.endswith("_PASSWORD")
    }


def test_env_tells_the_embedded_server_before_it_was_ever_started(run: Run) -> None:
    first, second = run("env", "--secrets"), run("env", "--secrets")
    password = first.stdout.split("DWH_DB_PASSWORD=")[1].splitlines()[0]
    assert password and password not in run("env").stdout
    printed = dict(line.split("=", 1) for line in first.stdout.splitlines())
    assert first.stdout == second.stdout
    for prefix in ("SOURCE_DB", "DWH_DB"):
        for part in ("HOST", "PORT", "NAME", "USER", "PASSWORD"):
            assert printed[f"{prefix}_{part}"]


def test_a_server_that_was_never_started_does_not_run(run: Run) -> None:
    assert run("status").returncode == cli.NOT_RUNNING
    assert run("stop").returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--scale", "0"],
        ["demo", "--scale", "2", "--advance", "1"],
        ["demo", "--advance", "x"],
        ["demo", "--advance", "3.5"],
        ["demo", "--seed", "x"],
        ["env", "extra"],
        ["roles", "--login", "a", "--zones", "foo"],
        ["roles", "--zones", "1"],
        ["roles", "--role", "dwh_analyst"],
        ["roles", "--login", ""],
        ["backup", "--keep", "0"],
        ["restore"],
        ["dashboards", "--port", "70000"],
        ["install-schedule", "--with", "night"],
        ["install-schedule", "--with", ""],
        ["install-schedule", "--with", "backup", "--remove"],
        ["alert", "--test", "--dry-run"],
        ["nonsense"],
        ["--nonsense"],
    ],
)
def test_wrong_words_end_by_2(words: list[str], run: Run) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage:" in done.stderr


@pytest.mark.parametrize(
    "word",
    [
        *("", "env", "start", "stop", "status", "demo", "setup"),
        *("backup", "restore", "alert", "install-schedule"),
        *("roles", "catalogue", "dashboards"),
    ],
)
def test_every_word_has_help(word: str, run: Run) -> None:
    done = run(*word.split(), "--help")
    assert done.returncode == 0
    assert "usage:" in done.stdout


def test_env_file_is_made_from_the_example_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".env"
    monkeypatch.setattr(cli, "env_file", lambda: path)
    cli.create_env_file()
    assert "DWH_DB_HOST=" in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("DWH_THREADS=1\n", encoding="utf-8")
    cli.create_env_file()
    assert path.read_text(encoding="utf-8") == "DWH_THREADS=1\n"


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (UserError("one\ntwo"), 1, 2),
        (KeyboardInterrupt(), 130, 1),
        (OSError(28, "No space left on device", "/full/disk"), 1, 2),
        (PermissionError(13, "Permission denied", "/not/yours"), 1, 2),
        (ValueError("a defect\nof ours"), 1, 2),
    ],
)
def test_every_end_is_a_message(
    error: BaseException,
    code: int,
    lines: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "STATE", tmp_path)
    monkeypatch.setattr(cli, "load_settings", fail)
    assert cli.main(["env"]) == code
    said = capsys.readouterr().err
    assert len(said.splitlines()) == lines and "Traceback" not in said
    traces = list((tmp_path / "logs").glob("*.log")) if isinstance(error, ValueError) else []
    assert all("in fail" in trace.read_text() and str(trace) in said for trace in traces)
    assert len(traces) == isinstance(error, ValueError)


def test_a_source_that_may_not_be_read_is_refused_with_its_grant(
    run: Run, variables: dict[str, str], source_server: Server
) -> None:
    with connect(source_server) as connection:
        for table in read_source_tables():
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            connection.execute(f"create table {table.name} ({columns})".encode())
        connection.execute("create role lecteur login password 'lire'")
    try:
        reader = replace(source_server, user="lecteur", password="lire")
        mine = variables | {"SOURCE_DB_USER": reader.user, "SOURCE_DB_PASSWORD": reader.password}
        assert_refused(run(**mine), "GRANT SELECT ON", '"lecteur"')
    finally:
        with connect(source_server) as connection:
            connection.execute("drop role lecteur")
