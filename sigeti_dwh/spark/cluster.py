"""A cluster of this machine, to try Spark and to test: a master, two workers, a Thrift server.

Each is a process of its own with one core, on 127.0.0.1. Its catalog is Iceberg's over JDBC, in a
database of the embedded PostgreSQL; its files are in one folder.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.embedded.ports import HOST, free_port
from sigeti_dwh.embedded.process import command_line
from sigeti_dwh.errors import UserError
from sigeti_dwh.folders import write_private
from sigeti_dwh.settings import STATE
from sigeti_dwh.spark.programs import Programs
from sigeti_dwh.spark.server import SparkServer

CATALOG = "sigeti"
CATALOG_DATABASE = "sigeti_iceberg"
WORKERS = 2
"""Of one core each, unless another number is asked for."""
START_SECONDS = 180
STOP_SECONDS = 20
LOGGING = """\
rootLogger.level = warn
logger.statements.name = org.apache.spark.sql.hive.thriftserver.SparkExecuteStatementOperation
logger.statements.level = info
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""


@dataclass
class Running:
    """The ports and processes of a cluster that was started."""

    master_port: int
    thrift_port: int
    processes: dict[str, int] = field(default_factory=dict)
    """`master`, `worker1`, …, `thrift` → number of the process."""


class Cluster:
    """The cluster of one folder."""

    def __init__(self, home: Path = STATE / "spark", workers: int = WORKERS) -> None:
        self.home = home.resolve()
        self.workers = workers

    def start(
        self,
        programs: Programs,
        postgres: EmbeddedServer,
        report: Callable[[str], None] = print,
    ) -> SparkServer:
        """Start all of it, the embedded server too, and return the Thrift server.

        One that runs is stopped first. Raises UserError when a process ends or does not answer.
        """
        self.stop()
        postgres.start()
        postgres.create_database(CATALOG_DATABASE)
        for name in ("conf", "work", "logs", "tmp"):
            (self.home / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        running = Running(free_port(), free_port())
        (self.home / "conf" / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
        write_private(self._settings_file, self._settings(programs, postgres, running))
        report(f"Starting Spark on {HOST}: a master, {self.workers} workers, a Thrift server.")
        try:
            self._launch(programs, running)
        except BaseException:
            self.stop()
            raise
        return self.server(running.thrift_port)

    def start_thrift(self, programs: Programs, **settings: str) -> None:
        """Start the Thrift server of a running cluster again, at its port, after it was killed.

        `settings` are more of hive.server2's, with `_` for each dot.
        """
        running = self._running()
        assert running is not None
        self._launch_thrift(programs, running, settings)

    def start_worker(self, programs: Programs, number: int) -> None:
        """Start a worker of a running cluster again after it was killed."""
        running = self._running()
        assert running is not None
        self._launch_worker(programs, running, number)

    def stop(self) -> bool:
        """End every process; return whether one was running."""
        running = self._running()
        if running is None:
            return False
        # Workers last: they end what the Thrift server left.
        alive = [pid for name in reversed(running.processes) if (pid := self.process(name))]
        for signalled in (signal.SIGTERM, signal.SIGKILL):
            for pid in alive:
                _signal(pid, signalled)
            deadline = time.monotonic() + STOP_SECONDS
            while any(map(self._is_ours, alive)) and time.monotonic() < deadline:
                time.sleep(0.1)
        self._state_file.unlink()
        return bool(alive)

    def process(self, name: str) -> int | None:
        """Return the number of a process that is alive, by its name; None of any other."""
        running = self._running()
        pid = running.processes.get(name) if running else None
        return pid if pid is not None and self._is_ours(pid) else None

    def server(self, port: int) -> SparkServer:
        """Return the Thrift server at a port."""
        return SparkServer(HOST, port, "NONE", "sigeti", "", "", CATALOG)

    @property
    def _state_file(self) -> Path:
        return self.home / "running.json"

    @property
    def _settings_file(self) -> Path:
        return self.home / "conf" / "spark-defaults.conf"

    def _running(self) -> Running | None:
        try:
            return Running(**json.loads(self._state_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def _is_ours(self, pid: int) -> bool:
        return str(self.home) in command_line(pid)

    def _launch(self, programs: Programs, running: Running) -> None:
        master = self._spawn(
            programs,
            running,
            "master",
            "org.apache.spark.deploy.master.Master",
            *("--host", HOST, "--port", str(running.master_port), "--webui-port", "0"),
        )
        self._wait(master, "master", running.master_port)
        for number in range(1, self.workers + 1):
            self._launch_worker(programs, running, number)
        self._launch_thrift(programs, running)

    def _launch_worker(self, programs: Programs, running: Running, number: int) -> None:
        self._spawn(
            programs,
            running,
            f"worker{number}",
            "org.apache.spark.deploy.worker.Worker",
            *("--host", HOST, "--cores", "1", "--memory", "1g", "--webui-port", "0"),
            *("--work-dir", str(self.home / "work"), f"spark://{HOST}:{running.master_port}"),
        )

    def _launch_thrift(
        self, programs: Programs, running: Running, settings: Mapping[str, str] | None = None
    ) -> None:
        hive = {
            "thrift_bind_host": HOST,
            "thrift_port": str(running.thrift_port),
            **(settings or {}),
        }
        thrift = self._spawn(
            programs,
            running,
            "thrift",
            "org.apache.spark.deploy.SparkSubmit",
            *("--master", f"spark://{HOST}:{running.master_port}"),
            # By --jars the classes would be lost in the second session.
            *("--driver-class-path", programs.class_path),
            *("--properties-file", str(self._settings_file)),
            *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"),
            "spark-internal",
            *(
                word
                for name, value in hive.items()
                for word in ("--hiveconf", f"hive.server2.{name.replace('_', '.')}={value}")
            ),
        )
        self._wait(thrift, "thrift", running.thrift_port)

    def _spawn(
        self, programs: Programs, running: Running, name: str, main: str, *words: str
    ) -> subprocess.Popen[bytes]:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPARK_", "PYSPARK_", "DWH_", "SOURCE_DB_", "PYTHON"))
        }
        environment |= {
            # Spark takes its Thrift server for a daemon too.
            "SPARK_DAEMON_MEMORY": "1g" if name == "thrift" else "256m",
            "SPARK_HOME": str(programs.spark),
            "SPARK_CONF_DIR": str(self.home / "conf"),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_LOCAL_DIRS": str(self.home / "tmp"),
            # By this a process is known to be of this folder.
            "SPARK_DAEMON_JAVA_OPTS": f"-Dsigeti.home={self.home}",
            "SPARK_SUBMIT_OPTS": f"-Dsigeti.home={self.home}",
        }
        with (self.home / "logs" / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(programs.spark / "bin" / "spark-class"), main, *words],
                cwd=self.home / "tmp",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        running.processes[name] = process.pid
        write_private(self._state_file, json.dumps(asdict(running)))
        return process

    def _wait(self, process: subprocess.Popen[bytes], name: str, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            log = self.home / "logs" / f"{name}.log"
            if process.poll() is not None or time.monotonic() > deadline:
                raise UserError(f"Spark's {name} did not start.\nWhy: the end of {log}")
            time.sleep(0.2)

    def _settings(self, programs: Programs, postgres: EmbeddedServer, running: Running) -> str:
        catalog = f"spark.sql.catalog.{CATALOG}"
        address = f"jdbc:postgresql://{postgres.host}:{postgres.port}/{CATALOG_DATABASE}"
        settings = {
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.executor.memory": "1g",
            "spark.executor.cores": "1",
            "spark.executor.extraClassPath": programs.class_path,
            "spark.ui.enabled": "false",
            # Of two cores: more parts cost more than they save.
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(self.home / "spark-warehouse"),
            "spark.hadoop.javax.jdo.option.ConnectionURL": (
                "jdbc:derby:memory:metastore;create=true"
            ),
            "spark.sql.extensions": (
                "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
            ),
            "spark.sql.defaultCatalog": CATALOG,
            catalog: "org.apache.iceberg.spark.SparkCatalog",
            f"{catalog}.type": "jdbc",
            f"{catalog}.uri": address,
            f"{catalog}.jdbc.user": postgres.user,
            f"{catalog}.jdbc.password": postgres.password,
            # The first version of its tables knows no views.
            f"{catalog}.jdbc.schema-version": "V1",
            f"{catalog}.warehouse": f"file://{self.home / 'warehouse'}",
            f"{catalog}.cache-enabled": "false",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.session.timeZone": "UTC",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


@contextmanager
def started(
    programs: Programs,
    postgres: EmbeddedServer,
    cluster: Cluster,
    *,
    keep: bool = False,
    report: Callable[[str], None] = print,
) -> Iterator[SparkServer]:
    """Start a cluster, and stop it at the end unless it is to be kept."""
    server = cluster.start(programs, postgres, report)
    try:
        yield server
    finally:
        if not keep:
            cluster.stop()
            report("Stopped Spark.")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
