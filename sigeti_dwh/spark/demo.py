"""`spark-demo`: the demo source through a night on each engine of this machine, and compared.

All of it is in a folder of its own, and begins afresh: no warehouse that is there is touched.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

from psycopg import sql

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import EMBEDDED_DATABASES, MADE, SPARK_RECORDS, STATE, Server
from sigeti_dwh.spark.cluster import CATALOG_DATABASE, Cluster, started
from sigeti_dwh.spark.compare import compare
from sigeti_dwh.spark.packages import install_packages
from sigeti_dwh.spark.programs import install
from sigeti_dwh.spark.server import SparkServer
from sigeti_dwh.warehouse.database import connect

PROGRAMS = STATE / "spark"
HOME = PROGRAMS / "demo"
"""Where the demo has its servers and all that they keep."""


def demonstrate(*, keep: bool = False) -> int:
    """Run both nights and compare them; return 0 if all is equal, else 1.

    Raises UserError for what is missing on this machine, and for a night that failed.
    """
    began = time.monotonic()
    install_packages()
    programs = install(PROGRAMS)
    stop()
    postgres = EmbeddedServer(HOME / "postgres")
    _empty(postgres)
    profile = MADE / "profiles.yml"
    before = profile.read_bytes() if profile.exists() else None
    try:
        with started(programs, postgres, Cluster(HOME), keep=keep) as server:
            _night("PostgreSQL", {})
            _night("Spark", server.environment())
            differing = _compared(warehouse_of(postgres), server)
    finally:
        if not keep:
            postgres.stop()
        if before is not None:
            profile.write_bytes(before)
    print(f"Done in {time.monotonic() - began:.0f} s.")
    if keep:
        print(_how_to_go_on(server))
    return 1 if differing else 0


def stop() -> bool:
    """Stop what was kept; return whether it was running."""
    running = Cluster(HOME).stop()
    return EmbeddedServer(HOME / "postgres").stop() or running


def warehouse_of(postgres: EmbeddedServer) -> Server:
    """Return the warehouse that the night on PostgreSQL makes on an embedded server."""
    return Server(
        role="warehouse",
        host=postgres.host,
        port=postgres.port,
        name=EMBEDDED_DATABASES["warehouse"],
        user=postgres.user,
        password=postgres.password,
        sslmode="disable",
        embedded=True,
    )


def environment() -> dict[str, str]:
    """Return the environment of a night of the demo: nothing of a configured warehouse."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SOURCE_DB_", "DWH_", "DBT_", "PG"))
    }
    return kept | {"DWH_ENV_FILE": os.devnull, "DWH_STATE_DIR": str(HOME)}


def _empty(postgres: EmbeddedServer) -> None:
    """Drop what an earlier demo has made."""
    postgres.start()
    server = replace(warehouse_of(postgres), name="postgres")
    with connect(server, autocommit=True) as connection:
        for name in (*EMBEDDED_DATABASES.values(), SPARK_RECORDS, CATALOG_DATABASE):
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )
    shutil.rmtree(HOME / "warehouse", ignore_errors=True)


def _night(engine: str, variables: dict[str, str]) -> None:
    print(f"\n== a night on {engine}", flush=True)
    command = [sys.executable, "-P", "-m", "sigeti_dwh", "--no-docs", "--full-tests"]
    if subprocess.run(command, env=environment() | variables, check=False).returncode != 0:
        raise UserError(f"The night on {engine} failed; it says above why.")


def _compared(postgres: Server, server: SparkServer) -> int:
    print("\n== both engines compared", flush=True)
    found = []
    for comparison in compare(postgres, server):
        print(comparison, flush=True)
        found.append(comparison)
    differing = sum(one.differing > 0 for one in found)
    equal = len(found) - differing
    print(f"{equal} of {len(found)} relations are equal, row for row.")
    return differing


def _how_to_go_on(server: SparkServer) -> str:
    settings = " ".join(f"{name}={value}" for name, value in server.environment().items() if value)
    return (
        "The cluster runs on. Another night on it:\n"
        f"  DWH_ENV_FILE=/dev/null DWH_STATE_DIR={HOME} {settings} ./run_pipeline.sh\n"
        "Stop it:\n  ./run_pipeline.sh spark-demo --stop"
    )
