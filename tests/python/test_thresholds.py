"""Thresholds: told once when they are crossed, once when they are respected again."""

import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path

import pytest

from sigeti_dwh.alerts import night_ended, nights, published
from sigeti_dwh.alerts.managers import read_managers
from sigeti_dwh.alerts.thresholds import FILE, measure, read_thresholds
from sigeti_dwh.errors import UserError
from sigeti_dwh.readers.published import published_marts
from sigeti_dwh.settings import ROOT

from .mailbox import Mailbox
from .readers import execute
from .receiver import Receiver, receiving
from .warehouse import Warehouse

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH", "ignore:'imghdr'")

ZONES = "dwh_marts_occupation.mart_occupation_zones"
FULL = """
pleine:
  words: Une zone est pleine
  mart: mart_occupation_zones
  level: zone
  measure: {label: Occupation, unit: "%", ratio: [sum(lots_occupes), sum(nombre_total_lots)]}
  above: 200
"""


@pytest.fixture
def webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(nights, "KEPT", tmp_path / "alerts.json")
    with receiving() as receiver:
        monkeypatch.setenv("DWH_ALERT_WEBHOOKS", f"http://127.0.0.1:{receiver.port}/hook")
        yield receiver


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    """Make a project that has one threshold."""
    folder = tmp_path / "project"
    shutil.copytree(template / "models", folder / "models")
    return with_thresholds(folder, FULL)


def with_thresholds(folder: Path, text: str) -> Path:
    (folder / FILE).parent.mkdir(exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def occupy(site: Warehouse, share: str, zone: int = 1) -> None:
    """Let a zone be occupied by a share of its parcels, in the published mart."""
    execute(
        site.settings.warehouse,
        f"update {ZONES} set lots_occupes = nombre_total_lots * {share} where zone_id = {zone}",
    )


def test_a_threshold_is_told_once_when_crossed_and_once_when_respected(
    warehouse: Warehouse, webhook: Receiver, root: Path
) -> None:
    published(warehouse.settings, root)
    assert webhook.posts == []
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    published(warehouse.settings, root)
    [(_, told)] = webhook.posts
    assert told["title"] == "SIGETI : seuil franchi"
    [(zone,)] = warehouse.rows(f"select nom_zone from {ZONES} where zone_id = 1")
    assert "Une zone est pleine :" in told["message"]
    assert f"- {zone} : Occupation 300,0 % (maximum : 200,0 %)" in told["message"]
    occupy(warehouse, "3", zone=2)
    published(warehouse.settings, root)
    assert zone not in webhook.posts[1][1]["message"]
    occupy(warehouse, "2")
    published(warehouse.settings, root)
    published(warehouse.settings, root)
    assert webhook.titles[2:] == ["SIGETI : seuil de nouveau respecté"]
    assert zone in webhook.posts[2][1]["message"]
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    assert webhook.titles[3:] == ["SIGETI : seuil franchi"]


def test_no_value_and_no_row_say_nothing(
    warehouse: Warehouse, webhook: Receiver, root: Path
) -> None:
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    execute(warehouse.settings.warehouse, f"update {ZONES} set nombre_total_lots = 0")
    published(warehouse.settings, root)
    execute(warehouse.settings.warehouse, f"delete from {ZONES}")
    published(warehouse.settings, root)
    assert len(webhook.posts) == 1


def test_what_left_its_mart_is_crossed_no_longer(
    warehouse: Warehouse, webhook: Receiver, root: Path
) -> None:
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    execute(warehouse.settings.warehouse, f"delete from {ZONES} where zone_id = 1")
    published(warehouse.settings, root)
    published(warehouse.settings, root)
    assert webhook.titles[1:] == ["SIGETI : seuil de nouveau respecté"]
    assert "n'est plus dans le mart" in webhook.posts[1][1]["message"]


def test_what_nobody_took_is_told_later(
    warehouse: Warehouse, webhook: Receiver, root: Path
) -> None:
    webhook.refuses = True
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    webhook.refuses = False
    night_ended()
    published(warehouse.settings, root)
    assert webhook.titles == ["SIGETI : seuil franchi"]


def test_it_is_told_by_the_channels_that_it_names(
    warehouse: Warehouse,
    webhook: Receiver,
    root: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_thresholds(root, FULL + "  told: mail\n")
    monkeypatch.setenv("DWH_ALERT_MAIL_TO", "chef@sigeti.example")
    monkeypatch.setenv("DWH_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("DWH_SMTP_PORT", "1")
    monkeypatch.setenv("DWH_SMTP_SECURITY", "none")
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    assert webhook.posts == []
    assert "not taken by e-mail" in capfd.readouterr().err
    assert json.loads(nights.KEPT.read_text())["unsent"]


def test_nobody_to_tell_is_no_telling(
    warehouse: Warehouse, webhook: Receiver, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{webhook.port}/hook"
    monkeypatch.delenv("DWH_ALERT_WEBHOOKS")
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    monkeypatch.setenv("DWH_ALERT_WEBHOOKS", address)
    published(warehouse.settings, root)
    assert webhook.titles == ["SIGETI : seuil franchi"]


def test_values_are_those_of_sql(warehouse: Warehouse, root: Path) -> None:
    with_thresholds(
        root,
        """
        tout: {words: w, mart: mart_creances_clients, level: all, above: 1,
            measure: {label: Dû, unit: FCFA, sql: sum(montant_restant_du)}}
        client: {words: w, mart: mart_creances_clients, level: enterprise, below: 1,
            measure: {label: Dû, unit: FCFA, sql: sum(montant_restant_du)}}
        """,
    )
    with published_marts(warehouse.settings) as marts:
        values = measure(marts, root)
    sums = dict(
        warehouse.rows(
            "select 'client ' || entreprise_id, sum(montant_restant_du) "
            "from dwh_marts_financier.mart_creances_clients group by entreprise_id"
        )
    )
    assert {one.key: one.value for one in values} == sums | {"tout": sum(sums.values(), Decimal())}
    assert values[0].is_crossed


def test_a_measure_that_cannot_be_computed_is_named(warehouse: Warehouse, root: Path) -> None:
    with_thresholds(
        root,
        """
        noms: {words: w, mart: mart_creances_clients, level: all, above: 1,
            measure: {label: Noms, sql: sum(nom_zone)}}
        """,
    )
    said = r"bi/seuils\.yml: noms: its measure cannot be computed: .*function sum\(text\)"
    with pytest.raises(UserError, match=said), published_marts(warehouse.settings) as marts:
        measure(marts, root)


def test_those_shipped_are_quiet_on_the_demo(warehouse: Warehouse) -> None:
    with published_marts(warehouse.settings) as marts:
        values = measure(marts)
    assert {one.threshold.name for one in values} == {one.name for one in read_thresholds()}
    assert not [str(one) for one in values if one.is_crossed]


def test_cases_past_their_limit_cross_a_threshold_together(warehouse: Warehouse) -> None:
    cases = "dwh_marts_operationnel.mart_suivi_dossiers"
    for late, crossed in ((0, []), (10, ["dossiers_en_retard"])):
        execute(warehouse.settings.warehouse, f"update {cases} set nombre_en_retard = {late}")
        with published_marts(warehouse.settings) as marts:
            values = measure(marts)
        assert [one.key for one in values if one.is_crossed] == crossed


def test_requests_that_wait_cross_a_threshold_at_a_bottleneck_only(warehouse: Warehouse) -> None:
    path = "dwh_marts_operationnel.mart_parcours_demandes"
    execute(
        warehouse.settings.warehouse,
        f"update {path} set demandes_en_cours = 11, est_goulot = zone_id = 1",
    )
    with published_marts(warehouse.settings) as marts:
        values = measure(marts)
    assert [one.key for one in values if one.is_crossed] == ["goulot 1"]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("mart_occupation_zones", "mart_absent", "pleine: no mart 'mart_absent'; there are mart_"),
        ("level: zone", "level: agent", "pleine: no level 'agent'; there are all, zone, enter"),
        ("level: zone", "level: enterprise", "mart_occupation_zones has no entreprise_id"),
        ("sum(lots_occupes)", "sum(absent)", "pleine: no column 'absent'; there are"),
        (
            "ratio: [sum(lots_occupes), sum(nombre_total_lots)]",
            "sql: sum(taux_occupation_pct)",
            "%",
        ),
        ("above: 200", "above: beaucoup", "above is 'beaucoup', no number"),
        ("above: 200", "below: 1\n  above: 2", "either below or above"),
        ("above: 200", "au_dessus: 2", "nothing is called au_dessus"),
        ("above: 200", "above: 2\n  told: tous", "no told 'tous'; there are all, mail, webhooks"),
        ("words: Une zone est pleine\n", "mots: x\n", "words missing"),
        ("level: zone", "level: [", "is not YAML"),
    ],
)
def test_a_mistake_in_the_file_names_its_entry(
    root: Path, wrong: str, right: str, said: str
) -> None:
    with_thresholds(root, FULL.replace(wrong, right))
    with pytest.raises(UserError) as raised:
        read_thresholds(root)
    assert str(raised.value).startswith(str(FILE))
    assert said in str(raised.value)


def test_the_shipped_file_is_read_before_the_load() -> None:
    assert (ROOT / FILE).exists()
    assert read_thresholds()


def test_a_zone_manager_is_told_of_his_zones_alone(
    warehouse: Warehouse,
    webhook: Receiver,
    mailbox: Mailbox,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DWH_ALERT_ZONES", "un@s.example:chef_un, tout@s.example:chef_tout")
    execute(
        warehouse.settings.warehouse,
        "insert into dwh_meta.droits_zones values ('chef_un', 1), ('chef_tout', null)",
    )
    first, second = (
        name for (name,) in warehouse.rows(f"select nom_zone from {ZONES} where zone_id in (1, 2)")
    )
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    assert mailbox.recipients == ["un@s.example", "tout@s.example"]
    occupy(warehouse, "3", zone=2)
    published(warehouse.settings, root)
    assert mailbox.recipients[2:] == ["tout@s.example"]
    assert len(webhook.posts) == 2, "those of the site are told of all zones"
    occupy(warehouse, "0")
    occupy(warehouse, "0", zone=2)
    published(warehouse.settings, root)
    bodies = [_text(mail) for _, mail in mailbox.mails]
    assert mailbox.recipients[3:] == ["un@s.example", "tout@s.example"]
    assert first in bodies[0] and first in bodies[3]
    assert not any(second in bodies[mail] for mail in (0, 3))
    assert first in bodies[4] and second in bodies[4]


def test_a_zone_manager_is_told_of_nothing_that_is_of_no_zone(
    warehouse: Warehouse,
    mailbox: Mailbox,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(nights, "KEPT", tmp_path / "alerts.json")
    monkeypatch.setenv("DWH_ALERT_ZONES", "un@s.example:chef_un")
    execute(warehouse.settings.warehouse, "insert into dwh_meta.droits_zones values ('chef_un', 1)")
    text = FULL.replace("level: zone", "level: all").replace("above: 200", "above: 0")
    with_thresholds(root, text)
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    night_ended("the night failed")
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("un@s.example", "DWH_ALERT_ZONES: un@s.example names no login"),
        ("un.s.example:chef_un", "DWH_ALERT_ZONES: 'un.s.example' is no e-mail address"),
        ("un@s.example:chef_nu", "DWH_ALERT_ZONES: the login of un@s.example sees no zone"),
    ],
)
def test_a_wrong_entry_is_told_once_and_keeps_what_its_manager_is_to_be_told(
    wrong: str,
    said: str,
    warehouse: Warehouse,
    webhook: Receiver,
    mailbox: Mailbox,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    execute(
        warehouse.settings.warehouse,
        "insert into dwh_meta.droits_zones values ('chef_un', 1), ('chef_deux', 2)",
    )
    monkeypatch.setenv("DWH_ALERT_ZONES", f"{wrong}, deux@s.example:chef_deux")
    for zone in (1, 2):
        occupy(warehouse, "3", zone)
    for _ in range(2):
        published(warehouse.settings, root)
        assert said in capfd.readouterr().err
    assert mailbox.recipients == ["deux@s.example"], "who is named rightly is told that night"
    assert webhook.titles == [
        "SIGETI DWH: some zone managers are not told",
        "SIGETI : seuil franchi",
    ]
    assert said in webhook.posts[0][1]["message"]
    monkeypatch.setenv("DWH_ALERT_ZONES", "un@s.example:chef_un, deux@s.example:chef_deux")
    for _ in range(2):
        published(warehouse.settings, root)
    assert mailbox.recipients[1:] == ["un@s.example"]
    [(zone,)] = warehouse.rows(f"select nom_zone from {ZONES} where zone_id = 1")
    assert zone in _text(mailbox.mails[1][1])
    assert len(webhook.posts) == 2
    occupy(warehouse, "0")
    published(warehouse.settings, root)
    assert mailbox.recipients[2:] == ["un@s.example"]


def test_a_mail_server_that_is_not_set_keeps_what_managers_are_to_be_told(
    warehouse: Warehouse,
    mailbox: Mailbox,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(nights, "KEPT", tmp_path / "alerts.json")
    monkeypatch.setenv("DWH_ALERT_ZONES", "un@s.example:chef_un")
    execute(warehouse.settings.warehouse, "insert into dwh_meta.droits_zones values ('chef_un', 1)")
    host = mailbox.settings["DWH_SMTP_HOST"]
    occupy(warehouse, "3")
    published(warehouse.settings, root)
    assert mailbox.recipients == ["un@s.example"]
    monkeypatch.delenv("DWH_SMTP_HOST")
    occupy(warehouse, "0")
    published(warehouse.settings, root)
    monkeypatch.setenv("DWH_SMTP_HOST", host)
    published(warehouse.settings, root)
    assert [mail["Subject"] for _, mail in mailbox.mails] == [
        "SIGETI : seuil franchi",
        "SIGETI : seuil de nouveau respecté",
    ]


def test_a_manager_without_login_is_refused() -> None:
    with pytest.raises(UserError, match=r"DWH_ALERT_ZONES: un@s\.example names no login"):
        read_managers({"DWH_SMTP_HOST": "h", "DWH_ALERT_ZONES": "un@s.example"})


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
