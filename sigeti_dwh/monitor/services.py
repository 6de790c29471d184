"""A look at every service that is configured: all at once, each under one time limit.

With the area exploitation on, each look is kept for it.
"""

import errno
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server, Settings, own_documents, read_variables
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.time_limit import TimeLimit, break_off

SECONDS = 10.0
OWN_SHARE = 0.6
"""What of the time limit a service's client has, so as to say itself what is wrong."""
KEPT_FOR = "exploitation"
"""The area that is told of each look."""
VERSION_SIZE_CLIENTS = """
select current_setting('server_version'), pg_database_size(current_database()),
    (select count(*) from pg_stat_activity where datname = current_database())
"""


@dataclass(frozen=True)
class Service:
    """What a look found: `status` is ok or critical; what is not known, or not told, is None."""

    name: str
    status: str
    place: str = ""
    version: str | None = None
    latency_ms: float | None = None
    size_bytes: int | None = None
    memory_bytes: int | None = None
    clients: int | None = None
    message: str | None = None
    """Why it does not serve, and what to do below."""

    def __str__(self) -> str:
        """Tell all of it in a line."""
        parts = [f"{self.version or ''} at {self.place}".strip()]
        if self.latency_ms is not None:
            parts.append(f"{self.latency_ms / 1000:.3f} s")
        for size, what in ((self.size_bytes, ""), (self.memory_bytes, " of memory")):
            if size is not None:
                parts.append(f"{size / 1_000_000:.0f} MB{what}")
        if self.clients is not None:
            parts.append(f"connections: {self.clients}")
        return ", ".join(parts)


Look = Callable[[], Service]


def look_at(settings: Settings, seconds: float = SECONDS) -> list[Service]:
    """Look at the databases and at what PREFECT_API_URL and DWH_HEALTH_* name.

    Takes no longer than `seconds`, whatever hangs.
    """
    looks = configured(settings, read_variables(), seconds)
    answers: SimpleQueue[tuple[str, Service]] = SimpleQueue()
    deadline = time.monotonic() + seconds
    for name, look in looks.items():
        # What hangs beyond its own time limit must not keep the process.
        Thread(target=_answer, args=(name, look, answers), daemon=True).start()
    silent = Service("", "critical", message=f"no answer within {seconds:g} seconds")
    found = {name: replace(silent, name=name) for name in looks}
    for _ in looks:
        try:
            name, service = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        found[name] = service
    return list(found.values())


def configured(
    settings: Settings, variables: Mapping[str, str], seconds: float = SECONDS
) -> dict[str, Look]:
    """Return how to look at each service that is configured, by its name."""
    limit = OWN_SHARE * seconds
    looks: dict[str, Look] = {
        "warehouse": partial(_postgresql, settings.warehouse, limit),
        "source": partial(_postgresql, settings.source, limit),
    }
    for name, variable, look in (
        ("prefect", "PREFECT_API_URL", _prefect),
        ("mongodb", "DWH_HEALTH_MONGO", _mongodb),
        ("redis", "DWH_HEALTH_REDIS", _redis),
    ):
        if address := variables.get(variable, "").strip():
            looks[name] = partial(_at, variable, address, partial(look, address, limit))
    return looks


def keep(settings: Settings, services: list[Service], at: datetime) -> str | None:
    """Keep a look for the area that is told of it, if it is on; return why it could not be."""
    if KEPT_FOR not in settings.areas:
        return None
    lines = [
        # To the microsecond: two looks of one second are two.
        json.dumps({"service": name, "timestamp": _text(at, "microseconds"), **told})
        for name, told in as_documents(services).items()
    ]
    path = own_documents(KEPT_FOR) / "health_checks.ndjson"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In one piece: two looks may be kept at the same time, or one while it is loaded.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            text = "".join(f"{line}\n" for line in lines).encode()
            if os.write(descriptor, text) < len(text):
                os.ftruncate(descriptor, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"This look is not kept: {path}: {error.strerror}."
    return None


def as_documents(services: list[Service]) -> dict[str, dict[str, Any]]:
    """Return what is known of each service, by its name; where it is and what is wrong is not."""
    return {
        one.name: {
            name: value
            for name, value in asdict(one).items()
            if name not in ("name", "place", "message") and value is not None
        }
        for one in services
    }


def as_json(services: list[Service], at: datetime) -> str:
    """Return a look as JSON: `timestamp`, and by name what is known of each of `services`."""
    told = as_documents(services)
    for one in services:
        if one.message is not None:
            told[one.name]["message"] = one.message
    return json.dumps({"timestamp": _text(at), "services": told}, indent=2, ensure_ascii=False)


def _text(at: datetime, unit: str = "seconds") -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=unit) + "Z"


def _at(variable: str, address: str, look: Look) -> Service:
    """Look at what an address leads to; whatever goes wrong is told without its password.

    Raises UserError for an address that cannot be read: what is said of it would hold parts of it.
    """
    try:
        parts = urlsplit(address)
        password, _ = parts.password, parts.port
    except ValueError:
        raise UserError(
            f"{variable} is no address.\nWrite / # ? and @ of a password as %2F %23 %3F and %40."
        ) from None
    try:
        return look()
    except Exception as error:
        said = _words(error)
        for secret in filter(None, (password, unquote(password or ""))):
            said = said.replace(secret, "***")
        raise UserError(said) from None


def _answer(name: str, look: Look, answers: SimpleQueue[tuple[str, Service]]) -> None:
    try:
        service = look()
    except Exception as error:
        service = Service(name, "critical", message=_words(error))
    answers.put((name, service))


def _words(error: Exception) -> str:
    """Return what an error says, without passwords, and what pymongo adds for its developers."""
    said = re.split(r" \(configured timeouts|, Timeout: ", str(error).strip())[0]
    return re.sub(r"[^\s/@:]*:[^@\s]+@", "", said) or type(error).__name__


def _place(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[2]


def _since(started: float) -> float:
    return round(1000 * (time.monotonic() - started), 2)


def _postgresql(server: Server, seconds: float) -> Service:
    started = time.monotonic()
    ours = server.role == "warehouse"
    with connect(
        server, autocommit=ours, snapshot=not ours, application_name="monitor_dwh"
    ) as connection:
        latency = _since(started)
        with TimeLimit(lambda: break_off([connection]), seconds):
            row = connection.execute(VERSION_SIZE_CLIENTS).fetchone()
    assert row is not None
    version, size, clients = row
    place = f"{server.host}:{server.port}/{server.name}"
    return Service(
        server.role,
        "ok",
        place,
        version=f"PostgreSQL {version}",
        latency_ms=latency,
        size_bytes=size,
        clients=clients,
    )


def _prefect(address: str, seconds: float) -> Service:
    started = time.monotonic()
    place = _place(address)
    url = urlsplit(address)._replace(netloc=place).geturl()
    try:
        with urlopen(f"{url.rstrip('/')}/health", timeout=seconds) as answer:
            answer.read()
    except (OSError, ValueError, HTTPException) as error:
        raise UserError(f"{place}: {getattr(error, 'reason', error)}") from None
    return Service("prefect", "ok", place, latency_ms=_since(started))


def _mongodb(address: str, seconds: float) -> Service:
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure

    limit = int(1000 * seconds)
    client: MongoClient[dict[str, Any]]
    with MongoClient(
        address,
        serverSelectionTimeoutMS=limit,
        connectTimeoutMS=limit,
        socketTimeoutMS=limit,
        retryReads=False,
    ) as client:
        started = time.monotonic()
        version = client.server_info()["version"]
        latency = _since(started)

        def told(command: str) -> Mapping[str, Any]:
            # Only who has clusterMonitor may ask.
            try:
                return client.get_default_database("admin").command(command)
            except OperationFailure:
                return {}

        status, size = told("serverStatus"), told("dbStats")
    megabytes = status.get("mem", {}).get("resident")
    return Service(
        "mongodb",
        "ok",
        _place(address),
        version=f"MongoDB {version}",
        latency_ms=latency,
        size_bytes=None if not size else int(size["storageSize"]),
        memory_bytes=None if megabytes is None else 1_048_576 * megabytes,
        clients=status.get("connections", {}).get("current"),
    )


def _redis(address: str, seconds: float) -> Service:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import NoPermissionError
    from redis.retry import Retry

    with Redis.from_url(
        address,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        started = time.monotonic()
        client.ping()
        latency = _since(started)
        try:
            told = client.info()
        except NoPermissionError:
            told = {}
    version = told.get("redis_version")
    return Service(
        "redis",
        "ok",
        _place(address),
        version=f"Redis {version}" if version else None,
        latency_ms=latency,
        memory_bytes=told.get("used_memory"),
        clients=told.get("connected_clients"),
    )
