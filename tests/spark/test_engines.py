"""Both engines make the same of one source: at first, after days, and after what was killed."""

import re
import subprocess
import threading
import time
from dataclasses import replace

import pytest

from sigeti_dwh.alerts.thresholds import measure
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.morning.report import gather
from sigeti_dwh.night.results import NodeResult, NodeStart
from sigeti_dwh.readers.published import published_marts
from sigeti_dwh.spark.connection import check, connect

from .site import Site

MARTS = {
    "dwh_marts_financier.mart_performance_financiere": "montant_facture",
    "dwh_marts_financier.mart_creances_clients": "montant_restant_du",
}


def test_a_night_on_each_engine_makes_the_same(
    demonstrated: subprocess.CompletedProcess[str],
) -> None:
    said = demonstrated.stdout + demonstrated.stderr
    assert demonstrated.returncode == 0, said[-3000:]
    assert "37 of 37 relations are equal, row for row" in said
    assert "The morning report" not in said and "Alerts:" not in said


def test_the_password_of_the_source_is_in_no_log(site: Site) -> None:
    log = (site.cluster.home / "logs" / "thrift.log").read_text(encoding="utf-8")
    assert "temporary view arrivee_factures" in log and "(redacted)" in log
    assert site.postgres.source.password not in log


def test_a_row_that_differs_is_seen(site: Site) -> None:
    """The next night writes the table anew."""
    with connect(site.server) as connection:
        [(key,)] = connection.execute("select min(facture_id) from dwh_facts.fait_factures")
        connection.execute(
            "update dwh_facts.fait_factures set montant_total = montant_total + 1 "
            f"where facture_id = {key}"
        )
    found = {one.relation: one for one in site.compared() if one.differing}
    assert found.keys() == {"dwh_facts.fait_factures"}
    assert found["dwh_facts.fait_factures"].differing == 2
    assert f'"facture_id":{key}' in str(found["dwh_facts.fait_factures"])


def test_after_three_days_they_are_equal_again(site: Site) -> None:
    site.advance(3)
    site.night(site.postgres)
    site.night(site.spark)
    assert site.differing() == []


@pytest.mark.parametrize("zones", [[], [1, 3]])
def test_the_morning_report_is_the_same(site: Site, zones: list[int]) -> None:
    of_both = []
    for settings in (site.postgres, site.spark):
        report = gather(settings, zones=zones)
        of_both.append(
            [
                (section.title, section.tiles, section.tables, section.notes, drawn)
                for section in report.sections
                # A chart has a number of its own each time.
                for drawn in [[re.findall(r">([^<>{}]+)<", one.svg) for one in section.drawings]]
            ]
        )
    assert of_both[0] == of_both[1]
    assert len(of_both[0]) >= 5


def test_thresholds_are_measured_the_same(site: Site) -> None:
    of_both = []
    for settings in (site.postgres, site.spark):
        with published_marts(settings) as marts:
            of_both.append([(one.key, str(one), one.is_crossed) for one in measure(marts)])
    assert of_both[0] == of_both[1]
    assert {key for key, _, _ in of_both[0]} >= {"recouvrement_declare", "zone_pleine 1"}


def test_nobody_reads_there_in_the_name_of_a_login(site: Site) -> None:
    with pytest.raises(UserError, match=r"catalog knows what m\.traore may.*\nLeave --user out"):
        gather(site.spark, "m.traore")


def test_before_and_after_the_commit_of_a_publication_a_moment_has_the_same_marts(
    site: Site,
) -> None:
    """A query may read the table once for each mart, and some of these after the commit."""
    periods = "dwh_marts_operationnel.fraicheur__periodes"
    with connect(site.server) as connection:
        [(new, moment), (old, _)] = connection.execute(
            f"select snapshot_id, cast(committed_at as string) from {periods}.snapshots "
            "order by committed_at desc limit 2"
        )
        before, after = (
            connection.execute(
                f"select mart, etiquette from {periods} version as of {snapshot} "
                f"where depuis <= timestamp'{moment}' and timestamp'{moment}' < jusqua "
                "order by mart"
            )
            for snapshot in (old, new)
        )
    assert before == after and before


def test_a_row_deleted_at_the_source_is_kept_and_marked(site: Site) -> None:
    """The nights that follow build both engines from the source without it."""
    key = site.delete_newest("demande_attribution_lots")
    site.load(site.spark)
    with connect(site.server) as connection:
        found = connection.execute(
            "select count(*), count(_supprime_le) from raw_sigeti.demande_attribution_lots "
            f"where id = {key}"
        )
    assert found == [(1, 1)]


def test_a_load_of_an_unchanged_source_writes_no_row(site: Site) -> None:
    written = "select max(_chargement), max(_charge_le) from raw_sigeti.demande_attribution_lots"
    with connect(site.server) as connection:
        before = connection.execute(written)
        site.load(site.spark)
        assert connection.execute(written) == before


def test_a_thrift_server_killed_in_mid_build_leaves_readers_the_last_good_night(
    site: Site,
) -> None:
    """The run ends in words to act on, no reader saw a half, and the next run is right."""
    before = published(site)
    site.advance(1)
    site.night(site.postgres)
    site.load(site.spark)

    def kill(event: NodeStart | NodeResult) -> None:
        if isinstance(event, NodeStart) and event.name == "mart_performance_financiere":
            site.kill("thrift")

    with pytest.raises(RetryableError) as raised:
        site.build(site.spark, kill)
    assert len(str(raised.value).splitlines()) <= 3
    site.cluster.start_thrift(site.programs)
    assert published(site) == before
    with Reader(site) as reader:
        site.build(site.spark)
    assert site.differing() == []
    after = published(site)
    assert after != before
    assert set(reader.seen) <= {before, after}


def test_a_worker_killed_in_mid_build_is_done_without(site: Site) -> None:
    site.advance(1)
    site.night(site.postgres)
    site.load(site.spark)

    def kill(event: NodeStart | NodeResult) -> None:
        if isinstance(event, NodeStart) and event.name == "fait_paiements":
            site.kill("worker1")

    site.build(site.spark, kill)
    assert site.differing() == []
    site.cluster.start_worker(site.programs, 1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"host": "nulle-part.invalid"}, "DWH_SPARK_HOST"),
        ({"port": 1}, "nothing answers there"),
        ({"catalog": "absent"}, "DWH_SPARK_CATALOG"),
    ],
)
def test_a_wrong_place_is_told_in_three_lines(
    wrong: dict[str, str | int], told: str, site: Site
) -> None:
    with pytest.raises(UserError) as raised:
        check(replace(site.server, **wrong))  # type: ignore[arg-type]
    assert told in str(raised.value) and len(str(raised.value).splitlines()) <= 3


def test_a_schema_that_is_missing_is_told_in_three_lines(site: Site) -> None:
    with connect(site.server) as connection, pytest.raises(UserError) as raised:
        connection.execute("show tables in nulle_part")
    assert "a schema is missing there" in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 3


def test_a_jar_that_is_missing_is_told_in_three_lines(site: Site) -> None:
    with connect(site.server) as connection, pytest.raises(UserError) as raised:
        connection.execute(
            "create temporary view v using org.apache.spark.sql.jdbc "
            "options (url 'jdbc:x:y', driver 'org.absent.Driver', dbtable 't')"
        )
    assert "a jar is missing there" in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 3


def test_a_cluster_without_room_is_told_in_three_lines(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Last: nobody works here any more."""
    monkeypatch.setattr("sigeti_dwh.spark.connection.ROOM_SECONDS", 5)
    for number in (1, 2):
        site.kill(f"worker{number}")
    with pytest.raises(RetryableError, match="has no room") as raised:
        check(site.server)
    assert len(str(raised.value).splitlines()) <= 3


class Reader:
    """Reads the published marts again and again, in a session of its own; `seen` is what it saw."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.seen: list[tuple[object, ...]] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._read)

    def __enter__(self) -> "Reader":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()

    def _read(self) -> None:
        while not self.over.is_set():
            self.seen.append(published(self.site))
            time.sleep(1)


def published(site: Site) -> tuple[object, ...]:
    """Return sums of published marts, read in one statement."""
    sums = ", ".join(
        f"(select concat(count(*), ' ', sum({amount})) from {mart})"
        for mart, amount in MARTS.items()
    )
    with connect(site.server) as connection:
        [row] = connection.execute(f"select {sums}")
    return tuple(row)
