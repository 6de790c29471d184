"""The benchmark compares what makes the same rows, and refuses what does not."""

import json
from pathlib import Path

import pytest

from benchmarks import copying, documents, fact_floor, spark
from benchmarks.changes import PICK, Change
from benchmarks.checkout import copy_project
from benchmarks.databases import own_connection
from benchmarks.meter import Cost, Meter
from benchmarks.results import FIRST, MADE, RAW_COPY, REFRESH, UNCHANGED, Results
from benchmarks.statements import node_costs
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import Server

from .conftest import fresh_database
from .warehouse import Warehouse


def verify(warehouse: Warehouse) -> None:
    for fact in fact_floor.FACTS:
        fact_floor.verify(warehouse.settings, fact)


def test_the_floor_makes_the_rows_of_the_facts(server: EmbeddedServer, tmp_path: Path) -> None:
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        warehouse = Warehouse(source, target, copy_project(tmp_path / "project"))
        warehouse.fill()
        warehouse.run()
        fact_floor.copy_facts(warehouse.settings)
        for where in PICK:
            with own_connection(warehouse.settings.source) as connection:
                Change(100, where).make(connection)
            copying.copy_changed(warehouse.settings)
            copying.drop_copies(warehouse.settings)
            assert warehouse.load().changed == 100
            warehouse.build()
            with pytest.raises(fact_floor.DifferentFloorError, match="fait_factures"):
                verify(warehouse)
            fact_floor.bring_touched_keys(warehouse.settings)
            for fact in fact_floor.FACTS:
                fact_floor.make(warehouse.settings, fact)
            verify(warehouse)


def test_a_load_of_documents_is_measured_beside_copy_of_them(
    warehouse_server: Server, tmp_path: Path
) -> None:
    documents.write_events(tmp_path, 500)
    costs = documents.measure(warehouse_server, tmp_path)
    assert list(costs) == [documents.COPY, documents.FIRST, documents.UNCHANGED]
    with own_connection(warehouse_server) as connection:
        for relation in ("benchmark.documents", "raw_saas.analytics_events"):
            counted = connection.execute(f"select count(*) from {relation}".encode()).fetchone()
            assert counted == (500,), relation
    assert costs[documents.FIRST].rows > 500 > costs[documents.UNCHANGED].rows
    assert documents.FIRST in documents.table(costs)


def test_a_night_on_spark_is_measured_by_one_that_makes_all_anew() -> None:
    found = {spark.FULL: spark.Used(10, 1, 9), "on Spark": spark.Used(25, 5, 5, 10, 20)}
    told = " ".join(spark.table(found).splitlines()[-1].split())
    assert told == "| on Spark | 25 | 40 | 2.5 | 4.0 | 5 | 5 | 10 | 20 |"


def test_the_meter_counts_rows_cpu_and_wal_of_the_step(warehouse_server: Server) -> None:
    with own_connection(warehouse_server) as connection:
        connection.execute("create table work (n integer)")
    meter = Meter(warehouse_server)
    with meter.measure("work"), own_connection(warehouse_server) as connection:
        connection.execute("insert into work select generate_series(1, 300000)")
    with meter.measure("rest"):
        pass
    work, rest = meter.costs["work"], meter.costs["rest"]
    assert (work.rows, rest.rows) == (300_000, 0)
    assert work.wal_mb > 1 > rest.wal_mb
    if work.database_cpu is not None and rest.database_cpu is not None:
        assert work.database_cpu > rest.database_cpu


def cost(database_cpu: float | None, rows: int = 0, seconds: float = 9.0) -> Cost:
    return Cost(database_cpu, seconds, own_cpu=1.0, peak_mb=100.0, rows=rows, wal_mb=0.0)


def night_of(**steps: Cost) -> dict[str, Cost]:
    return {step: steps.get(step, cost(0.0, seconds=0.0)) for step in (*MADE, "tests")}


def test_ratios_are_medians_of_one_run_against_their_targets(tmp_path: Path) -> None:
    change = Change(1000, "spread")
    results = Results((change,))
    results.add(10, REFRESH, night_of(facts=cost(100.0)))
    results.add(10, UNCHANGED, night_of(marts=cost(1.0, rows=3)))
    for facts in (1.0, 5.0, 3.0):
        results.add(10, str(change), night_of(facts=cost(facts)))
    results.add(10, str(change), dict.fromkeys(fact_floor.FACTS, cost(0.5)))
    results.write(tmp_path / "results.json")
    ratios = {
        (ratio["what"], ratio["compared_with"]): (ratio["ratio"], ratio["met"])
        for ratio in json.loads((tmp_path / "results.json").read_text())["ratios"]
    }
    assert ratios["facts, 1 000 spread", "hand-written SQL"] == (2.0, True)
    assert ratios["night, 1 000 spread", REFRESH] == (0.03, True)
    assert ratios["night without changes", "nothing"] == (None, False)


def test_seconds_take_the_place_of_an_unknown_cpu() -> None:
    results = Results(())
    results.add(10, FIRST, night_of(load=cost(None, seconds=4.0)) | {RAW_COPY: cost(None)})
    first = next(ratio for ratio in results.ratios() if ratio.what == "first load")
    assert (first.figure, first.other, first.met) == (4.0, 9.0, True)
    assert "unknown" in str(results)


def test_a_commit_belongs_to_the_node_that_it_commits() -> None:
    usage = "! system usage stats:\n!\t0.5 s user, 0.25 s system, 1.0 s elapsed"
    entry = {"message": "QUERY STATISTICS", "detail": usage, "application_name": "dbt"}
    comment = '/* {"app": "dbt", "node_id": "model.sigeti_dwh.dim_lots"} */'
    (node,) = node_costs(
        [
            entry | {"session_id": "a", "statement": f"create table {comment}"},
            entry | {"session_id": "a", "statement": "COMMIT"},
        ]
    )
    assert (node.node, node.cpu, node.statements) == ("model.sigeti_dwh.dim_lots", 1.5, 2)
