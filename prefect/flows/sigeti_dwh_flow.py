"""The flow of a night: from the source to tested, published marts.

Run by its path, or by ./run_pipeline.sh: python prefect/flows/sigeti_dwh_flow.py
"""

import argparse
import sys
import time
from typing import Any

from sigeti_dwh.night.orchestration import end_killed, prepare_process, run_by_path

prepare_process()

# Prefect and dbt read the environment when they are imported.
from prefect import Task, flow, get_run_logger, task  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas import State, TaskRun  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402

from sigeti_dwh.alerts import left_out_wrongly, published  # noqa: E402
from sigeti_dwh.alerts.thresholds import read_thresholds  # noqa: E402
from sigeti_dwh.errors import RetryableError, UserError  # noqa: E402
from sigeti_dwh.folders import words  # noqa: E402
from sigeti_dwh.load.records import LoadResult  # noqa: E402
from sigeti_dwh.morning.command import after_publication  # noqa: E402
from sigeti_dwh.night.engine import Engine  # noqa: E402
from sigeti_dwh.night.layers import LAYERS, Layer  # noqa: E402
from sigeti_dwh.night.look import code_version  # noqa: E402
from sigeti_dwh.night.nodes import NodeTaskRuns  # noqa: E402
from sigeti_dwh.night.profiles import write_profiles  # noqa: E402
from sigeti_dwh.night.project import Project  # noqa: E402
from sigeti_dwh.night.results import LayerResult, RunSummary  # noqa: E402
from sigeti_dwh.night.run_log import RunLog  # noqa: E402
from sigeti_dwh.settings import Settings, load_settings  # noqa: E402
from sigeti_dwh.warehouse.connection_check import check  # noqa: E402

WAITS = [5, 15, 40]
"""Seconds before each new attempt at what can pass by waiting."""

went_through: list[RunSummary] = []
"""The runs of this process that ended well: Prefect may lose its server before it hands one on."""


def say(line: str) -> None:
    """Tell the console and the Prefect run."""
    print(line, flush=True)
    get_run_logger().info(line)


def can_pass(step: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Tell whether to try again: a lost connection or a lock, never a failed test."""
    if not isinstance(state.data, RetryableError):
        return False
    say(f"{state.data}\nTrying again in {WAITS[run.run_count - 1]} s.")
    return True


STEP: dict[str, Any] = {
    "retries": len(WAITS),
    "retry_delay_seconds": WAITS,
    "retry_condition_fn": can_pass,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="check connections", task_run_name="check connections", **STEP)
def check_connections(settings: Settings) -> None:
    """Check that both databases answer and can serve, before anything is written."""
    for line in check(settings):
        say(line)


@task(name="read project", task_run_name="read project", **STEP)
def read_project(project: Project) -> None:
    """Parse the dbt project: a mistake in it shows before the load, not after."""
    write_profiles(project.settings)
    read_thresholds()
    project.parse()


@task(name="load", task_run_name="load", **STEP)
def load_source(engine: Engine, accept_loss: bool, by_value: bool) -> LoadResult:
    """Copy what changed at the source, in one snapshot of it."""
    return engine.load(say, accept_loss=accept_loss, by_value=by_value)


@task(name="load documents", task_run_name="load {area}", **STEP)
def load_documents(engine: Engine, area: str, accept_loss: bool) -> None:
    """Copy what changed at the source of an optional area."""
    engine.load_area(area, say, accept_loss=accept_loss)


@task(name="layer", task_run_name="{layer.name}", **STEP)
def build_layer(project: Project, layer: Layer, area: str | None = None) -> LayerResult:
    """Build a layer and run its tests, each dbt node a task run below this one."""
    with NodeTaskRuns() as nodes:
        return project.build(layer, on_event=nodes, area=area)


@task(name="documentation", task_run_name="documentation", **STEP)
def write_documentation(project: Project) -> None:
    """Write the documentation of the warehouse as one page."""
    project.docs()


def refresh_areas(
    project: Project, accept_loss: bool
) -> tuple[tuple[LayerResult, ...], dict[str, Exception]]:
    """Refresh each optional area that is on, in a flow run of its own below this one.

    One that fails holds back its own marts alone.
    """

    @flow(name="sigeti-dwh-area", flow_run_name="{area}", persist_result=False)
    def refresh_area(area: str) -> tuple[LayerResult, ...]:
        load_documents(project.engine, area, accept_loss)
        return tuple(build_layer(project, layer, area) for layer in LAYERS)

    done: list[LayerResult] = []
    failed: dict[str, Exception] = {}
    for area in project.areas:
        try:
            done += refresh_area(area)
        except Exception as error:
            failed[area] = error
            say(f"{area} failed: {words(error)}")
    return tuple(done), failed


def areas_failed(failed: dict[str, Exception]) -> UserError:
    """Return the error of a night whose optional areas failed."""
    reasons = "\n".join(f"{area}: {words(error)}" for area, error in failed.items())
    error = UserError(f"{reasons}\nIts marts stay as they were; those of SIGETI are published.")
    error.__cause__ = next(iter(failed.values()))
    return error


@flow(name="sigeti-dwh", persist_result=False)
def sigeti_dwh(
    full_refresh: bool = False,
    full_tests: bool = False,
    select: str | None = None,
    docs: bool = True,
    from_failure: bool = False,
    accept_loss: bool = False,
    all_nodes: bool = False,
    look: bool = False,
) -> RunSummary:
    """Check the connections, load, build and test each layer, publish, write the documentation.

    The first step that fails ends the run and makes it Failed: no layer is built on one that is
    wrong. Models and tests are left out when nothing is newer than what they last did, unless
    `all_nodes`, and but once a week. With `from_failure` the layers that a failed run finished are
    left out, unless the source has changed since; with `accept_loss` a source that lost most of its
    rows is loaded as it is; a `look` is recorded apart from nights.

    Raises UserError whose message names the model or test and the reason; BusyError when another
    run works on the same warehouse.
    """
    started = time.monotonic()
    settings = load_settings()
    code = code_version(settings)
    check_connections(settings)
    options = f"full_refresh={full_refresh} full_tests={full_tests} "
    options += f"all_nodes={all_nodes} select={select}"
    if look:
        # Told apart from nights, which do more and take longer.
        options = f"look=True {options}"
    if from_failure:
        options += " from_failure=True"
    with RunLog(settings, options, flow_run.id) as log:
        end_killed(log.killed)
        project = Project(
            settings,
            full_refresh=full_refresh,
            full_tests=full_tests,
            all_nodes=all_nodes or log.is_due_whole(),
            select=select,
            report=say,
            on_layer=log.layer,
        )
        read_project(project)
        if from_failure:
            log.check_failed_before()
        loaded = load_source(project.engine, accept_loss, by_value=full_refresh)
        log.loaded(loaded.run_id)
        finished: list[str] = []
        if from_failure:
            finished = log.finished_before(
                {layer.name: nodes for layer, nodes in project.nodes.items()}
            )
            say(f"taking up after: {', '.join(['load', *finished])}")
        layers = tuple(
            build_layer(project, layer) for layer in LAYERS if layer.name not in finished
        )
        of_areas, failed = refresh_areas(project, accept_loss)
        if docs:
            write_documentation(project)
        if select is None:
            if not finished and not project.left_out:
                log.whole()
            if not failed:
                log.leaves(code)
            project.engine.remember_publication()
            published(settings)
            after_publication(settings, look)
        if project.missed:
            left_out_wrongly([str(node) for node in project.missed])
        summary = RunSummary(
            loaded,
            layers + of_areas,
            time.monotonic() - started,
            missed=tuple(project.missed),
        )
    if failed:
        raise areas_failed(failed)
    went_through.append(summary)
    return summary


def main() -> int:
    """Run the flow once and return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    return run_by_path(lambda: print(f"Done in {sigeti_dwh().seconds:.0f} s."))


if __name__ == "__main__":
    sys.exit(main())
