"""Nodes with nothing to do are left out; whatever one reads, is or tests makes it run again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.night import node_states
from sigeti_dwh.night.layers import LAYERS
from sigeti_dwh.night.node_states import Relation
from sigeti_dwh.night.project import Project
from sigeti_dwh.night.results import LayerResult, NodeResult
from sigeti_dwh.warehouse.database import connect

from .conftest import copied_night
from .warehouse import Warehouse, plain_dbt, today, written

ALWAYS = {
    "fraicheur",
    "unique_fraicheur_mart",
    "not_null_fraicheur_mart",
    "not_null_fraicheur_donnees_au",
    "unique_stg_chargements_chargement",
    "not_null_stg_chargements_chargement",
    "not_null_stg_chargements_lu_le",
    "assert_tables_keep_their_primary_key",
    # It warns, each night, as long as there is something to warn of.
    "superficie_improbable",
    # It reads nothing that could be seen to change.
    "dim_etapes",
    "unique_combination_of_columns_dim_etapes_processus__numero_etape",
    # Warnings of the demo stand until nothing is found.
    "warn_invoice_lines",
    "warn_points_outside",
    "warn_unknown_case_words",
    "warn_unread_json_numbers",
}


@pytest.fixture(scope="module")
def night(server: EmbeddedServer, template: Path) -> Iterator[Warehouse]:
    """Copy a tested and published night; each test leaves one of which nothing is due."""
    with copied_night(server, template) as copy:
        copy.load()
        yield copy
        assert copy.differences() == []
        assert written(copy.run(full_refresh=True)) == {}


def ran(layers: Iterable[LayerResult]) -> set[str]:
    """Return the nodes that had something to do, but those that always have."""
    return {node.name for layer in layers for node in layer.run} - ALWAYS


@pytest.fixture(scope="module")
def project(night: Warehouse) -> Project:
    """Parse the project once, for tests that edit nothing of it."""
    return night.parsed()


def states(project: Project, connection: Connection, *unseen: str) -> dict[str, str | None]:
    """Return the present state of each node by its name, as it is without some of its parts."""
    assert project.manifest is not None and project.states is not None
    with pytest.MonkeyPatch.context() as blind:
        shape = {part: query for part, query in node_states.SHAPE.items() if part not in unseen}
        blind.setattr(node_states, "SHAPE", shape)
        if "change" in unseen:
            blind.setattr(node_states, "Relation", lambda shape, change: Relation(shape, None))
        project.states.look(connection)
        return {
            known.name: project.states.state(node) for node, known in project.manifest.nodes.items()
        }


def states_now(night: Warehouse, project: Project) -> dict[str, str | None]:
    with connect(night.settings.warehouse) as connection:
        return states(project, connection)


def execute(night: Warehouse, statement: str) -> None:
    with connect(night.settings.warehouse, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_night_of_no_change_runs_what_no_number_covers_and_nothing_else(
    night: Warehouse,
) -> None:
    layers = night.run(checks=True)
    assert {node.name for layer in layers for node in layer.run} == ALWAYS
    everything = night.run(checks=True, all_nodes=True)
    assert all(len(layer.run) == len(layer.nodes) for layer in everything)
    assert {node.name for layer in layers for node in layer.nodes} == {
        node.name for layer in everything for node in layer.nodes
    }


def test_what_reads_a_change_runs_and_nothing_else(night: Warehouse) -> None:
    night.change("update lots set numero = numero || ' bis' where id = 1")
    run = ran(night.run(checks=True))
    assert {"snap_lots", "dim_lots", "no_mojibake_lots"} <= run
    assert not run & {"stg_lots", "dim_entreprises", "dim_temps", "unique_stg_factures_facture_id"}
    assert night.differences() == []
    assert ran(night.run(checks=True)) == set()


def test_those_below_a_table_in_which_nothing_changed_do_not_run(night: Warehouse) -> None:
    night.change("update entreprises set date_modification = now() where id = 1")
    run = ran(night.run(checks=True))
    assert "snap_entreprises" in run
    assert not run & {"fait_factures", "mart_portefeuille_clients"}
    assert ran(night.run(checks=True)) == set()


@dataclass(frozen=True)
class Reason:
    """Something that happens to a warehouse, a node that must run then, what tells of it."""

    statement: str
    node: str
    seen_by: tuple[str, ...]


REASONS = {
    "dropped table": Reason(
        "drop table dwh_facts.fait_collectes cascade",
        "fait_collectes",
        ("table", "columns", "constraints"),
    ),
    "dropped view": Reason(
        "drop view dwh_staging.stg_collectes cascade", "stg_collectes", ("table", "columns", "view")
    ),
    "another view": Reason(
        "create or replace view dwh_staging.stg_jours_feries as "
        "select date_jour, cast('x' as text) as nom_jour_ferie from dwh_reference.jours_feries",
        "stg_jours_feries",
        ("view",),
    ),
    "dropped column": Reason(
        "alter table dwh_preparation.mart_segments_clients drop column nombre_entreprises",
        "mart_segments_clients",
        ("columns",),
    ),
    "dropped constraint": Reason(
        "do $$ begin execute (select format('alter table %s drop constraint %I', "
        "conrelid::regclass, conname) from pg_constraint "
        "where conrelid = 'dwh_facts.fait_paiements'::regclass and contype = 'p'); end $$",
        "fait_paiements",
        ("constraints",),
    ),
    "rows of somebody else's run": Reason(
        "with numbered as (insert into dwh_meta.changements (relation) "
        "values ('dwh_dimensions.dim_temps') returning numero) "
        "update dwh_dimensions.dim_temps set nom_jour = 'x', _changement = numero "
        "from numbered where annee = 2020",
        "dim_temps",
        ("change",),
    ),
    "dropped copy": Reason(
        "drop table raw_sigeti.lots cascade",
        "snap_lots",
        ("table", "columns", "constraints", "view"),
    ),
    "another maker": Reason(
        "update dwh_meta.avancement set empreinte = '' where relation ~ 'fait_collectes'",
        "fait_collectes",
        ("made by",),
    ),
}


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS.keys())
def test_whatever_is_newer_than_what_a_node_did_changes_its_state(
    night: Warehouse, project: Project, reason: Reason
) -> None:
    """Each by what is said to see it: without that, nobody would notice."""
    with connect(night.settings.warehouse) as connection:
        before = states(project, connection)[reason.node]
        blind = states(project, connection, *reason.seen_by)[reason.node]
        connection.execute(reason.statement.encode())
        assert states(project, connection)[reason.node] != before
        assert states(project, connection, *reason.seen_by)[reason.node] == blind
        connection.rollback()
        assert states(project, connection)[reason.node] == before


def test_a_night_mends_what_has_become_of_the_warehouse(night: Warehouse) -> None:
    happened = ("dropped table", "another view", "dropped column", "rows of somebody else's run")
    for name in happened:
        execute(night, REASONS[name].statement)
    assert {REASONS[name].node for name in happened} <= ran(night.run(checks=True))
    assert night.differences() == []
    assert ran(night.run(checks=True)) == set()


def test_once_a_week_a_test_runs(night: Warehouse) -> None:
    test = "unique_stg_lots_lot_id"
    execute(
        night,
        "update dwh_meta.essais set entier_le = entier_le - interval '7 days' "
        f"where test ~ '{test}'",
    )
    assert ran(night.run(checks=True)) == {test}
    assert ran(night.run(checks=True)) == set()


def test_changed_reference_data_runs_the_calendar(night: Warehouse) -> None:
    execute(night, "delete from dwh_reference.jours_feries where date_jour = '2026-08-07'")
    assert "dim_temps" in ran(night.run(checks=True))
    assert ran(night.run(checks=True)) == set()


@pytest.mark.parametrize(
    ("file", "text", "other"),
    [
        ("models/dimensions/dim_temps.sql", "'janvier'", "'Janvier'"),
        ("macros/values/unknown_key.sql", "-1", "-9"),
        ("dbt_project.yml", "seuil_risque_eleve: 0.30", "seuil_risque_eleve: 0.01"),
        ("models/marts/clients/_clients__models.yml", "sinon petit client", "sinon petit"),
    ],
)
def test_an_edited_project_runs_whole(
    night: Warehouse, project: Project, file: str, text: str, other: str
) -> None:
    path = night.folder / file
    before = path.read_text(encoding="utf-8")
    assert text in before
    known = states_now(night, project)
    path.write_text(before.replace(text, other), encoding="utf-8")
    try:
        edited = states_now(night, night.parsed())
    finally:
        path.write_text(before, encoding="utf-8")
    assert not {node for node, state in known.items() if state and state == edited[node]}


def test_what_an_analyst_ran_by_hand_with_other_sql_is_computed_again(night: Warehouse) -> None:
    path = night.folder / "models/facts/fait_collectes.sql"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("statut = 'recouvree'", "statut = 'reportee'"), "utf-8")
    try:
        assert plain_dbt(night.settings, night.folder, "run", "--select", "fait_collectes") == ""
    finally:
        path.write_text(before, encoding="utf-8")
    assert night.differences() != []
    assert "fait_collectes" in ran(night.run(checks=True))
    assert night.differences() == []


def test_a_new_day_runs_what_reads_the_day(
    night: Warehouse, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = states_now(night, project)
    monkeypatch.setattr(node_states, "today", lambda: date(today().year, 2, 28))
    after = states_now(night, project)
    changed = {node for node, state in before.items() if state != after[node]}
    assert changed >= {"mart_performance_financiere", "mart_portefeuille_clients"}
    assert not changed & {"fait_factures", "dim_temps", "dim_lots", "stg_lots"}
    monkeypatch.setattr(node_states, "today", lambda: date(today().year + 1, 2, 28))
    after = states_now(night, project)
    assert not {node for node, state in before.items() if state and state == after[node]}


def test_a_failed_test_runs_again_until_it_passes(night: Warehouse) -> None:
    test = "assert_fait_collectes_equals_staging"
    execute(night, "update dwh_facts.fait_collectes set montant_a_recouvrer = 1")
    for all_nodes in (True, False):
        with pytest.raises(UserError, match=test):
            night.build(checks=True, all_nodes=all_nodes)
    night.run(full_refresh=True)
    assert test in ran(night.run(checks=True))
    assert ran(night.run(checks=True)) == set()


def test_what_was_written_beside_a_night_is_seen_by_the_next(night: Warehouse) -> None:
    """Somebody's change between the end of a node and the record of its state."""
    night.change("update collectes set commentaire = 'x', status = 'reportee' where id = 1")
    night.load()

    def write(event: Any) -> None:
        if isinstance(event, NodeResult) and event.name == "fait_collectes":
            execute(
                night,
                "insert into dwh_meta.changements (relation) values ('dwh_facts.fait_collectes')",
            )

    night.build(checks=True, on_event=write)
    assert "fait_collectes" in ran(night.run(checks=True))
    assert ran(night.run(checks=True)) == set()


def test_a_node_whose_sql_reads_what_nobody_numbers_is_always_due(night: Warehouse) -> None:
    queries = [
        "select 1 where current_timestamp < '2000-01-01'",
        "select * from {{ ref('fait_factures') }} where facture_id < random() - 9",
        "select * from {{ ref('fait_factures') }} where exists (select from pg_class) and false",
        "select * from {{ ref('stg_chargements') }} where false",
    ]
    paths = [night.folder / f"tests/dbt/assert_nothing_{n}.sql" for n in range(len(queries))]
    try:
        for path, query in zip(paths, queries, strict=True):
            path.write_text(query + "\n", encoding="utf-8")
        found = states_now(night, night.parsed())
        assert [found[path.stem] for path in paths] == [None] * len(queries)
    finally:
        for path in paths:
            path.unlink()


def test_a_run_of_all_nodes_tells_what_was_missed(night: Warehouse) -> None:
    """Rows that somebody spoilt by hand, in a table that is computed whole."""
    execute(night, "update dwh_dimensions.dim_temps set nom_jour = 'x' where annee = 2020")
    assert ran(night.run(checks=True)) == set()
    whole = night.parsed(all_nodes=True)
    for layer in LAYERS:
        whole.build(layer)
    assert [node.name for node in whole.missed] == ["dim_temps"]
