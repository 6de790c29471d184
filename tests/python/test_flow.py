"""The flow on a tiny project: layers, tests, failures, retries, and what Prefect shows of them."""

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.night import postgres
from sigeti_dwh.night.layers import LAYERS
from sigeti_dwh.night.orchestration import prefect_api
from sigeti_dwh.settings import ROOT, Settings
from sigeti_dwh.warehouse.database import connect

from . import tiny_project

# Prefect's server on SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:.*OperatorClass")


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """Import the flow by its path, with a temporary Prefect server to talk to."""
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    path = ROOT / "prefect" / "flows" / "sigeti_dwh_flow.py"
    specification = importlib.util.spec_from_file_location("sigeti_dwh_flow", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    with prefect_api():
        yield module


@pytest.fixture
def run(
    flow: ModuleType, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Return a function that runs the flow on the tiny project, without a source."""
    monkeypatch.setattr(flow, "load_settings", lambda: settings)
    monkeypatch.setattr(flow, "check", lambda settings: ["both answer"])
    monkeypatch.setattr(flow, "write_profiles", lambda settings: None)
    monkeypatch.setattr(postgres, "load", lambda settings, **options: LoadResult(1, []))
    project = flow.Project
    monkeypatch.setattr(flow, "Project", lambda *a, **k: project(*a, folder=folder, **k))
    for step in ("check_connections", "load_source", "build_layer"):
        at_once = getattr(flow, step).with_options(retry_delay_seconds=0)
        monkeypatch.setattr(flow, step, at_once)

    def run(**arguments: Any) -> Any:
        return flow.sigeti_dwh(return_state=True, **arguments)

    return run


def task_runs(state: Any, expected: int) -> dict[str, Any]:
    """Return the run's task runs by name, once the server has recorded as many as expected."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.client.schemas.sorting import TaskRunSort

    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    deadline = time.monotonic() + 120
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_task_runs(
                flow_run_filter=wanted, sort=TaskRunSort.ID_DESC, limit=200
            )
            final = [run for run in runs if run.state and run.state.is_final()]
            if len(final) >= expected or time.monotonic() > deadline:
                break
            time.sleep(0.2)
    assert len(final) == len(runs) == expected, sorted((run.name, run.state) for run in runs)
    return {run.name: run for run in runs}


def relations(settings: Settings) -> set[str]:
    with connect(settings.warehouse) as connection:
        rows = connection.execute(
            "select relname from pg_class c join pg_namespace n on n.oid = relnamespace "
            "where nspname like 'dwh_%' and nspname not in ('dwh_meta', 'dwh_qualite') "
            "and relkind in ('r', 'v')"
        )
        return {name for (name,) in rows}


def test_a_run_builds_every_layer_and_runs_every_test_once(
    run: Callable[..., Any], settings: Settings, folder: Path
) -> None:
    state = run()
    assert state.is_completed(), state
    summary = state.result()
    assert [layer.name for layer in summary.layers] == [layer.name for layer in LAYERS]
    tests = {layer.name: {test.name for test in layer.tests} for layer in summary.layers}
    assert tests == {
        "staging": {"unique_stg_lots_lot_id", "not_null_stg_lots_lot_id"},
        "snapshots": {"not_null_snap_lots_lot_id"},
        "dimensions": {
            "unique_dim_lots_lot_id",
            "unique_dim_zones_zone",
            "relationships_dim_lots_zone__zone__ref_dim_zones_",
            "assert_dimension_fits_staging",
        },
        "facts": {"relationships_fait_ventes_lot_id__lot_id__ref_dim_lots_"},
        "marts": {"assert_no_small_zone", "assert_server_answers"},
        "publication": set(),
    }
    assert [(test.name, test.failures) for test in summary.warnings] == [
        ("assert_no_small_zone", 2)
    ]
    assert relations(settings) == {
        *("stg_lots", "stg_zones", "snap_lots", "dim_lots", "dim_zones", "fait_ventes"),
        "mart_lots",
    }
    page = (folder / "target" / "static_index.html").read_text(encoding="utf-8")
    assert 'select lot_id from \\"' in page, "the page lacks the compiled SQL"


def test_prefect_shows_each_node_below_its_layer(run: Callable[..., Any]) -> None:
    state = run(docs=False)
    runs = task_runs(state, expected=3 + len(LAYERS) + 7 + 10)
    assert {"check connections", "read project", "load"} < runs.keys()
    assert "documentation" not in runs
    parents = {
        run.name: {str(parent.id) for parent in run.task_inputs.get("__parents__", [])}
        for run in runs.values()
    }
    for node, layer in (
        ("stg_lots", "staging"),
        ("snap_lots", "snapshots"),
        ("fait_ventes", "facts"),
        ("relationships_fait_ventes_lot_id__lot_id__ref_dim_lots_", "facts"),
        ("mart_lots", "marts"),
    ):
        assert parents[node] == {str(runs[layer].id)}
    assert runs["stg_lots"].state.message.startswith("in ")
    assert runs["dim_lots"].state.message.startswith("6 rows in ")
    assert runs["unique_dim_lots_lot_id"].state.message.startswith("0 rows found in ")
    warned = runs["assert_no_small_zone"].state
    assert (warned.type.value, warned.name) == ("COMPLETED", "Warning")
    assert "kept in dwh_qualite.assert_no_small_zone" in warned.message
    assert all(run.total_run_time.total_seconds() > 0 for run in runs.values())


def test_mistake_12_a_failed_step_caught_and_the_flow_completed(
    run: Callable[..., Any], folder: Path, settings: Settings
) -> None:
    (folder / "models/staging/stg_zones.sql").write_text("select 0 as zone union all select 0")
    state = run()
    assert state.is_failed()
    with pytest.raises(UserError) as failure:
        state.result()
    lines = str(failure.value).splitlines()
    assert len(lines) <= 3
    assert "dimensions: the test" in lines[0] and "dim_zones" in lines[0]
    assert not isinstance(failure.value, RetryableError)
    assert "fait_ventes" not in relations(settings) | {name for name in lines}
    runs = task_runs(state, expected=3 + 3 + 4 + 2 + 6)
    assert runs["unique_dim_zones_zone"].state.is_failed()
    assert "1 row found" in runs["unique_dim_zones_zone"].state.message
    assert runs["dimensions"].state.is_failed()
    assert not {"facts", "marts", "documentation", "fait_ventes"} & runs.keys()


def test_a_node_below_a_failed_one_is_shown_as_skipped(
    run: Callable[..., Any], folder: Path
) -> None:
    (folder / "models/staging/stg_lots.sql").write_text("select 1 / 0 as lot_id, 0 as zone")
    (folder / "models/staging/stg_more.sql").write_text("select * from {{ ref('stg_lots') }}")
    state = run(select="stg_lots+1")
    with pytest.raises(UserError, match="division by zero"):
        state.result()
    runs = task_runs(state, expected=3 + 1 + 4)
    assert runs["unique_stg_lots_lot_id"].state.is_failed()
    skipped = runs["stg_more"].state
    assert (skipped.type.value, skipped.name) == ("COMPLETED", "Skipped")


def test_what_can_pass_is_tried_again(
    run: Callable[..., Any], folder: Path, settings: Settings
) -> None:
    """The fact's first session is ended by the server; its second attempt must find all well."""
    with connect(settings.warehouse) as connection:
        connection.execute("create sequence public.attempts")
    kill = (
        "case when nextval('public.attempts') = 1 then pg_terminate_backend(pg_backend_pid()) end"
    )
    (folder / "models/facts/fait_ventes.sql").write_text(
        f'{{{{ config(pre_hook="select {kill}") }}}}\n'
        + tiny_project.PROJECT["models/facts/fait_ventes.sql"]
    )
    state = run()
    assert state.is_completed(), state
    with connect(settings.warehouse) as connection:
        assert connection.execute("select last_value from public.attempts").fetchone() == (2,)


def test_only_what_can_pass_is_tried_again(
    run: Callable[..., Any], flow: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[type[UserError]] = []

    def failing(kind: type[UserError], times: int) -> Callable[..., LoadResult]:
        def load(settings: Settings, **options: Any) -> LoadResult:
            attempts.append(kind)
            if len(attempts) <= times:
                raise kind("no")
            return LoadResult(1, [])

        return load

    monkeypatch.setattr(postgres, "load", failing(UserError, 1))
    assert run(select="stg_zones", docs=False).is_failed()
    assert len(attempts) == 1
    attempts.clear()
    monkeypatch.setattr(postgres, "load", failing(RetryableError, 2))
    assert run(select="stg_zones", docs=False).is_completed()
    assert len(attempts) == 3
    attempts.clear()
    monkeypatch.setattr(postgres, "load", failing(RetryableError, 99))
    assert run(select="stg_zones", docs=False).is_failed()
    assert len(attempts) == 1 + len(flow.WAITS)


def test_a_mistake_in_the_project_shows_before_the_load(
    run: Callable[..., Any], flow: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "load", lambda *arguments, **options: pytest.fail("loaded"))
    (folder / "models/facts/fait_ventes.sql").write_text("select 1 from {{ ref('dim_lotz') }}")
    with pytest.raises(UserError, match=r"fait_ventes.*dim_lotz"):
        run().result()


def test_an_area_that_fails_holds_back_its_own_marts_alone(
    run: Callable[..., Any],
    flow: ModuleType,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The night tells it and is Failed; what SIGETI publishes is published."""
    told: list[Settings] = []

    def refuse(settings: Settings, area: str, **options: Any) -> None:
        raise UserError("daily_metrics.csv, line 4: no date")

    monkeypatch.setattr(
        flow, "load_settings", lambda: replace(settings, areas={"boutique": "/nowhere"})
    )
    monkeypatch.setattr(postgres, "load_area", refuse)
    monkeypatch.setattr(flow, "published", told.append)
    monkeypatch.setattr(flow, "after_publication", lambda settings, look: told.append(settings))
    state = run(docs=False)
    assert len(told) == 2
    assert "boutique failed: daily_metrics.csv, line 4: no date" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"boutique: .*line 4[\s\S]*those of SIGETI are published"):
        state.result()
    with connect(settings.warehouse) as connection:
        ended = connection.execute(
            "select etat from dwh_meta.executions order by execution desc limit 1"
        ).fetchone()
    assert ended == ("réussie",)
