"""CPU seconds of the client, its whole process tree, beside those of plain dbt in the same run.

With a Prefect server that is up, that server's seconds are counted as well.

python -m benchmarks.client: a demo warehouse of its own, in a folder that it removes; ten minutes.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
from tabulate import tabulate

from benchmarks.checkout import copy_checkout
from benchmarks.meter import server_cpu
from sigeti_dwh.embedded.ports import free_port

BARE = "dbt build"
START_SECONDS = 300.0
STILL, STILL_SECONDS = 0.3, 5.0
"""A server that used less CPU than the first, in so many seconds, has done its work."""


class Client:
    """A copy of the checkout, with an embedded server and a demo source."""

    def __init__(self, folder: Path) -> None:
        self.folder = copy_checkout(folder)
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "PYTHONPATH": str(folder),
            "DWH_ENV_FILE": os.devnull,
            "DO_NOT_TRACK": "1",
        }

    def run(self, *words: str) -> tuple[float, float]:
        """Run a command of ours; return its CPU seconds and its peak memory in MB."""
        return self._measured([sys.executable, "-P", "-m", "sigeti_dwh", *words])

    def dbt(self, *words: str) -> tuple[float, float]:
        """Run dbt as an analyst types it; return the same."""
        return self._measured([str(Path(sys.executable).with_name("dbt")), *words])

    def forget_the_last_run(self) -> None:
        """Let the next run look at every node, and not only whether there is something to do."""
        variables = subprocess.run(
            [sys.executable, "-P", "-m", "sigeti_dwh", "env", "--secrets"],
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        known = dict(line.split("=", 1) for line in variables)
        with psycopg.connect(
            host=known["DWH_DB_HOST"],
            port=known["DWH_DB_PORT"],
            dbname=known["DWH_DB_NAME"],
            user=known["DWH_DB_USER"],
            password=known["DWH_DB_PASSWORD"],
        ) as connection:
            connection.execute("update dwh_meta.executions set empreinte = null")

    @contextmanager
    def prefect_server(self) -> Iterator[Callable[..., tuple[float, float]]]:
        """Start a Prefect server; yield `run` with its CPU seconds added, once it is still again.

        Raises SystemExit when it does not start, or its seconds cannot be known.
        """
        port = free_port()
        home = tempfile.mkdtemp(dir=self.folder)
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)],
            cwd=home,
            env={**self.environment, "PREFECT_HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def run(*words: str) -> tuple[float, float]:
            before = _still(server.pid)
            seconds, memory = self.run(*words)
            return seconds + _still(server.pid) - before, memory

        self.environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        try:
            _wait_for(f"{self.environment['PREFECT_API_URL']}/health")
            yield run
        finally:
            del self.environment["PREFECT_API_URL"]
            server.terminate()
            server.wait()

    def _measured(self, command: Sequence[str]) -> tuple[float, float]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed (exit code {process.returncode}).")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, used.ru_maxrss / 1024


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urlopen(address):
                return
        except URLError:
            time.sleep(0.5)
    raise SystemExit("The Prefect server did not start.")


def _still(process: int) -> float:
    """Return the CPU seconds that a server has used, once it has done its work."""
    before = float("-inf")
    while (now := server_cpu(process)) is not None:
        if now - before < STILL:
            return now
        before = now
        time.sleep(STILL_SECONDS)
    raise SystemExit("The CPU seconds of a server are known on Linux alone.")


def main() -> int:
    """Measure each case some times, each beside plain dbt, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="times each is measured (3)")
    repeat = parser.parse_args().repeat
    folder = Path(tempfile.mkdtemp(prefix="client-"))
    # As root, the server runs as another user, who must get to its folder.
    folder.chmod(0o711)
    client = Client(folder)
    try:
        client.run("--no-docs")

        def a_day(run: Callable[..., tuple[float, float]]) -> tuple[float, float]:
            client.run("demo", "--advance", "1")
            return run("--no-docs")

        def unchanged_night(run: Callable[..., tuple[float, float]]) -> tuple[float, float]:
            # As on another day: else it would be a look.
            client.forget_the_last_run()
            return run("--no-docs")

        def beside_a_server(
            night: Callable[[Callable[..., tuple[float, float]]], tuple[float, float]],
        ) -> tuple[float, float]:
            with client.prefect_server() as run:
                # What a new server's first run costs it is not a night's.
                client.run("--no-docs", "--all-nodes")
                return night(run)

        cases: dict[str, Callable[[], tuple[float, float]]] = {
            BARE: lambda: client.dbt("build", "--quiet", "--exclude-resource-type", "unit_test"),
            "all nodes": lambda: client.run("--no-docs", "--all-nodes"),
            "nothing changed, a look": lambda: client.run(),
            "a day at the source": lambda: a_day(client.run),
            "nothing changed, a night": lambda: unchanged_night(client.run),
            "a day, with a Prefect server": lambda: beside_a_server(a_day),
            "nothing changed, with a Prefect server": lambda: beside_a_server(unchanged_night),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
        for number in range(repeat):
            for name, measured in cases.items():
                found[name].append(measured())
                print(f"{number + 1} of {repeat}: {name}: {found[name][-1][0]:.1f} s", flush=True)
    finally:
        client.run("stop")
        shutil.rmtree(folder)
    bare = statistics.median(seconds for seconds, _ in found[BARE])
    rows = []
    for name, measures in found.items():
        seconds = statistics.median(one for one, _ in measures)
        memory = max(one for _, one in measures)
        rows.append((name, f"{seconds:.1f}", f"{seconds / bare:.2f}", f"{memory:.0f}"))
    print(tabulate(rows, headers=("client", "CPU s", f"of {BARE}", "MB")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
