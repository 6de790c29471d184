"""What the monitor prints on one screen, whatever the warehouse holds."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.brief import DETAILED, as_brief, duration
from sigeti_dwh.monitor.findings import Finding, monitor
from sigeti_dwh.monitor.layout import fold, fold_command, shorten
from sigeti_dwh.monitor.objects import MEASURED, Measure
from sigeti_dwh.monitor.records import Night
from sigeti_dwh.monitor.selection import Selection
from sigeti_dwh.monitor.survey import Survey

from .oracle import RELATIONS

NOW = datetime(2026, 11, 29, 7, tzinfo=UTC)
LAST = NOW - timedelta(hours=5)
LONG = "mart_" + "performance_" * 4 + "finan"
"""With a number, as long as PostgreSQL allows."""
WIDE = "mart_工業団地の実績と請求と支払い"


def measures(layer: str, *names: str) -> list[Measure]:
    return [
        Measure(layer, f"dwh_{layer}.{name}", "table", rows=1_234_567, size=1 << 20, loaded=LAST)
        for name in names
    ]


def night(number: int, state: str, seconds: float | None = 27) -> Night:
    ended = None if seconds is None else LAST + timedelta(seconds=seconds)
    return Night(number, LAST, ended, state, "the disk was full", None)


def survey(
    found: Sequence[Measure] = (),
    findings: Sequence[Finding] = (),
    nights: Sequence[Night] = (),
    usual: tuple[int, float] | None = None,
) -> Survey:
    everything = [*measures("raw", "lots", "factures"), *measures("facts", "fait_factures"), *found]
    return Survey(NOW, "warehouse", everything, list(findings), nights=list(nights), usual=usual)


def wrong(number: int) -> list[Finding]:
    return [
        Finding(
            "critical" if one % 2 else "warning",
            f"dwh_marts_operationnel.{LONG}_{one}",
            f"{one} rows, had {10**9}; " + "colonne " * 40,
            "",
            "volume",
            monitor("history", f"dwh_marts_operationnel.{LONG}_{one}"),
        )
        for one in range(number)
    ]


@pytest.mark.parametrize("width", [10, 40, 59, 80, 300])
@pytest.mark.parametrize("objects", [0, 12, 200])
@pytest.mark.parametrize("number", [0, 1, 300])
def test_it_fits_the_screen(width: int, objects: int, number: int) -> None:
    many = measures("marts", LONG, WIDE, *(f"{LONG}_{one}" for one in range(objects)))
    lines = as_brief(
        survey(many, wrong(number), [night(3, "échouée"), night(2, "réussie")], (9, 25.0)),
        width=width,
    ).splitlines()
    assert len(lines) <= 50
    limit = max(40, min(width, 80))
    commands = [line for line in lines if line.startswith(("  next: ", "        "))]
    assert [line for line in lines if cell_len(line) > limit and line not in commands] == []
    if width >= 80:
        assert max(map(cell_len, lines)) <= 80
    verdict = lines[: lines.index(next(line for line in lines if line.startswith("Last night")))]
    assert lines[-len(verdict) :] == verdict
    assert verdict[0].startswith(("FINE: ", "CRITICAL: ", "WARNING: "))
    if number == 300:
        assert any(line.startswith("and ") and line.endswith("more: --all") for line in lines)
        assert sum(line.startswith("CRITICAL") for line in lines) > 2


def test_each_fact_and_mart_has_a_line_and_each_other_layer_one() -> None:
    text = as_brief(survey(measures("marts", "mart_a", "mart_b")))
    lines = [line.split("  ")[0] for line in text.splitlines()]
    assert [one for one in lines if one.startswith(("fait_", "mart_", "raw"))] == [
        "fait_factures",
        "mart_a",
        "mart_b",
        "raw: 2 objects",
    ]
    assert "raw: 2 objects  2 469 134  2 MB         -       5 h" in text


def test_the_last_night_is_told_with_the_usual_time() -> None:
    def told(*nights: Night, usual: tuple[int, float] | None = None) -> str:
        return as_brief(survey(nights=nights, usual=usual))

    assert (
        "Last night: 3, 2026-11-29 02:00 UTC, ended well after 27 s (median of 9 earlier: 25 s)"
        in (" ".join(told(night(3, "réussie"), usual=(9, 25.2)).split()))
    )
    failed = told(night(3, "échouée", 3700), night(2, "interrompue", None), night(1, "réussie"))
    assert "failed after 1 h 1 min" in failed and "Last good night: 1, " in failed
    assert "has been at work for 5 h 0 min" in told(night(3, "en cours", None))
    assert "was killed" in told(night(3, "interrompue", None))
    assert "Last night: none" in told()


def test_what_is_the_same_of_many_objects_is_told_once_with_its_command() -> None:
    old = [
        Finding("critical", f"dwh_facts.f{one}", "loaded 3 d ago", "", "freshness", "./run.sh")
        for one in range(40)
    ]
    lines = as_brief(survey(findings=old)).splitlines()
    assert "CRITICAL 40 objects: loaded 3 d ago: dwh_facts.f0, " in "\n".join(lines)
    assert lines.count("  next: ./run.sh") == 1


def test_tests_that_warn_are_told_together_and_each_that_failed_by_itself() -> None:
    found = [
        Finding(
            level,
            f"test {level}_{number}",
            f"{number} rows, kept in dwh_qualite.{level}_{number}",
            "",
            "test",
            monitor("rows", f"dwh_qualite.{level}_{number}"),
        )
        for level in ("critical", "warning")
        for number in (2, 3, 4)
    ]
    text = " ".join(as_brief(survey(findings=found)).split())
    assert "WARNING 3 tests: warning_2 (2 rows), warning_3 (3 rows), warning_4 (4 rows)" in text
    assert text.count("next: python3 monitor_dwh.py rows dwh_qualite.warning_") == 1
    for number in (2, 3, 4):
        assert f"CRITICAL test critical_{number}: {number} rows, kept in" in text
        assert f"next: python3 monitor_dwh.py rows dwh_qualite.critical_{number} " in text


def test_warnings_leave_room_for_every_table_of_ours() -> None:
    """The demo's own: five tests warn, the usual time is told, and every layer has objects."""
    others = [
        one for layer in MEASURED if layer not in DETAILED for one in measures(layer, "x", "y")
    ]
    ours = [one for name in RELATIONS for one in measures("marts", name)]
    dimensions = measures("dimensions", *(f"dim_{number}" for number in range(7)))
    found = [
        Finding("warning", f"test warn_{one}", f"{one} rows, kept in {LONG}", "", "test", "./run")
        for one in range(5)
    ]
    shown = Survey(NOW, "warehouse", [*others, *dimensions, *ours], found, nights=[night(2, "")])
    lines = as_brief(shown).splitlines()
    assert len(lines) <= 50
    names = [line.split()[0] for line in lines if line]
    assert {one.name.partition(".")[2] for one in [*dimensions, *ours]} <= set(names)


def test_a_failed_night_is_told_before_what_follows_from_it() -> None:
    run = Finding("critical", "night 3", "failed: no disk", "", "run", "./run_pipeline.sh")
    lines = as_brief(survey(findings=[*wrong(40), run], nights=[night(3, "échouée")])).splitlines()
    assert lines[3] == "CRITICAL night 3: failed: no disk"


def test_what_a_terminal_would_obey_is_written_out() -> None:
    name = "mart_\x1b[31m\u200b\nx"
    text = as_brief(survey(measures("marts", name)))
    assert "mart_\\x1b[31m\\u200b\\nx" in text and "\x1b" not in text


def test_ascii_keeps_the_columns() -> None:
    text = as_brief(
        survey(measures("marts", "Zones d'été")),
        text=lambda value: value.encode("ascii", "backslashreplace").decode(),
    )
    line = next(line for line in text.splitlines() if "Zones" in line)
    assert line.startswith("Zones d'\\xe9t\\xe9  1 234 567")


def test_folding_loses_nothing() -> None:
    text = "aaa 工業団地の実績 " + "x" * 100
    for width in (10, 33, 80):
        lines = fold(text, width)
        assert max(map(cell_len, lines)) <= width
        assert "".join("".join(lines).split()) == "".join(text.split())
    command = monitor("--select", "d'été et " + "x" * 50, "--format", "json")
    typed = "\n".join(fold_command(command, 30)).replace("\\\n", "")
    assert shlex.split(typed) == shlex.split(command)
    assert shorten("mart_performance_financiere", 15) == "mart_p...nciere"
    assert cell_len(shorten(WIDE, 12)) <= 12


def test_spans_are_told_in_two_units() -> None:
    assert [duration(one) for one in (0.4, 59, 245, 3720)] == [
        "0 s",
        "59 s",
        "4 min 5 s",
        "1 h 2 min",
    ]


OBJECTS = [
    ("facts", "dwh_facts.fait_factures"),
    ("facts", "dwh_facts.fait_paiements"),
    ("preparation", "dwh_preparation.mart_a"),
    ("marts", "dwh_marts_x.mart_a"),
]


@pytest.mark.parametrize(
    ("layers", "names", "said"),
    [
        ([], ["fait_facture"], "Near: fait_factures"),
        ([], ["FAIT_PAIEMENTS"], "Near: fait_paiements"),
        ([], ["fait_factures\u200b"], "'fait_factures\\u200b'. Near: fait_factures"),
        ([], ["dwh_facts.fait_facturs"], "Near: dwh_facts.fait_factures"),
        ([], ["fait_*", "xyz"], "Nothing is named 'xyz'.\n"),
        ([], [""], "Nothing is named ''.\n"),
        (["facts"], ["mart_a"], "mart_a is in marts and preparation, not in facts."),
        (["staging"], [], "The layer staging is empty."),
    ],
)
def test_a_name_that_nothing_has_is_said(layers: list[str], names: list[str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        Selection(layers, names).require(OBJECTS)
    assert said in str(caught.value) and "fills it" not in str(caught.value).replace(
        "The layer staging is empty.\n./run_pipeline.sh fills it.", ""
    )


def test_names_that_are_there_are_taken() -> None:
    for chosen in (Selection(), Selection(["facts"], ["fait_*"]), Selection([], ["mart_a"])):
        chosen.require(OBJECTS)
    assert replace(Selection(), layers=["facts"]).is_all is False
