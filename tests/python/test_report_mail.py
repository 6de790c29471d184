"""The morning report by e-mail: once a day, week or month, to each his zones; fails no night."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from sigeti_dwh.cli import main
from sigeti_dwh.errors import UserError
from sigeti_dwh.morning import mailing, report
from sigeti_dwh.morning.command import after_publication, mail_due
from sigeti_dwh.morning.content import Report, Section, Tile
from sigeti_dwh.morning.french import amount
from sigeti_dwh.morning.mailing import read_recipients, send_due
from sigeti_dwh.settings import Settings

from .mailbox import Mailbox
from .readers import Site
from .receiver import Receiver

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH", "ignore:'imghdr'")

MONDAY = datetime(2026, 11, 30, 2, tzinfo=UTC)
TUESDAY = datetime(2026, 12, 1, 2, tzinfo=UTC)
NEXT_MONDAY = datetime(2026, 12, 7, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep who got the report in a file of the test's own."""
    path = tmp_path / "report" / "sent.json"
    monkeypatch.setattr(mailing, "SENT", path)
    return path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """Make reports without a warehouse; give for whom they were made."""
    logins: list[str | None] = []

    def gather(settings: Settings, user: str | None = None) -> Report:
        logins.append(user)
        if user == "personne":
            raise UserError("There is no login 'personne'.\nMake it.")
        tile = Tile("Restant dû <1>", "12 FCFA", ["en retard : 3 FCFA"])
        return Report("Rapport", "30 novembre 2026", f"De {user}.", [Section("Un", [tile])])

    monkeypatch.setattr(report, "gather", gather)
    yield logins


def _text(mail: EmailMessage, kind: str = "html") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_each_gets_one_a_day_a_week_and_a_month(
    mailbox: Mailbox, made: list[str | None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_REPORT_DAILY", "jour@s.example, autre@s.example:chef")
    monkeypatch.setenv("DWH_REPORT_WEEKLY", "semaine@s.example")
    monkeypatch.setenv("DWH_REPORT_MONTHLY", "mois@s.example")
    assert len(send_due(settings, MONDAY)) == 4
    assert made == [None, "chef"], "one for all who read the same"
    assert send_due(settings, MONDAY.replace(hour=23)) == []
    daily = ["jour@s.example", "autre@s.example"]
    assert mailbox.recipients == [*daily, "semaine@s.example", "mois@s.example"]
    send_due(settings, TUESDAY)
    assert mailbox.recipients[4:] == [*daily, "mois@s.example"], "a month has begun"
    send_due(settings, NEXT_MONDAY)
    assert mailbox.recipients[7:] == [*daily, "semaine@s.example"]


def test_the_mail_has_key_figures_and_the_pdf(
    mailbox: Mailbox, made: list[str | None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_REPORT_DAILY", "jour@s.example")
    send_due(settings, MONDAY)
    [(_, mail)] = mailbox.mails
    assert mail["Subject"] == "Rapport : 30 novembre 2026"
    for kind in ("plain", "html"):
        assert "12 FCFA" in _text(mail, kind) and "en retard : 3 FCFA" in _text(mail, kind)
    assert "Restant dû &lt;1&gt;" in _text(mail) and "http" not in _text(mail)
    [pdf] = mail.iter_attachments()
    assert pdf.get_content_type() == "application/pdf" and pdf.get_filename() == "rapport.pdf"
    assert pdf.get_content().startswith(b"%PDF")


def test_each_reads_by_his_own_rights(
    site: Site, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_REPORT_WEEKLY", "tous@s.example, chef@s.example:une_zone")
    send_due(site.warehouse.settings)
    totals = site.owner("""
        select sum(restant), sum(restant) filter (where zone_id = (
            select zone_id from dwh_meta.droits_zones where login = 'une_zone'))
        from (select zone_id, sum(montant_restant_du) as restant
            from dwh_marts_financier.mart_performance_zones group by zone_id) as zones
    """)
    [(everything, of_one)] = totals
    of_all, of_the_zone = (_text(mail) for _, mail in mailbox.mails)
    assert amount(everything) in of_all and amount(of_one) in of_the_zone
    assert amount(everything) not in of_the_zone


def test_what_is_not_taken_is_told_and_sent_by_the_next_run(
    mailbox: Mailbox,
    made: list[str | None],
    receiver: Receiver,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DWH_ALERT_WEBHOOKS", f"http://127.0.0.1:{receiver.port}/")
    monkeypatch.setenv("DWH_REPORT_DAILY", "un@s.example:personne, deux@s.example")
    mail_due(settings)
    assert mailbox.recipients == ["deux@s.example"], "one who cannot get it keeps it from nobody"
    said = capsys.readouterr().err
    assert "1 of 2 have not got it: un@s.example:personne" in said and "no login" in said
    assert receiver.titles == ["SIGETI DWH: the morning report was not sent to all"]
    monkeypatch.setenv("DWH_REPORT_DAILY", "un@s.example, deux@s.example")
    monkeypatch.setenv("DWH_SMTP_PASSWORD", "un-autre-secret")
    mail_due(settings)
    said = capsys.readouterr().err
    assert "un@s.example" in said and "un-autre-secret" not in said
    monkeypatch.setenv("DWH_SMTP_PASSWORD", mailbox.settings["DWH_SMTP_PASSWORD"])
    mail_due(settings)
    assert mailbox.recipients == ["deux@s.example", "un@s.example"]


def test_a_mail_server_that_fails_slowly_is_left_to_the_next_run(
    mailbox: Mailbox, made: list[str | None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "PATIENCE", -1.0)
    monkeypatch.setenv("DWH_REPORT_DAILY", "un@s.example:personne, deux@s.example")
    with pytest.raises(UserError, match=r"deux@s\.example .*: left to the next run"):
        send_due(settings, MONDAY)
    assert mailbox.mails == []


def test_a_look_sends_nothing(
    mailbox: Mailbox,
    made: list[str | None],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "write", lambda made: [])
    monkeypatch.setenv("DWH_REPORT_DAILY", "jour@s.example")
    after_publication(settings, look=True)
    assert mailbox.mails == []
    after_publication(settings)
    assert mailbox.recipients == ["jour@s.example"]


@pytest.mark.parametrize("content", ["", "{", "[1]", "3"])
def test_a_damaged_record_keeps_the_report_from_nobody(
    content: str,
    sent: Path,
    mailbox: Mailbox,
    made: list[str | None],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DWH_REPORT_DAILY", "jour@s.example")
    sent.parent.mkdir()
    sent.write_text(content)
    assert len(send_due(settings, MONDAY)) == 1
    assert send_due(settings, MONDAY) == []


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"DWH_REPORT_DAILY": "chef"}, "DWH_REPORT_DAILY: 'chef' is no e-mail address"),
        ({"DWH_REPORT_WEEKLY": "a@b.example:"}, "DWH_REPORT_WEEKLY: .* names no login"),
        ({"DWH_REPORT_MONTHLY": "a@b.example", "DWH_SMTP_HOST": ""}, "DWH_REPORT_MONTHLY is set"),
        ({"DWH_REPORT_DAILY": "a@b.example", "DWH_SMTP_PORT": "x"}, "DWH_SMTP_PORT is 'x'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(variables: dict[str, str], named: str) -> None:
    with pytest.raises(UserError, match=named):
        read_recipients({"DWH_SMTP_HOST": "h", **variables})


def test_arguments_that_contradict_each_other_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for more in (["--zones", "3"], ["--user", "chef"], ["--html", "page.html"]):
        with pytest.raises(SystemExit) as ended:
            main(["report", *more, "--mail"])
        assert ended.value.code == 2
        assert "argument --mail" in capsys.readouterr().err
