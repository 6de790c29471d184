"""CPU seconds of the client, its whole process tree, beside those of plain dbt in the same run.

python -m benchmarks.client: a demo warehouse of its own, in a folder that it removes; five minutes.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from tabulate import tabulate

from benchmarks.checkout import copy_checkout

BARE = "dbt build"


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

        def after(*before: str) -> Callable[[], tuple[float, float]]:
            def measured() -> tuple[float, float]:
                client.run(*before)
                return client.run("--no-docs")

            return measured

        def unchanged_night() -> tuple[float, float]:
            # As on another day: else it would be a look.
            client.forget_the_last_run()
            return client.run("--no-docs")

        cases: dict[str, Callable[[], tuple[float, float]]] = {
            BARE: lambda: client.dbt("build", "--quiet", "--exclude-resource-type", "unit_test"),
            "all nodes": lambda: client.run("--no-docs", "--all-nodes"),
            "nothing changed, a look": lambda: client.run(),
            "a day at the source": after("demo", "--advance", "1"),
            "nothing changed, a night": unchanged_night,
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
