"""The schedule of the nights: what .env may hold, and the same moments for systemd and crontab."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sigeti_dwh import schedule
from sigeti_dwh.errors import UserError
from sigeti_dwh.schedule import Schedule, read_looks, read_schedules

ABIDJAN = ZoneInfo("Africa/Abidjan")
SATURDAY = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)


def test_nights_start_at_two_in_abidjan_and_are_looked_at_at_seven() -> None:
    nights, checks = read_schedules({})
    assert nights.following(SATURDAY) == datetime(2026, 11, 21, 2, tzinfo=UTC)
    assert nights.latest(SATURDAY) == datetime(2026, 11, 20, 2, tzinfo=UTC)
    assert checks.following(SATURDAY) == datetime(2026, 11, 21, 7, tzinfo=UTC)


def test_the_time_zone_is_that_of_the_settings() -> None:
    nights, _ = read_schedules({"DWH_TIMEZONE": "Asia/Tokyo", "DWH_SCHEDULE": " 30  3 * * * "})
    assert nights.following(SATURDAY) == datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DWH_SCHEDULE", "2:00"),
        ("DWH_SCHEDULE", "0 2 * *"),
        ("DWH_SCHEDULE", "0 0 2 * * *"),
        ("DWH_SCHEDULE", "0 25 * * *"),
        ("DWH_SCHEDULE", "@daily"),
        ("DWH_SCHEDULE", "0 2 L * *"),
        ("DWH_SCHEDULE", "0 2 * * 5#1"),
        ("DWH_SCHEDULE", "0 2 30 2 *"),
        ("DWH_FRESHNESS_CHECK", "seven"),
        ("DWH_TIMEZONE", "Abidjan"),
        ("DWH_TIMEZONE", "../etc/passwd"),
        ("DWH_TIMEZONE", "Africa"),
    ],
)
def test_what_is_no_schedule_is_named(name: str, value: str) -> None:
    with pytest.raises(UserError) as refused:
        read_schedules({name: value})
    assert name in str(refused.value) and value in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "every", "cron"),
    [
        ({}, None, None),
        ({}, 10, "*/10 7-18 * * *"),
        ({"DWH_LOOK_EVERY": "10m"}, None, "*/10 7-18 * * *"),
        ({"DWH_LOOK_EVERY": "15", "DWH_LOOK_HOURS": "6,8-20"}, None, "*/15 6,8-20 * * *"),
        ({"DWH_LOOK_EVERY": "10m"}, 60, "0 7-18 * * *"),
    ],
)
def test_looks_are_so_far_apart_in_their_hours(
    variables: dict[str, str], every: int | None, cron: str | None
) -> None:
    looks = read_looks(variables, every)
    assert (looks.cron if looks else None) == cron


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("DWH_LOOK_EVERY", value) for value in ("7m", "0", "2h", "ten", "-5m", "90m")),
        *(("DWH_LOOK_HOURS", value) for value in ("7 to 18", "7-25", "*/2 *", "18-7")),
    ],
)
def test_what_is_no_look_is_named(name: str, value: str) -> None:
    with pytest.raises(UserError) as refused:
        read_looks({"DWH_LOOK_EVERY": "10m", name: value})
    assert name in str(refused.value) and value in str(refused.value)


@pytest.mark.parametrize(
    ("cron", "lines"),
    [
        ("0 2 * * *", ["*-*-* 2:0:00"]),
        ("*/20 1-3 * * *", ["*-*-* 1,2,3:0,20,40:00"]),
        ("0 2 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 2:0:00"]),
        ("0 2 * * 0,7", ["Sun *-*-* 2:0:00"]),
        ("0 2 1 JAN,jul *", ["*-1,7-1 2:0:00"]),
        ("0 2 1,15 * MON", ["*-*-1,15 2:0:00", "Mon *-*-* 2:0:00"]),
        ("0 2 */2 * MON", [f"Mon *-*-{','.join(map(str, range(1, 32, 2)))} 2:0:00"]),
    ],
)
def test_systemd_gets_the_same_moments(cron: str, lines: list[str]) -> None:
    moments = Schedule(cron, ABIDJAN)
    assert moments.calendar() == [f"{line} Africa/Abidjan" for line in lines]
    if shutil.which("systemd-analyze") is None:
        return
    following = {_next_by_systemd(line) for line in moments.calendar()}
    assert moments.following(datetime.now(UTC)) in following


def _next_by_systemd(line: str) -> datetime:
    done = subprocess.run(
        ["systemd-analyze", "calendar", line],
        env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = next(line for line in done.stdout.splitlines() if "Next elapse: " in line)
    text = told.split("Next elapse: ")[1]
    return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S %Z").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("machine", "same"),
    [("UTC", True), ("Africa/Dakar", True), ("Europe/London", False), ("Europe/Paris", False)],
)
def test_crontab_is_refused_where_the_machine_has_another_clock(
    machine: str, same: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """London has Abidjan's time in winter only."""
    zone = Path("/usr/share/zoneinfo") / machine
    if not zone.exists():
        pytest.skip("the machine has no time zones")
    (tmp_path / "localtime").symlink_to(zone)
    monkeypatch.setattr(schedule, "LOCAL_TIME", tmp_path / "localtime")
    moments = Schedule("0 2 * * *", ABIDJAN)
    if same:
        assert moments.on_machine() == "0 2 * * *"
    else:
        with pytest.raises(UserError, match="machine's clock"):
            moments.on_machine()


def test_a_machine_without_a_time_zone_has_utc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "LOCAL_TIME", tmp_path / "absent")
    assert Schedule("0 2 * * *", ABIDJAN).on_machine() == "0 2 * * *"
