"""The temporary Prefect server: what it writes down, and what it says when it cannot start."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sigeti_dwh.night.orchestration import PREFECT_ENVIRONMENT, prepare_process
from sigeti_dwh.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:.*OperatorClass")


def test_what_is_set_already_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in PREFECT_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    prepare_process()
    assert os.environ["PREFECT_HOME"] == str(tmp_path / "home")
    assert (tmp_path / "home").is_dir()
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_the_settings_of_prefect_are_read_from_the_settings_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings"
    file.write_text("PREFECT_API_URL=http://127.0.0.1:1/api\nPREFECT_HOME=\n", encoding="utf-8")
    monkeypatch.setenv("DWH_ENV_FILE", str(file))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    # Set and deleted: so that what is set here is gone afterwards.
    monkeypatch.setenv("PREFECT_API_URL", "")
    monkeypatch.delenv("PREFECT_API_URL")
    prepare_process()
    assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert os.environ["PREFECT_HOME"] == str(tmp_path / "home")
    file.write_text("no setting\n", encoding="utf-8")
    prepare_process()


@pytest.mark.parametrize("script", ["deployments/deploy_scheduled.py", "flows/sigeti_dwh_flow.py"])
def test_scripts_tell_what_they_do_and_refuse_what_they_do_not_know(script: str) -> None:
    command = [sys.executable, str(ROOT / "prefect" / script)]
    told = subprocess.run([*command, "--help"], capture_output=True, encoding="utf-8", check=False)
    assert told.returncode == 0 and "usage" in told.stdout
    assert subprocess.run([*command, "--now"], capture_output=True, check=False).returncode == 2


def test_the_server_stops_only_when_all_is_written_down(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    prepare_process()
    from prefect import flow, task
    from prefect.settings import PREFECT_HOME

    from sigeti_dwh.night.orchestration import prefect_api

    @task(persist_result=False)
    def nothing() -> None:
        pass

    @flow(persist_result=False)
    def many() -> None:
        for _ in range(150):
            nothing()

    with prefect_api():
        state = many(return_state=True)
    with sqlite3.connect(PREFECT_HOME.value() / "prefect.db") as history:
        recorded = history.execute(
            "select state_name, count(*) from task_run where flow_run_id = ? group by 1",
            [str(state.state_details.flow_run_id)],
        ).fetchall()
    assert recorded == [("Completed", 150)]


def test_a_damaged_history_is_named(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_bytes(b"no database " * 1000)
    code = (
        "from sigeti_dwh.night.orchestration import prefect_api, prepare_process\n"
        "prepare_process()\n"
        "from sigeti_dwh.errors import UserError\n"
        "try:\n"
        "    with prefect_api(): print('started')\n"
        "except UserError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PREFECT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert f"did not start on the history in {tmp_path}" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
