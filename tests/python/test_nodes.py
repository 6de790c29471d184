"""The nodes of a layer in Prefect."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from prefect.client.schemas import State, TaskRun

from sigeti_dwh.night import nodes
from sigeti_dwh.night.nodes import NodeTaskRuns
from sigeti_dwh.night.results import NodeStart


def test_what_dbt_still_tells_while_a_night_ends_does_not_break_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = SimpleNamespace(task_run=SimpleNamespace(id=uuid4(), flow_run_id=uuid4()))
    monkeypatch.setattr(nodes.TaskRunContext, "get", lambda: layer)
    failed = []

    def enter(run: TaskRun, state: State[None]) -> None:
        if state.is_failed():
            failed.append(run.name)
            # As one of dbt's threads may, at any moment.
            runs(NodeStart(f"model.late_{run.name}", "late", "model"))

    monkeypatch.setattr(nodes, "_enter", enter)
    with NodeTaskRuns() as runs:
        for name in ("one", "two"):
            runs(NodeStart(f"model.{name}", name, "model"))
    assert failed == ["one", "two"]
