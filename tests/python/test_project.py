"""The dbt project inside the process: layers, selections, failures; without Prefect."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from benchmarks.checkout import copy_project
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.night.layers import LAYERS
from sigeti_dwh.night.project import Project
from sigeti_dwh.settings import ROOT, Settings


def real_project(folder: Path, settings: Settings) -> Project:
    """Parse a copy of the project itself."""
    copy_project(folder)
    shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")
    project = Project(settings, folder=folder)
    project.parse()
    return project


def test_a_selection_is_dbts_own(folder: Path, settings: Settings) -> None:
    for select, selected in (
        ("dim_zones", {"dim_zones"}),
        ("+dim_zones", {"stg_zones", "dim_zones"}),
        ("path:models/staging snap_lots", {"stg_lots", "stg_zones", "snap_lots"}),
        ("stg_lots+2,path:models/dimensions", {"dim_lots"}),
    ):
        project = Project(settings, folder=folder, select=select)
        project.parse()
        nodes = [node.split(".") for ids in project.nodes.values() for node in ids]
        assert {name for kind, _, name, *_ in nodes if kind != "test"} == selected, select


@pytest.mark.parametrize(
    ("select", "compared"),
    [
        ("stg_zones", []),
        ("dim_zones", ["assert_dimension_fits_staging", "assert_no_small_zone"]),
        ("dim_zones fait_ventes", ["assert_dimension_fits_staging"]),
        ("dim_zones fait_ventes+", ["assert_dimension_fits_staging", "assert_no_small_zone"]),
        ("assert_no_small_zone", ["assert_no_small_zone"]),
    ],
)
def test_what_is_selected_is_not_compared_with_what_is_built_from_it_and_was_not(
    select: str, compared: list[str], folder: Path, settings: Settings
) -> None:
    project = Project(settings, folder=folder, select=select)
    project.parse()
    nodes = (node.split(".")[2] for layer in project.nodes.values() for node in layer)
    assert sorted(name for name in nodes if name.startswith("assert_")) == compared


def test_only_what_is_selected_is_built(folder: Path, settings: Settings) -> None:
    said: list[str] = []
    project = Project(settings, folder=folder, select="+stg_zones", report=said.append)
    results = [project.build(layer) for layer in LAYERS[:2]]
    assert [node.name for result in results for node in result.nodes] == ["stg_zones"]
    assert said[-1] == "snapshots: nothing selected"


def test_a_selection_of_nothing_is_named(folder: Path, settings: Settings) -> None:
    with pytest.raises(UserError, match="--select dim_lotz"):
        Project(settings, folder=folder, select="dim_lotz").parse()
    with pytest.raises(UserError, match="'colour' is not a valid method name"):
        Project(settings, folder=folder, select="colour:red").parse()


@pytest.mark.parametrize("words", ["dim_lots --target-path /tmp/x", "-h", "dim_lots\t-t other", ""])
def test_no_word_of_a_selection_is_an_option_of_dbt(
    folder: Path, settings: Settings, words: str
) -> None:
    project = Project(settings, folder=folder, select=words)
    with pytest.raises(UserError, match="is no selector") as told:
        project.parse()
    assert len(str(told.value).splitlines()) <= 3


def test_what_dbt_kept_of_files_that_changed_since_stops_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    """A metric and its measure gone from two files: dbt looks for the measure for ever after."""
    project = real_project(tmp_path, settings)
    gone = "demandes_en_attente"
    for name, kept in (("metrics", "metrics"), ("semantic_models", "measures")):
        path = tmp_path / f"models/facts/_facts__{name}.yml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for holder in content["semantic_models"] if kept == "measures" else [content]:
            if kept in holder:
                holder[kept] = [one for one in holder[kept] if one["name"] != gone]
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    project.parse()
    assert project.manifest is not None
    assert not any(metric.name == gone for metric in project.manifest.metrics.values())


def test_a_password_that_changed_is_no_reason_to_wait(folder: Path, settings: Settings) -> None:
    wrong = replace(settings, warehouse=replace(settings.warehouse, password="wrong"))
    with pytest.raises(UserError, match="password is refused") as failure:
        Project(wrong, folder=folder).build(LAYERS[0])
    assert not isinstance(failure.value, RetryableError)
    gone = replace(settings, warehouse=replace(settings.warehouse, port=1))
    with pytest.raises(RetryableError, match="nothing answers there"):
        Project(gone, folder=folder).build(LAYERS[0])


def test_a_display_that_breaks_does_not_stop_the_night(folder: Path, settings: Settings) -> None:
    """An error in one of dbt's threads would make dbt wait for ever."""

    def broken(event: object) -> None:
        raise OSError("the Prefect server is gone")

    said: list[str] = []
    project = Project(settings, folder=folder, report=said.append)
    assert project.build(LAYERS[0], on_event=broken).ok
    assert any(line.startswith("staging: not all nodes could be shown") for line in said)


def test_dbts_log_says_what_ran_and_why_it_failed_and_no_password(
    folder: Path, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    password = settings.warehouse.password
    assert password
    Project(settings, folder=folder, report=lambda line: None).build(LAYERS[0])
    (folder / "models/staging/stg_zones.sql").write_text("select zone from nowhere")
    with pytest.raises(UserError, match=r"logs/dbt\.log"):
        Project(settings, folder=folder, report=lambda line: None).build(LAYERS[0])
    gone = replace(settings, warehouse=replace(settings.warehouse, port=1))
    with pytest.raises(UserError):
        Project(gone, folder=folder, report=lambda line: None).build(LAYERS[0])
    log = (folder / "logs" / "dbt.log").read_text(encoding="utf-8")
    assert "OK created sql view model dwh_staging.stg_lots" in log
    assert "PASS not_null_stg_lots_lot_id" in log
    assert 'relation "nowhere" does not exist' in log
    assert (
        f"compiled code at {folder}/target/compiled/sigeti_dwh/models/staging/stg_zones.sql" in log
    )
    assert password not in log
    assert "[debug]" not in log
    assert capfd.readouterr() == ("", "")


def test_dbts_log_is_rotated_and_says_more_when_asked(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_LOG_FILE_MAX_BYTES", "20000")
    monkeypatch.setenv("DBT_LOG_LEVEL_FILE", "debug")
    for _ in range(3):
        Project(settings, folder=folder, report=lambda line: None).build(LAYERS[0])
    logs = sorted((folder / "logs").iterdir())
    assert [log.name for log in logs[:2]] == ["dbt.log", "dbt.log.1"] and len(logs) <= 6
    assert all(settings.warehouse.password not in log.read_text("utf-8") for log in logs)


def test_every_test_of_the_real_project_has_exactly_one_layer(
    tmp_path: Path, settings: Settings
) -> None:
    project = real_project(tmp_path, settings)
    assert project.manifest is not None
    nodes = project.manifest.nodes
    placed = [node for ids in project.nodes.values() for node in ids]
    executable = {"model", "snapshot", "test"}
    assert sorted(placed) == sorted(id for id, n in nodes.items() if n.resource_type in executable)
    for layer in LAYERS:
        built = {nodes[id].schema for id in project.nodes[layer] if id.startswith("model.")}
        wanted = f"{settings.schema}_{layer.schema}"
        # Summaries are the machinery's own.
        kept = built - {"dwh_meta"}
        assert all(name == wanted or name.startswith(f"{wanted}_") for name in kept), kept
    order = {node: number for number, layer in enumerate(LAYERS) for node in project.nodes[layer]}
    for unique_id in placed:
        for parent in nodes[unique_id].depends_on_nodes:
            assert order.get(parent, 0) <= order[unique_id], f"{unique_id} runs before {parent}"
