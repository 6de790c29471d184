"""A look at the services that are configured: what hangs costs one time limit, and no more."""

import json
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import OperationFailure

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.monitor import services
from sigeti_dwh.monitor.health import check_health, check_service
from sigeti_dwh.monitor.services import Service, as_json, look_at
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse.database import connect

from .conftest import at

REDIS = shutil.which("redis-server")
SESSIONS = "select count(*) from pg_stat_activity where application_name = 'monitor_dwh'"
EVERY = ("warehouse", "source", "prefect", "mongodb", "redis")


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the variables in force, which a test may fill."""
    given: dict[str, str] = {}
    monkeypatch.setattr(services, "read_variables", lambda: given)
    return given


@pytest.fixture
def deaf() -> Iterator[int]:
    """Return a port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def server_at(role: str, port: int) -> Server:
    return Server(role, "127.0.0.1", port, "base", "user", "p", "disable", embedded=False)


def settings_at(port: int) -> Settings:
    return Settings(source=server_at("source", port), warehouse=server_at("warehouse", port))


def name_all(variables: dict[str, str], port: int) -> None:
    """Let the variables name a server of each kind."""
    place = f"127.0.0.1:{port}"
    variables["PREFECT_API_URL"] = f"http://user:secret@{place}/api"
    variables["DWH_HEALTH_MONGO"] = f"mongodb://user:secret@{place}/base"
    variables["DWH_HEALTH_REDIS"] = f"redis://user:secret@{place}/0"


def test_services_that_hang_cost_their_time_limit_once(
    variables: dict[str, str], deaf: int
) -> None:
    name_all(variables, deaf)
    started = time.monotonic()
    found = look_at(settings_at(deaf), seconds=4)
    # One after the other would take five times the limit.
    assert time.monotonic() - started < 20
    assert [one.name for one in found] == list(EVERY)
    assert {one.status for one in found} == {"critical"}
    assert all(one.message for one in found)


def test_services_that_are_not_there_are_told_without_passwords(
    variables: dict[str, str], deaf: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    name_all(variables, free)
    found = look_at(settings_at(free), seconds=2)
    told = as_json(found, datetime.now(UTC))
    assert told.count('"critical"') == len(EVERY) and "secret" not in told
    checks = {one.what: one for one in check_health(settings_at(free), found)}
    assert list(checks) == [f"{name}: connection" for name in EVERY]
    assert checks["prefect: connection"].state == "warning", "nights run without it"
    assert "DWH_HEALTH_REDIS" in checks["redis: connection"].advice
    assert "nothing answers there" in checks["warehouse: connection"].value


@pytest.mark.parametrize(
    ("variable", "address", "said"),
    [
        ("DWH_HEALTH_REDIS", "http://here", "must specify one of the following schemes"),
        ("DWH_HEALTH_MONGO", "http://here", "URI must begin with"),
        ("DWH_HEALTH_REDIS", "redis://:pa/ss55@here:1/0", "DWH_HEALTH_REDIS is no address"),
        ("PREFECT_API_URL", "http://user:pass55@127.0.0.1/api", "127.0.0.1"),
    ],
)
def test_a_wrong_address_is_told(
    variables: dict[str, str], variable: str, address: str, said: str
) -> None:
    variables[variable] = address
    found = look_at(settings_at(1), seconds=2)[-1]
    assert found.message is not None and said in found.message
    assert "ss55" not in found.message
    assert check_service(found).advice


def test_databases_tell_what_they_are(server: EmbeddedServer, variables: dict[str, str]) -> None:
    settings = Settings(at(server, "source", "postgres"), at(server, "warehouse", "postgres"))
    moment = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
    told = json.loads(as_json(look_at(settings), moment))
    assert told["timestamp"] == "2026-11-30T09:05:00Z"
    for name in ("source", "warehouse"):
        one = told["services"][name]
        assert one["status"] == "ok" and one["version"].startswith("PostgreSQL ")
        assert one["latency_ms"] > 0 and one["size_bytes"] > 1_000_000 and one["clients"] >= 1
        assert "place" not in one and "message" not in one
    with connect(settings.warehouse, autocommit=True) as connection:
        deadline = time.monotonic() + 60
        while connection.execute(SESSIONS).fetchone() != (0,):
            assert time.monotonic() < deadline, "the look's connections stay open"
            time.sleep(0.05)


class MongoStandIn:
    """What is asked of pymongo's client; a server has no package that a test could start."""

    closed = False

    def __init__(self, address: str, *, may_ask: bool) -> None:
        self.may_ask = may_ask

    def __enter__(self) -> "MongoStandIn":
        return self

    def __exit__(self, *error: object) -> None:
        self.closed = True

    def server_info(self) -> dict[str, Any]:
        """Return what every login may know."""
        return {"version": "7.0.5"}

    def get_default_database(self, name: str) -> "MongoStandIn":
        """Return itself, which takes commands as well."""
        return self

    def command(self, command: str) -> dict[str, Any]:
        """Answer the commands that an administrator may ask."""
        if not self.may_ask:
            raise OperationFailure("not authorized on admin")
        return {
            "serverStatus": {"connections": {"current": 4}, "mem": {"resident": 100}},
            "dbStats": {"storageSize": 8192.0},
        }[command]


@pytest.mark.parametrize("may_ask", [True, False])
def test_a_mongodb_tells_what_it_may(
    may_ask: bool, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MongoStandIn("", may_ask=may_ask)
    monkeypatch.setattr(pymongo, "MongoClient", lambda *_, **__: client)
    variables["DWH_HEALTH_MONGO"] = "mongodb://user:secret@here:27017/base"
    found = look_at(settings_at(1), seconds=2)[-1]
    assert (found.status, found.version, found.place) == ("ok", "MongoDB 7.0.5", "here:27017")
    told = (found.size_bytes, found.memory_bytes, found.clients)
    assert told == ((8192, 104_857_600, 4) if may_ask else (None, None, None))
    assert client.closed


@pytest.mark.skipif(REDIS is None, reason="no redis-server")
def test_a_redis_tells_what_it_is(variables: dict[str, str], tmp_path: Path) -> None:
    assert REDIS is not None
    password, path = secrets.token_hex(8), tmp_path / "redis.sock"
    with ExitStack() as stack:
        redis = stack.enter_context(
            subprocess.Popen(
                [REDIS, "--port", "0", "--unixsocket", str(path), "--save", "",
                 "--requirepass", password, "--dir", str(tmp_path)],
                stdout=subprocess.DEVNULL,
            )
        )  # fmt: skip
        stack.callback(redis.terminate)
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        variables["DWH_HEALTH_REDIS"] = f"unix://:{password}@{path}"
        for _ in range(2):
            found = look_at(settings_at(1))[-1]
            assert found.status == "ok" and str(found.version).startswith("Redis ")
            assert found.memory_bytes and found.latency_ms is not None
            assert found.clients == 1, "a look leaves no connection behind"
        variables["DWH_HEALTH_REDIS"] = f"unix://:wrong@{path}"
        refused = look_at(settings_at(1))[-1]
        assert refused.status == "critical" and "password" in str(refused.message)


def test_what_is_known_of_a_service_is_a_line() -> None:
    service = Service(
        "redis", "ok", "here:6379", "Redis 7", latency_ms=1.5, memory_bytes=2_000_000, clients=3
    )
    assert str(service) == "Redis 7 at here:6379, 0.002 s, 2 MB of memory, connections: 3"


def test_two_looks_of_one_second_are_kept_as_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "own_documents", lambda area: tmp_path / area)
    settings = replace(settings_at(1), areas={services.KEPT_FOR: ""})
    second = datetime(2026, 11, 30, 7, tzinfo=UTC)
    for part in (1, 2):
        at = second + timedelta(microseconds=part)
        assert services.keep(settings, [Service("redis", "ok")], at) is None
    kept = (tmp_path / services.KEPT_FOR / "health_checks.ndjson").read_text().splitlines()
    assert len({json.loads(line)["timestamp"] for line in kept}) == 2
