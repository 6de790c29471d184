"""One night, in a process of its own as each night is: its memory and CPU are no other's."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.meter import Cost, Meter
from sigeti_dwh.night.layers import Layer
from sigeti_dwh.settings import Settings

if TYPE_CHECKING:
    from sigeti_dwh.night.project import Project

STEPS = {
    "dimensions": ("models/staging/", "snapshots/", "models/dimensions/"),
    "facts": ("models/facts/",),
    # These are there for the marts alone.
    "marts": (
        "models/facts/summaries/int_factures_par_mois",
        "models/facts/summaries/int_paiements_par_mois",
        "models/marts/",
    ),
    "tests": ("tests/",),
    "publication": ("models/publication/",),
}
"""The folders of each step's nodes: the last that fits. All tests before it are one step."""


def run(settings: Settings, folder: Path, *, full: bool = False) -> dict[str, Cost]:
    """Run a night, `full` with everything made and tested anew; return the cost of each step."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_run, settings, folder, full).result()


def _run(settings: Settings, folder: Path, full: bool) -> dict[str, Cost]:
    meter = Meter(settings.warehouse, partial(print, flush=True))
    with meter.measure("start"):
        # Here, because the process that measures the floors must stay small.
        from sigeti_dwh.load.night_load import load
        from sigeti_dwh.night.profiles import write_profiles
        from sigeti_dwh.night.project import Project

        write_profiles(settings, folder)
        project = Project(
            settings, full_refresh=full, full_tests=full, folder=folder, report=_silent
        )
        project.parse()
    with meter.measure("load"):
        load(settings, report=_silent, by_value=full)
    project.nodes = _steps(project)
    for step in project.nodes:
        with meter.measure(step.name):
            project.build(step)
    return meter.costs


def _steps(project: "Project") -> dict[Layer, list[str]]:
    """Return the nodes of all layers, by step instead of by layer."""
    assert project.manifest is not None
    found: dict[str, list[str]] = {step: [] for step in STEPS}
    for layer, nodes in project.nodes.items():
        for node in nodes:
            path = project.manifest.nodes[node].original_file_path
            # What is published is tested in its own step.
            tested = node.startswith("test.") and layer.name != "publication"
            folder = "tests/" if tested else path
            fitting = [step for step, folders in STEPS.items() if folder.startswith(folders)]
            found[fitting[-1]].append(node)
    return {Layer(step, "", ""): nodes for step, nodes in found.items()}


def _silent(line: str) -> None:
    pass
