"""Every dbt node as a Prefect task run below its layer's, live.

The states are sent as Prefect's own engine sends them, without an engine and a thread for each
node: of a night's 20 CPU seconds those cost 3. prefect-dbt's PrefectDbtRunner shows the nodes too,
at three times the price of the whole night.
"""

from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from prefect.client.schemas import State, TaskRun
from prefect.client.schemas.objects import TaskRunResult
from prefect.context import TaskRunContext
from prefect.states import Completed, Failed, Pending, Running
from prefect.utilities.engine import emit_task_run_state_change_event

from sigeti_dwh.night.results import UNCHANGED, NodeResult, NodeStart


class NodeTaskRuns:
    """Shows the nodes of one layer; to be made in the context of its task, called with each event.

    A node that never ends, because dbt itself broke, ends with the `with` block.
    """

    def __init__(self) -> None:
        self._open: dict[str, TaskRun] = {}
        context = TaskRunContext.get()
        assert context is not None
        self._layer = context.task_run

    def __enter__(self) -> Self:
        return self

    def __call__(self, event: NodeStart | NodeResult) -> None:
        """Begin or end a node's task run; what was left out ends without a beginning."""
        if isinstance(event, NodeStart):
            run = self._open[event.unique_id] = self._made(event.name)
            _enter(run, Running())
        else:
            begun = self._open.pop(event.unique_id, None)
            _enter(begun or self._made(event.name), state(event))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # dbt's threads may still tell of nodes: each is ended by whoever takes it first.
        for name in list(self._open):
            if run := self._open.pop(name, None):
                _enter(run, Failed(message="dbt ended before this node did"))

    def _made(self, name: str) -> TaskRun:
        return TaskRun(
            id=uuid4(),
            name=name,
            flow_run_id=self._layer.flow_run_id,
            task_key="dbt_node",
            dynamic_key=uuid4().hex,
            task_inputs={"__parents__": [TaskRunResult(id=UUID(str(self._layer.id)))]},
            state=Pending(),
        )


def _enter(run: TaskRun, entered: State[Any]) -> None:
    """Let a task run enter a state and tell the server, as prefect.task_engine does."""
    former, run.state = run.state, entered
    entered.state_details.task_run_id = run.id
    entered.state_details.flow_run_id = run.flow_run_id
    now: Any = entered.timestamp
    run.start_time = begun = run.start_time or now
    if entered.is_running():
        run.run_count = 1
    else:
        run.end_time = now
        run.total_run_time = now - begun
    emit_task_run_state_change_event(run, former, entered)


def state(result: NodeResult) -> State[None]:
    """Return the state that a node's task run ends in, as in Completed, `12 rows in 0.3 s`."""
    if result.failed:
        return Failed(message=result.outcome())
    name = {"skipped": "Skipped", "warn": "Warning", UNCHANGED: "Cached"}.get(
        result.status, "Completed"
    )
    if result.acceptance.is_fine:
        name = "Accepted"
    return Completed(name=name, message=result.outcome())
