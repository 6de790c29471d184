"""Alerts: each is told once, by real mail and HTTP; none fails a night or tells secrets."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sigeti_dwh import file_lock
from sigeti_dwh.alerts import backup, check_freshness, night, night_ended, nights, trial
from sigeti_dwh.alerts.channels import read_channels, redacted
from sigeti_dwh.alerts.incidents import kept_in
from sigeti_dwh.alerts.messages import Message
from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.findings import Finding
from sigeti_dwh.monitor.mail import mail
from sigeti_dwh.monitor.survey import Survey

from .mailbox import Mailbox
from .receiver import Receiver
from .test_file_lock import held

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH", "ignore:'imghdr'")

SECRET = "s3cr3t-t0ken-of-a-webhook"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what was told in a file of the test's own."""
    path = tmp_path / "state" / "alerts.json"
    monkeypatch.setattr(nights, "KEPT", path)
    return path


@pytest.fixture
def webhook(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Tell everything to the receiver."""
    address = f"http://127.0.0.1:{receiver.port}/hook/{SECRET}?cle=valeur"
    monkeypatch.setenv("DWH_ALERT_WEBHOOKS", address)
    return receiver


@pytest.fixture
def mailed(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """Tell everything by mail, too."""
    monkeypatch.setenv("DWH_ALERT_MAIL_TO", "chef@sigeti.example, dba@sigeti.example")
    return mailbox


def test_a_failure_is_told_once_and_its_end_too(webhook: Receiver) -> None:
    night_ended()
    assert webhook.titles == []
    for seconds in (3, 4):
        night_ended(f"facts: the test unique_x failed: {seconds} rows found in {seconds}.1 s")
    assert webhook.titles == ["SIGETI DWH: the night failed"]
    night_ended("load: The source does not answer.")
    assert len(webhook.posts) == 2, "another cause is told"
    night_ended()
    night_ended()
    assert webhook.titles[2:] == ["SIGETI DWH: right again"]
    night_ended("load: The source does not answer.")
    assert len(webhook.posts) == 4, "after a good night the same cause is news"


def test_a_look_that_fails_is_told_as_one(webhook: Receiver) -> None:
    with pytest.raises(UserError), night(look=True):
        raise UserError("The source does not answer.")
    assert webhook.titles == ["SIGETI DWH: a look between nights failed"]


def test_a_night_of_a_clock_that_was_ahead_hides_no_missed_one(webhook: Receiver) -> None:
    night_ended()
    kept = json.loads(nights.KEPT.read_text())
    ahead = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    nights.KEPT.write_text(json.dumps(kept | {"last_good": ahead}))
    check_freshness()
    assert webhook.titles == ["SIGETI DWH: the figures are not fresh"]


def test_a_failure_tells_cause_state_of_the_marts_and_next_step(webhook: Receiver) -> None:
    night_ended()
    night_ended("facts: the test unique_x failed: 3 rows found\nNothing further was built.")
    path, body = webhook.posts[0]
    assert path == f"/hook/{SECRET}?cle=valeur"
    assert body["type"] == "failure"
    for words in ("unique_x failed: 3 rows", "last run that ended well", "run_pipeline.sh"):
        assert words in body["message"]


def test_a_night_that_is_missed_is_told_once(
    webhook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon, earlier = (datetime.now(UTC) + timedelta(minutes=m) for m in (2, -2))
    monkeypatch.setenv("DWH_SCHEDULE", f"{soon.minute} {soon.hour} * * *")
    night_ended()
    check_freshness()
    assert webhook.titles == [], "none was due since the good one"
    kept = json.loads(nights.KEPT.read_text())
    long_ago = (datetime.now(UTC) - timedelta(days=1, hours=1)).isoformat()
    nights.KEPT.write_text(json.dumps(kept | {"last_good": long_ago}))
    monkeypatch.setenv("DWH_SCHEDULE", f"{earlier.minute} {earlier.hour} * * *")
    check_freshness()
    check_freshness()
    assert webhook.titles == ["SIGETI DWH: the figures are not fresh"]
    night_ended()
    check_freshness()
    assert webhook.titles[1:] == ["SIGETI DWH: right again"]


@pytest.mark.parametrize("zones", ["", "un@s.example:chef_un"])
def test_that_no_night_ended_well_is_an_error_when_nobody_is_told(
    zones: str, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What starts it, as cron, can then tell somebody: each time; zone managers are not told."""
    monkeypatch.delenv("DWH_ALERT_MAIL_TO", raising=False)
    monkeypatch.setenv("DWH_ALERT_ZONES", zones)
    for _ in range(2):
        with pytest.raises(UserError, match="none has ended well since") as late:
            check_freshness()
        assert "DWH_ALERT_MAIL_TO" in str(late.value) and len(str(late.value).splitlines()) <= 3
    night_ended()
    check_freshness()
    assert mailbox.mails == []


def test_what_a_zone_manager_is_to_be_told_waits_while_the_setting_is_wrong(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DWH_ALERT_MAIL_TO", raising=False)
    with kept_in(nights.KEPT) as known:
        known.unsent = [Message("threshold", "SIGETI : seuil", "Zone 1", "un@s.example")]
    monkeypatch.setenv("DWH_ALERT_ZONES", "un@s.example")
    night_ended()
    monkeypatch.setenv("DWH_ALERT_ZONES", "un@s.example:chef_un")
    night_ended()
    night_ended()
    assert mailbox.recipients == ["un@s.example"]


def test_a_backup_that_fails_is_told_each_time(
    webhook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with pytest.raises(UserError), backup():
            raise UserError("The folder /mnt/nas cannot be written.")
    with backup():
        pass
    assert webhook.titles == ["SIGETI DWH: the backup failed"] * 2
    assert "/mnt/nas" in str(webhook.posts[0]) and "run_pipeline.sh backup" in str(webhook.posts[0])
    webhook.refuses = True
    with pytest.raises(UserError, match="/mnt/nas"), backup():
        raise UserError("The folder /mnt/nas cannot be written.")
    said = capsys.readouterr().err
    assert "not taken" in said and SECRET not in said


def test_what_no_channel_took_is_told_next_time(
    webhook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook.refuses = True
    night_ended("the first failure")
    said = capsys.readouterr().err
    assert "not taken" in said and SECRET not in said
    webhook.refuses = False
    night_ended()
    night_ended()
    assert webhook.titles == ["SIGETI DWH: the night failed", "SIGETI DWH: right again"]


def test_one_channel_that_refuses_makes_no_other_repeat(
    webhook: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = f"http://127.0.0.1:{webhook.port}/good"
    monkeypatch.setenv("DWH_ALERT_WEBHOOKS", f"http://127.0.0.1:1/{SECRET} {good}")
    night_ended("a failure")
    night_ended("a failure")
    assert len(webhook.posts) == 1
    assert "JSON at 127.0.0.1" in capsys.readouterr().err


def test_a_mail_arrives(mailed: Mailbox) -> None:
    night_ended("Échec : la zone « Akoupé-Zeudji » n’a pas été chargée")
    assert sorted(mailed.recipients) == [
        "chef@sigeti.example",
        "dba@sigeti.example",
    ]
    _, mail = mailed.mails[0]
    assert mail["Subject"] == "SIGETI DWH: the night failed"
    assert "entrepot@sigeti.example" in mail["From"]
    body = mail.get_body(("plain",))
    assert body is not None and "la zone « Akoupé-Zeudji » n’a pas" in body.get_content()


def test_the_monitors_page_is_mailed(mailed: Mailbox) -> None:
    finding = Finding("critical", "dwh_facts.f", "empty", "vide, avait 9 lignes", "volume")
    mail(Survey(datetime.now(UTC), "warehouse", [], [finding]))
    _, sent = mailed.mails[0]
    assert sent["Subject"] == "Entrepôt SIGETI : Problème grave"
    body = sent.get_body(("plain",))
    assert body is not None and "vide, avait 9 lignes" in body.get_content()
    (page,) = sent.iter_attachments()
    assert page.get_filename() == "entrepot-sigeti.html"
    assert "Problème grave" in page.get_payload(decode=True).decode()


def test_a_wrong_mail_password_is_said_and_not_shown(
    mailed: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DWH_SMTP_PASSWORD", "un-autre-secret")
    night_ended("a failure")
    said = capsys.readouterr()
    assert mailed.mails == []
    assert "not taken by e-mail to chef@sigeti.example" in said.err
    assert "un-autre-secret" not in said.err + said.out


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (
            f"https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/{'a' * 24}",
            "https://hooks.slack.com",
        ),
        (
            "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a1"
            "0a64/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Fru"
            "n&sv=1.0&sig=KODuebWbDGYFr0z0eu-6Rj8aUKz7108W3wrNJZxFE5A",
            "https://prod-1.westeurope.logic.azure.com:443",
        ),
    ],
    ids=["Slack", "Teams"],
)
def test_slack_and_teams_get_their_own_form(
    address: str,
    host: str,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything is as it goes there; only the host is the receiver's."""
    send = requests.Session.request

    def to_receiver(session: Any, method: str, url: str, **options: Any) -> requests.Response:
        assert url.startswith(host), url
        here = url.replace(host, f"http://127.0.0.1:{receiver.port}")
        return send(session, method, here, **options)

    monkeypatch.setattr(requests.Session, "request", to_receiver)
    monkeypatch.setenv("DWH_ALERT_WEBHOOKS", address)
    night_ended("facts: the test unique_x failed")
    (_, body), *others = receiver.posts
    assert others == [] and "attachments" in body
    assert "the night failed" in json.dumps(body) and "unique_x failed" in json.dumps(body)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"DWH_ALERT_MAIL_TO": "pas une adresse"}, "DWH_ALERT_MAIL_TO"),
        ({"DWH_ALERT_MAIL_TO": "a@b.example"}, "DWH_SMTP_HOST"),
        ({"DWH_SMTP_SECURITY": "tls1"}, "DWH_SMTP_SECURITY"),
        ({"DWH_SMTP_PORT": "0"}, "DWH_SMTP_PORT"),
        ({"DWH_ALERT_WEBHOOKS": f"nonsense://{SECRET}"}, "DWH_ALERT_WEBHOOKS"),
        ({"DWH_ALERT_WEBHOOKS": SECRET}, "DWH_ALERT_WEBHOOKS"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_fails_no_night(
    variables: dict[str, str],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "DWH_SMTP_SECURITY" in variables or "DWH_SMTP_PORT" in variables:
        variables = {"DWH_ALERT_MAIL_TO": "a@b.example", "DWH_SMTP_HOST": "h", **variables}
    with pytest.raises(UserError, match=named):
        read_channels(variables)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    night_ended("a failure")
    said = capsys.readouterr().err
    assert named in said and SECRET not in said


def test_nothing_secret_is_told(webhook: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DWH_DB_PASSWORD", "mot-de-passe")
    night_ended(
        f"cannot log in with mot-de-passe at {SECRET}\n"
        "duplicate key value\nDETAIL:  Key (email)=(awa@sigeti.example) already exists."
    )
    (_, body), *_ = webhook.posts
    for secret in ("mot-de-passe", SECRET, "awa@sigeti.example"):
        assert secret not in body["message"]
    assert "cannot log in" in body["message"] and "duplicate key" in body["message"]
    assert redacted("a b", []) == "a b"


def test_a_dry_run_shows_who_is_told_what_and_sends_nothing(
    webhook: Receiver, mailed: Mailbox
) -> None:
    shown = trial.dry_run()
    assert webhook.posts == [] and mailed.mails == []
    for words in ("e-mail to chef@sigeti.example", "JSON at 127.0.0.1", "failed", "fresh", "again"):
        assert words in shown
    assert SECRET not in shown and "m0t de p@sse" not in shown


def test_a_trial_tells_who_took_it(webhook: Receiver, mailed: Mailbox) -> None:
    assert "e-mail to" in trial.send_test()
    assert webhook.titles == ["SIGETI DWH: a test"] and mailed.mails
    webhook.refuses = True
    with pytest.raises(UserError, match=r"JSON at 127\.0\.0\.1"):
        trial.send_test()


def test_a_trial_without_channels_says_what_to_set() -> None:
    with pytest.raises(UserError, match="DWH_ALERT_MAIL_TO"):
        trial.send_test()
    assert "Nobody is told" in trial.dry_run()


def test_whoever_is_named_later_hears_of_a_failure_that_goes_on(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    night_ended("a failure")
    monkeypatch.setenv("DWH_ALERT_WEBHOOKS", f"http://127.0.0.1:{receiver.port}/")
    night_ended("a failure")
    assert len(receiver.posts) == 1


def test_the_night_keeps_its_error_and_parts_of_one_are_not_told(webhook: Receiver) -> None:
    with pytest.raises(ValueError, match="a defect"), night(whole=False):
        raise ValueError("a defect")
    assert webhook.posts == []
    with pytest.raises(ValueError, match="a defect"), night():
        raise ValueError("a defect")
    with pytest.raises(KeyboardInterrupt), night():
        raise KeyboardInterrupt
    assert [body["message"].split("\n")[0] for _, body in webhook.posts] == ["ValueError: a defect"]


@pytest.mark.parametrize("content", ["", "{", '{"last_good": 3}', "[]"])
def test_a_damaged_record_hides_no_failure(content: str, kept: Path, webhook: Receiver) -> None:
    kept.parent.mkdir()
    kept.write_text(content)
    night_ended("a failure")
    assert len(webhook.posts) == 1
    assert json.loads(kept.read_text())["causes"] == ["a failure"]


def test_a_record_that_cannot_be_kept_hides_no_failure(
    kept: Path, webhook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.parent.write_text("a file where the folder should be")
    night_ended("a failure")
    assert len(webhook.posts) == 1
    assert "could not be kept" in capsys.readouterr().err


def test_a_locked_file_delays_an_alert_and_keeps_it_from_nobody(
    webhook: Receiver,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(file_lock, "LOCK_SECONDS", 0.1)
    kept.parent.mkdir()
    kept.with_suffix(".lock").touch()
    with held(kept.with_suffix(".lock")):
        night_ended("it broke")
    assert webhook.titles == ["SIGETI DWH: the night failed"]
    assert "has been locked" in capsys.readouterr().err
