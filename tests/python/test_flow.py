"""The flow on a tiny project: layers, tests, failures, retries, and what Prefect shows of them."""

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sigeti_dwh.settings import ROOT, Server, Settings

from sigeti_dwh.database import connect
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.layers import LAYERS, assign
from sigeti_dwh.load import LoadResult
from sigeti_dwh.results import LayerResult, NodeResult, is_passing

PROJECT = {
    "dbt_project.yml": """
name: sigeti_dwh
version: "1.0.0"
profile: sigeti_dwh
models:
  sigeti_dwh:
    staging: {+materialized: view, +schema: staging}
    dimensions: {+materialized: table, +schema: dimensions, +contract: {enforced: true}}
    facts: {+materialized: incremental, +schema: facts, +contract: {enforced: true}}
    marts: {+materialized: table, +schema: marts}
data_tests: {sigeti_dwh: {+store_failures: true, +schema: qualite}}
""",
    "models/staging/stg_lots.sql": "select g as lot_id, g % 2 as zone from generate_series(1, 6) g",
    "models/staging/stg_zones.sql": "select 0 as zone union all select 1",
    "snapshots/snapshots.yml": """
snapshots:
  - name: snap_lots
    relation: ref('stg_lots')
    config: {unique_key: lot_id, strategy: check, check_cols: [zone], schema: snapshots}
    columns: [{name: lot_id, data_tests: [not_null]}]
""",
    "models/dimensions/dim_lots.sql": "select lot_id, zone from {{ ref('snap_lots') }}",
    "models/dimensions/dim_zones.sql": "select zone from {{ ref('stg_zones') }}",
    "models/facts/fait_ventes.sql": "select lot_id from {{ ref('dim_lots') }}",
    "models/marts/occupation/mart_lots.sql": """
select count(*) as lots from {{ ref('fait_ventes') }}
""",
    "models/models.yml": """
models:
  - name: stg_lots
    columns: [{name: lot_id, data_tests: [unique, not_null]}]
  - name: dim_lots
    columns:
      - {name: lot_id, data_type: integer, constraints: [{type: primary_key}], data_tests: [unique]}
      - name: zone
        data_type: integer
        data_tests: [{relationships: {arguments: {to: ref('dim_zones'), field: zone}}}]
  - name: dim_zones
    columns: [{name: zone, data_type: integer, data_tests: [unique]}]
  - name: fait_ventes
    columns:
      - name: lot_id
        data_type: integer
        constraints: [{type: foreign_key, to: ref('dim_lots'), to_columns: [lot_id]}]
        data_tests: [{relationships: {arguments: {to: ref('dim_lots'), field: lot_id}}}]
unit_tests:
  - name: counts_lots
    model: mart_lots
    given: [{input: ref('fait_ventes'), rows: [{lot_id: 1}]}]
    expect: {rows: [{lots: 1}]}
""",
    "tests/assert_dimension_fits_staging.sql": """
select 1 from {{ ref('dim_zones') }} where zone not in (select zone from {{ ref('stg_lots') }})
""",
    # Two models that do not depend on each other: no layer's folder alone selects it.
    "tests/assert_no_small_zone.sql": """
{{ config(severity='warn') }}
select z.zone from {{ ref('dim_zones') }} z cross join {{ ref('mart_lots') }} m where m.lots > 1
""",
    "tests/assert_server_answers.sql": "select 1 where false",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "project" / "profiles.yml")
    return tmp_path / "project"


@pytest.fixture
def settings(warehouse_server: Server) -> Settings:
    return Settings(replace(warehouse_server, role="source", name="source"), warehouse_server)


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
    with module.prefect_api():
        yield module


@pytest.fixture
def run(
    flow: ModuleType, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Return a function that runs the flow on the tiny project, without a source."""
    monkeypatch.setattr(flow, "load_settings", lambda: settings)
    monkeypatch.setattr(flow, "check", lambda settings: ["both answer"])
    monkeypatch.setattr(flow, "write_profiles", lambda settings: None)
    monkeypatch.setattr(flow, "load", lambda settings, report: LoadResult(1, []))
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

    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    deadline = time.monotonic() + 10
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_task_runs(flow_run_filter=wanted)
            final = [run for run in runs if run.state.is_final()]
            if len(final) >= expected or time.monotonic() > deadline:
                break
            time.sleep(0.2)
    assert len(final) == len(runs) == expected, sorted(run.name for run in runs)
    return {run.name: run for run in runs}


def relations(settings: Settings) -> set[str]:
    with connect(settings.warehouse) as connection:
        rows = connection.execute(
            "select relname from pg_class c join pg_namespace n on n.oid = relnamespace "
            "where nspname like 'dwh_%' and nspname <> 'dwh_qualite' and relkind in ('r', 'v')"
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
    runs = task_runs(state, expected=3 + 5 + 7 + 10)
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


def test_a_failed_test_stops_the_layers_below(
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
    (folder / "models/staging/stg_more.sql").write_text("select * from {{ ref('snap_lots') }}")
    (folder / "snapshots/more.yml").write_text(
        "snapshots:\n  - name: snap_more\n    relation: ref('snap_lots')\n"
        "    config: {unique_key: lot_id, strategy: check, check_cols: [zone]}\n"
    )
    state = run(select="stg_lots snap_lots+1")
    with pytest.raises(UserError, match="division by zero"):
        state.result()
    runs = task_runs(state, expected=3 + 2 + 6)
    assert runs["snap_lots"].state.is_failed()
    assert runs["snap_more"].state.name == "Skipped"


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
        f'{{{{ config(pre_hook="select {kill}") }}}}\n' + PROJECT["models/facts/fait_ventes.sql"]
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
        def load(settings: Settings, report: Callable[[str], None]) -> LoadResult:
            attempts.append(kind)
            if len(attempts) <= times:
                raise kind("no")
            return LoadResult(1, [])

        return load

    monkeypatch.setattr(flow, "load", failing(UserError, 1))
    assert run(select="stg_zones", docs=False).is_failed()
    assert len(attempts) == 1
    attempts.clear()
    monkeypatch.setattr(flow, "load", failing(RetryableError, 2))
    assert run(select="stg_zones", docs=False).is_completed()
    assert len(attempts) == 3
    attempts.clear()
    monkeypatch.setattr(flow, "load", failing(RetryableError, 99))
    assert run(select="stg_zones", docs=False).is_failed()
    assert len(attempts) == 1 + len(flow.WAITS)


def test_a_mistake_in_the_project_shows_before_the_load(
    run: Callable[..., Any], flow: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "load", lambda *arguments, **options: pytest.fail("loaded"))
    (folder / "models/facts/fait_ventes.sql").write_text("select 1 from {{ ref('dim_lotz') }}")
    with pytest.raises(UserError, match=r"fait_ventes.*dim_lotz"):
        run().result()


@pytest.mark.parametrize(
    ("select", "built"),
    [
        ("dim_zones", {"dim_zones"}),
        ("+dim_zones", {"stg_zones", "dim_zones"}),
        ("path:models/staging snap_lots", {"stg_lots", "stg_zones", "snap_lots"}),
        ("stg_lots+2,path:models/dimensions", {"dim_lots"}),
    ],
)
def test_a_selection_is_dbts_own(
    folder: Path, settings: Settings, select: str, built: set[str]
) -> None:
    from sigeti_dwh.project import Project

    said: list[str] = []
    everything = Project(settings, folder=folder, report=said.append)
    for layer in LAYERS:
        everything.build(layer)
    said.clear()
    project = Project(settings, folder=folder, select=select, report=said.append)
    project.parse()
    results = [project.build(layer) for layer in LAYERS]
    assert {node.name for result in results for node in result.models} == built
    assert "marts: nothing selected" in said


def test_a_selection_of_nothing_is_named(folder: Path, settings: Settings) -> None:
    from sigeti_dwh.project import Project

    with pytest.raises(UserError, match="--select dim_lotz"):
        Project(settings, folder=folder, select="dim_lotz").parse()
    with pytest.raises(UserError, match="'colour' is not a valid method name"):
        Project(settings, folder=folder, select="colour:red").parse()


def test_a_password_that_changed_is_no_reason_to_wait(folder: Path, settings: Settings) -> None:
    from sigeti_dwh.project import Project

    wrong = replace(settings, warehouse=replace(settings.warehouse, password="wrong"))
    with pytest.raises(UserError, match="password authentication failed") as failure:
        Project(wrong, folder=folder).build(LAYERS[0])
    assert not isinstance(failure.value, RetryableError)
    gone = replace(settings, warehouse=replace(settings.warehouse, port=1))
    with pytest.raises(RetryableError, match="Connection refused"):
        Project(gone, folder=folder).build(LAYERS[0])


def test_a_display_that_breaks_does_not_stop_the_night(folder: Path, settings: Settings) -> None:
    """An error in one of dbt's threads would make dbt wait for ever."""
    from sigeti_dwh.project import Project

    def broken(event: object) -> None:
        raise OSError("the Prefect server is gone")

    said: list[str] = []
    project = Project(settings, folder=folder, report=said.append)
    assert project.build(LAYERS[0], on_event=broken).ok
    assert said[0].startswith("staging: not all nodes could be shown")


def test_every_test_of_the_real_project_has_exactly_one_layer(
    tmp_path: Path, settings: Settings
) -> None:
    from sigeti_dwh.project import Project

    for name in ("models", "snapshots", "macros", "tests/dbt"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    project = Project(settings, folder=tmp_path)
    project.parse()
    assert project.manifest is not None
    nodes = project.manifest.nodes
    placed = [node for ids in project.nodes.values() for node in ids]
    executable = {"model", "snapshot", "test"}
    assert sorted(placed) == sorted(id for id, n in nodes.items() if n.resource_type in executable)
    order = {node: number for number, layer in enumerate(LAYERS) for node in project.nodes[layer]}
    for unique_id in placed:
        for parent in nodes[unique_id].depends_on_nodes:
            assert order.get(parent, 0) <= order[unique_id], f"{unique_id} runs before {parent}"


def node(resource_type: str, path: str = "", parents: tuple[str, ...] = ()) -> SimpleNamespace:
    return SimpleNamespace(
        resource_type=resource_type, original_file_path=path, depends_on_nodes=list(parents)
    )


def test_a_test_runs_with_the_last_layer_it_reads() -> None:
    placed = assign(
        {
            "stg": node("model", "models/staging/a.sql"),
            "dim": node("model", "models/dimensions/a.sql"),
            "fait": node("model", "models/facts/touched/a.sql"),
            "of_a_source": node("test", parents=("source.raw",)),
            "of_nothing": node("test"),
            "between": node("test", parents=("fait", "dim")),
            "backwards": node("test", parents=("dim", "stg")),
            "analysis": node("analysis", "analyses/a.sql"),
        }
    )
    assert {layer.name: ids for layer, ids in placed.items()} == {
        "staging": ["stg", "of_a_source"],
        "snapshots": [],
        "dimensions": ["dim", "backwards"],
        "facts": ["fait", "between"],
        "marts": ["of_nothing"],
    }


def test_a_model_outside_the_layers_is_refused() -> None:
    with pytest.raises(UserError, match=r"models/stagings/a\.sql.* is in no layer's folder"):
        assign({"model.sigeti_dwh.a": node("model", "models/stagings/a.sql")})


def result(name: str, status: str, message: str = "", kind: str = "model") -> NodeResult:
    return NodeResult(
        f"{kind}.{name}", name, kind, status, 0.25, None, None, message, None, ("fait_ventes",)
    )


@pytest.mark.parametrize(
    ("nodes", "kind", "line"),
    [
        (
            [result("a", "error", "Database Error\n  deadlock detected"), result("b", "skipped")],
            RetryableError,
            "facts: the model a failed: Database Error deadlock detected (in 0.2 s)",
        ),
        (
            [result("a", "error", "deadlock detected"), result("b", "error", "no such column")],
            UserError,
            "facts: the model b failed: no such column (in 0.2 s)",
        ),
        (
            [replace(result("unique", "fail", kind="test"), failures=3, relation="dwh_qualite.u")],
            UserError,
            "facts: the test unique of fait_ventes failed: 3 rows found in 0.2 s, "
            "kept in dwh_qualite.u",
        ),
    ],
)
def test_the_error_of_a_layer(nodes: list[NodeResult], kind: type, line: str) -> None:
    error = LayerResult("facts", tuple(nodes), 1.0).error()
    assert type(error) is kind
    assert str(error).splitlines()[0] == line
    assert len(str(error).splitlines()) <= 3


@pytest.mark.parametrize(
    ("message", "passing"),
    [
        ("canceling statement due to lock timeout", True),
        ("server closed the connection unexpectedly", True),
        ("terminating connection due to administrator command", True),
        ("FATAL:  the database system is starting up", True),
        ("interblocage (deadlock) détecté", True),
        ("canceling statement due to statement timeout", False),
        ('relation "dwh_facts.fait_ventes" does not exist', False),
        ('new row violates check constraint "connection_check"', False),
        ("No space left on device", False),
    ],
)
def test_what_can_pass_by_waiting(message: str, passing: bool) -> None:
    assert is_passing(message) is passing
