"""MetricFlow, asked as an analyst asks it."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

from sigeti_dwh.night.profiles import profile_variables, write_profiles

from .warehouse import Warehouse

Rows = list[dict[str, str]]


def metricflow(warehouse: Warehouse, folder: Path) -> Callable[..., Rows]:
    """Return a function that asks MetricFlow for metrics, by dimensions or in all."""
    write_profiles(warehouse.settings, folder)
    environment = {
        **os.environ,
        **profile_variables(warehouse.settings),
        "DBT_PROFILES_DIR": str(folder),
        # mf asks the package index for a newer version, and has no switch against it.
        "https_proxy": "http://127.0.0.1:9",
    }
    programs = Path(sys.executable).parent

    def run(program: str, *words: str) -> None:
        done = subprocess.run(
            [programs / program, *words],
            cwd=warehouse.folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def ask(metrics: list[str], *by: str) -> Rows:
        answer = folder / "answer.csv"
        grouped = ["--group-by", ",".join(by)] if by else []
        run("mf", "query", "--metrics", ",".join(metrics), *grouped, "--csv", str(answer))
        with answer.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    run("dbt", "--quiet", "parse")
    return ask


def differing(
    warehouse: Warehouse, folder: Path, totals: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Return the metrics whose total is not that of SQL on a mart, by mart and metric."""
    asked = sorted({metric for metrics in totals.values() for metric in metrics})
    (answer,) = metricflow(warehouse, folder)(asked)
    found = []
    for mart, metrics in totals.items():
        for metric, sql in metrics.items():
            ((total,),) = warehouse.rows(f"select {sql} from {mart}")
            # MetricFlow divides in double precision.
            if abs(Decimal(total) - Decimal(answer[metric])) >= Decimal("0.000001"):
                found.append(f"{metric}: {answer[metric]}, {total} in {mart}")
    return found
