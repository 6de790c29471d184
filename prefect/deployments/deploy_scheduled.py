"""Serve the nights on their schedule, against the Prefect server of PREFECT_API_URL.

Runs until it is stopped: python prefect/deployments/deploy_scheduled.py
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from sigeti_dwh.night.orchestration import import_flow, prepare_process, require_prefect_server

prepare_process()

# Prefect reads the environment when it is imported.
from httpx import HTTPError  # noqa: E402
from prefect import flow  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas import FlowRun, State  # noqa: E402
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter  # noqa: E402
from prefect.client.schemas.objects import (  # noqa: E402
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
)
from prefect.deployments.runner import RunnerDeployment  # noqa: E402
from prefect.exceptions import PrefectException, TerminationSignal  # noqa: E402
from prefect.runner import Runner  # noqa: E402
from prefect.schedules import Cron  # noqa: E402
from prefect.states import Crashed  # noqa: E402

from sigeti_dwh.alerts import check_freshness, night_ended  # noqa: E402
from sigeti_dwh.errors import NoNightError, UserError  # noqa: E402
from sigeti_dwh.night.look import nothing_changed_since  # noqa: E402
from sigeti_dwh.night.preparation import prepare, started  # noqa: E402
from sigeti_dwh.night.run_log import is_at_work  # noqa: E402
from sigeti_dwh.schedule import Schedule, read_looks, read_schedules  # noqa: E402
from sigeti_dwh.settings import read_variables  # noqa: E402

HERE = Path(__file__).resolve()
COMMANDS = HERE.parent.parent / "flows" / "dbt_command_flow.py"


def start_servers(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """Start what the settings ask for; what does not start, the flow's first step tells."""
    prepare()


def tell(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """Tell how a whole night or look ended, unless it left the work to another one."""
    error = None if state.is_completed() else state.result(raise_on_failure=False)
    if flow_run.parameters.get("select") is None and not isinstance(error, NoNightError):
        told = None if state.is_completed() else cause(state, error)
        night_ended(told, look=bool(flow_run.parameters.get("look")))


def cause(state: State[Any], error: object) -> str:
    """Return why a run failed: in the words of its error, else of Prefect."""
    return str(error) if isinstance(error, UserError) else state.message or state.name or "failed"


night = import_flow().sigeti_dwh.with_options(
    on_running=[start_servers], on_completion=[tell], on_failure=[tell], on_crashed=[tell]
)


@flow(name="sigeti-dwh-look", persist_result=False)
def look() -> None:
    """Bring the marts to what has changed since the last run, unless another run is at work."""
    settings = started()
    if not is_at_work(settings.warehouse) and nothing_changed_since(settings) is None:
        night(docs=False, look=True)


@flow(name="sigeti-dwh-freshness", persist_result=False)
def freshness() -> None:
    """Tell when no night has ended well since its time."""
    check_freshness()


def main() -> int:
    """Serve nights, looks and commands until interrupted, and return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        variables = read_variables()
        nights, checks = read_schedules(variables)
        looks = read_looks(variables)
        require_prefect_server()
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    served = [
        deployment("nightly", "night", nights),
        deployment("freshness", "freshness", checks),
        deployment("command", "dbt_command", None, COMMANDS),
    ]
    if looks is not None:
        served.append(deployment("look", "look", looks))
    end_lost_runs()
    # A night that does not end must not hold the look at it. Not paused when this stops: a night
    # that was due meanwhile then starts late, and none is lost when two serve for a moment.
    runner = Runner(limit=len(served), pause_on_shutdown=False)
    for one in served:
        runner.add_deployment(one)
    print(f"Serving sigeti-dwh/nightly at {nights}. Stop it by Ctrl-C.", flush=True)
    try:
        asyncio.run(runner.start())
    except (KeyboardInterrupt, TerminationSignal):
        pass
    finally:
        end_runs("What served the schedule was stopped during the night.")
    return 0


def end_lost_runs() -> None:
    """End in Prefect, and tell, the nights that a power failure or kill -9 ended."""
    try:
        if is_at_work(started().warehouse):
            return
    except UserError as error:
        print(f"Prefect may show a night that was killed as running: {error}", file=sys.stderr)
        return
    end_runs("The night was killed, with what served the schedule.")


def end_runs(message: str) -> None:
    """End in Prefect the nights that it shows as running, and tell why.

    It would do so for good, and let none through for as long as it trusts them.
    """
    going_on = FlowRunFilter(state={"type": {"any_": ["RUNNING", "PENDING"]}})
    nightly = DeploymentFilter(name={"any_": ["nightly"]})
    crashed = Crashed(message=message)
    try:
        with get_client(sync_client=True) as client:
            for run in client.read_flow_runs(flow_run_filter=going_on, deployment_filter=nightly):
                client.set_flow_run_state(run.id, crashed)
                tell(night, run, crashed)
    except (HTTPError, PrefectException) as error:
        print(f"Prefect may show a night that has ended as running: {error}", file=sys.stderr)


def deployment(
    name: str, flow: str, schedule: Schedule | None, file: Path = HERE
) -> RunnerDeployment:
    """Return a flow, on a schedule if it has one; one run of it at a time is let through."""
    return RunnerDeployment.from_entrypoint(
        f"{file}:{flow}",
        name=name,
        schedule=Cron(schedule.cron, timezone=schedule.zone.key) if schedule else None,
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
