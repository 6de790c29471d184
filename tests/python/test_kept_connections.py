"""dbt's connections, which its threads keep from node to node."""

from dataclasses import replace
from pathlib import Path

from sigeti_dwh.night.layers import LAYERS
from sigeti_dwh.night.project import Project
from sigeti_dwh.night.results import NodeResult, NodeStart
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.database import connect

NODES = 12
SESSION = """
{{ config(
    materialized='table',
    pre_hook='create temporary table une_seule_fois (colonne integer)'
) }}
select pg_backend_pid() as session
"""
END_ALL = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where application_name = 'dbt sigeti_dwh' and state = 'idle'
"""


def add_models(folder: Path) -> None:
    """Add models that say which session made each, and fail in one with a table left over."""
    for number in range(NODES):
        (folder / f"models/staging/stg_session_{number}.sql").write_text(SESSION)


def sessions(settings: Settings) -> set[int]:
    with connect(settings.warehouse) as connection:
        return {
            row[0]
            for number in range(NODES)
            for row in connection.execute(f"select session from dwh_staging.stg_session_{number}")
        }


def test_a_thread_keeps_its_connection_and_nothing_of_a_node(
    folder: Path, settings: Settings
) -> None:
    add_models(folder)
    assert Project(replace(settings, threads=2), folder=folder).build(LAYERS[0]).ok
    assert len(sessions(settings)) <= 2


def test_connections_that_the_server_ends_between_nodes_are_opened_again(
    folder: Path, settings: Settings
) -> None:
    add_models(folder)
    ended = 0

    def end_sessions(event: NodeStart | NodeResult) -> None:
        nonlocal ended
        if isinstance(event, NodeStart) and event.resource_type == "model":
            with connect(settings.warehouse, autocommit=True) as connection:
                ended += connection.execute(END_ALL).rowcount

    project = Project(replace(settings, threads=1), folder=folder)
    assert project.build(LAYERS[0], on_event=end_sessions).ok
    assert ended >= NODES - 1
    assert len(sessions(settings)) == NODES
