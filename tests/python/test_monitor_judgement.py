"""What the monitor calls old, unusual or changed."""

import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.findings import Level
from sigeti_dwh.monitor.freshness import judge_freshness
from sigeti_dwh.monitor.guards import judge_rows
from sigeti_dwh.monitor.history import Seen, sparkline
from sigeti_dwh.monitor.objects import Measure
from sigeti_dwh.monitor.thresholds import Threshold, thresholds

ABIDJAN = ZoneInfo("Africa/Abidjan")
MART = "dwh_marts_clients.mart_portefeuille_clients"


def judged(threshold: Threshold, published: str, now: str, *holidays: date) -> list[Level]:
    measure = Measure("marts", MART, "table", rows=1, published=datetime.fromisoformat(published))
    demanded = {"mart_portefeuille_clients": threshold}
    moment = datetime.fromisoformat(now)
    return [
        finding.level for finding in judge_freshness([measure], demanded, moment, ABIDJAN, holidays)
    ]


def test_age_has_two_limits() -> None:
    limits = Threshold(timedelta(hours=26), timedelta(hours=50))
    assert judged(limits, "2026-11-18 02:30+00", "2026-11-19 04:00+00") == []
    assert judged(limits, "2026-11-18 02:30+00", "2026-11-19 04:31+00") == ["warning"]
    assert judged(limits, "2026-11-18 02:30+00", "2026-11-20 04:31+00") == ["critical"]


def test_a_deadline_is_one_of_working_days() -> None:
    by_seven = Threshold(deadline=time(7))
    friday_night = "2026-11-20 02:30+00"
    assert judged(by_seven, friday_night, "2026-11-20 07:00+00") == []
    assert judged(by_seven, friday_night, "2026-11-22 12:00+00") == [], "a Sunday"
    assert judged(by_seven, friday_night, "2026-11-23 06:59+00") == []
    assert judged(by_seven, friday_night, "2026-11-23 07:00+00") == ["critical"]
    assert judged(by_seven, friday_night, "2026-11-23 09:00+00", date(2026, 11, 23)) == []
    assert judged(by_seven, "2026-11-23 08:00+00", "2026-11-23 09:00+00") == []


def test_a_mart_that_was_never_published_is_said() -> None:
    demanded = {"mart_portefeuille_clients": Threshold(deadline=time(7))}
    now = datetime(2026, 11, 20, tzinfo=UTC)
    (finding,) = judge_freshness([Measure("marts", MART, "table")], demanded, now, ABIDJAN)
    assert (finding.level, finding.text) == ("warning", "never published")


def test_the_project_states_a_threshold_for_every_layer_that_is_loaded() -> None:
    demanded = thresholds()
    for name in ("factures", "dim_lots", "fait_factures", "mart_kpi_operationnels"):
        assert demanded[name].error_after
    assert demanded["mart_kpi_operationnels"].deadline == time(7)


@pytest.mark.parametrize(
    "demand",
    ["{deadline: 7:00}", '{deadline: "25:00"}', "{warn_after: {count: x, period: hour}}", "{a: 1}"],
)
def test_a_threshold_that_cannot_be_read_is_named(demand: str, tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: p\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.yml").write_text(
        f"models:\n  - name: fait_ventes\n    config:\n      meta:\n        monitor: {demand}\n"
    )
    with pytest.raises(UserError, match=r"models/m\.yml, fait_ventes"):
        thresholds(tmp_path)


def test_a_model_says_more_than_its_folder(tmp_path: Path) -> None:
    (tmp_path / "models" / "facts").mkdir(parents=True)
    (tmp_path / "dbt_project.yml").write_text(
        "name: p\nmodels:\n  p:\n    facts:\n      +meta:\n"
        "        monitor: {warn_after: {count: 1, period: day}}\n"
    )
    for name in ("own", "inherited"):
        (tmp_path / "models" / "facts" / f"{name}.sql").write_text("select 1")
    (tmp_path / "models" / "facts" / "m.yml").write_text(
        "models:\n  - name: own\n"
        "    config: {meta: {monitor: {warn_after: {count: 2, period: hour}}}}\n"
    )
    assert thresholds(tmp_path) == {
        "own": Threshold(timedelta(hours=2)),
        "inherited": Threshold(timedelta(days=1)),
    }


def a_year(seed: int, growth: float = 1.0) -> list[Seen]:
    """Return a year of an invoice table: working days, a billing run on each first, noise."""
    chance = random.Random(seed)
    rows, seen = 100_000, []
    for number in range(365):
        moment = datetime(2025, 1, 1, 7, tzinfo=UTC) + timedelta(days=number)
        usual = 40.0 if moment.weekday() < 5 else 4.0
        if moment.day == 1:
            usual += 4_000
        rows += round(growth * max(chance.gauss(usual, usual / 4), 0))
        seen.append(Seen(moment, rows, None, (), anomaly=False))
    return seen


def alarms(year: list[Seen]) -> list[Seen]:
    """Live through a year as the monitor does, each day judged by those before it."""
    known: list[Seen] = []
    raised = []
    for day in year:
        measure = Measure("facts", "dwh_facts.f", "table", rows=day.rows)
        found, strange = judge_rows([measure], {"dwh_facts.f": known}, day.moment)
        known.append(Seen(day.moment, day.rows, None, (), anomaly=bool(strange)))
        if found:
            raised.append(day)
    return raised


def test_a_year_of_nights_raises_few_false_alarms() -> None:
    raised = [alarms(a_year(seed)) for seed in range(20)]
    assert sum(map(len, raised)) <= 2 * len(raised), "two false alarms a year"
    first_days = [day for year in raised for day in year if day.moment < year_start(7)]
    assert first_days == [], "while it learns it is silent"


def year_start(days: int) -> datetime:
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=days)


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.5])
def test_a_table_that_loses_or_doubles_is_seen_the_same_day(factor: float) -> None:
    for seed in range(20):
        year = a_year(seed)
        chosen = random.Random(seed).randrange(60, 365)
        spoiled = [
            Seen(
                day.moment,
                round(day.rows * factor) if number >= chosen else day.rows,
                None,
                (),
                False,
            )
            for number, day in enumerate(year)
        ]
        assert year[chosen].moment in [day.moment for day in alarms(spoiled)]


def test_a_curve_has_a_tick_for_each_value() -> None:
    assert sparkline([1, 1, 8]) == "▁▁█"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([0, 7], ascii_only=True).isascii()
