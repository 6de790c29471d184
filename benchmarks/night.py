"""One night, in a process of its own as each night is: its memory and CPU are no other's."""

import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.meter import Cost, Meter
from sigeti_dwh.settings import ROOT, Settings

STEPS = {
    "dimensions": ("staging", "snapshots", "dimensions"),
    "facts": ("facts",),
    "marts": ("marts",),
}
"""The layers whose models make each step; the tests of all are the last step."""


def copy_project(folder: Path) -> Path:
    """Copy the dbt project: the checkout's profile and artifacts stay what they are."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("models", "macros", "snapshots", "tests/dbt"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "dbt_project.yml", folder)
    return folder


def run(
    settings: Settings,
    folder: Path,
    *,
    full_refresh: bool = False,
    report: Callable[[str], None] = print,
) -> dict[str, Cost]:
    """Run a night and return the cost of each of its steps."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        costs = process.submit(_run, settings, folder, full_refresh).result()
    for step, cost in costs.items():
        report(f"  {step}: database {cost.database:.2f} s CPU, {cost.rows} rows written")
    return costs


def _run(settings: Settings, folder: Path, full_refresh: bool) -> dict[str, Cost]:
    meter = Meter(settings.warehouse)
    with meter.measure("start"):
        # Here, because the process that measures the floors must stay small.
        from sigeti_dwh.layers import Layer
        from sigeti_dwh.load import load
        from sigeti_dwh.profiles import write_profiles
        from sigeti_dwh.project import Project

        write_profiles(settings, folder)
        project = Project(settings, full_refresh=full_refresh, folder=folder, report=_silent)
        project.parse()
    with meter.measure("load"):
        load(settings, report=_silent)
    planned = {layer.name: nodes for layer, nodes in project.nodes.items()}
    tests = [node for nodes in planned.values() for node in nodes if _is_test(node)]
    steps = {
        step: [node for layer in layers for node in planned[layer] if not _is_test(node)]
        for step, layers in STEPS.items()
    }
    project.nodes = {Layer(step, ""): nodes for step, nodes in (*steps.items(), ("tests", tests))}
    for layer in project.nodes:
        with meter.measure(layer.name):
            project.build(layer)
    return meter.costs


def _is_test(node: str) -> bool:
    return node.startswith("test.")


def _silent(line: str) -> None:
    pass
