"""The report by e-mail: to whom, since when it is due, and who has got it."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sigeti_dwh.alerts.channels import (
    ADDRESS,
    address_and_login,
    entries,
    mail_channel,
    redacted,
    secrets,
)
from sigeti_dwh.alerts.messages import Message
from sigeti_dwh.errors import UserError
from sigeti_dwh.file_lock import file_lock
from sigeti_dwh.folders import REPORT_PAGE, words, write_private
from sigeti_dwh.morning.content import Report
from sigeti_dwh.schedule import read_schedule
from sigeti_dwh.settings import Settings, read_variables

PERIODS = {
    "DWH_REPORT_DAILY": "%Y-%m-%d",
    "DWH_REPORT_WEEKLY": "%G-W%V",
    "DWH_REPORT_MONTHLY": "%Y-%m",
}
"""Per setting, what names its period: nobody gets two reports of the same."""
SENT = REPORT_PAGE.with_name("sent.json")
PATIENCE = 300.0
"""Seconds after which a mail server that fails is left to the next run."""


@dataclass(frozen=True)
class Recipient:
    """Somebody who gets the report each day, week or month."""

    setting: str
    address: str
    login: str | None
    """Whose rights and zones decide, None for all zones."""

    def __str__(self) -> str:
        """Show it as it is set."""
        whose = f":{self.login}" if self.login else ""
        return f"{self.address}{whose} ({self.setting})"

    def period(self, day: date) -> str:
        """Name the day, week or month of a day."""
        return f"{day:{PERIODS[self.setting]}}"


@dataclass(frozen=True)
class Mail:
    """A report as it is sent: its key figures in the body, the whole of it as PDF."""

    subject: str
    body: str
    pdf: bytes


def read_recipients(variables: Mapping[str, str]) -> list[Recipient]:
    """Return who gets the report.

    Raises UserError, naming the variable, for an entry or DWH_SMTP_* that cannot be used.
    """
    found = [
        Recipient(setting, *address_and_login(variables, setting, entry))
        for setting in PERIODS
        for entry in entries(variables, setting)
    ]
    for recipient in found:
        mail_channel(variables, recipient.setting, [recipient.address])
    return found


def send_due(settings: Settings, now: datetime | None = None) -> list[str]:
    """Send the report to each who has not got that of his day, week or month; return to whom.

    Raises UserError, when all are through, naming those who did not get it.
    """
    variables = read_variables()
    recipients = read_recipients(variables)
    if not recipients:
        return []
    # Drawing takes a while to import.
    from sigeti_dwh.morning.report import gather

    zone = read_schedule(variables, "DWH_SCHEDULE").zone
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    mail_for = cache(lambda login: mail_of(gather(settings, login)))
    began = time.monotonic()
    done: list[str] = []
    failed: list[str] = []
    for recipient in recipients:
        with _sent() as sent:
            if sent.get(str(recipient)) == recipient.period(today):
                continue
            if failed and time.monotonic() - began > PATIENCE:
                failed.append(f"{recipient}: left to the next run")
                continue
            try:
                send(mail_for(recipient.login), recipient.address, recipient.setting)
            except Exception as error:
                failed.append(f"{recipient}: {words(error).splitlines()[0].rstrip('.')}")
                continue
            sent[str(recipient)] = recipient.period(today)
        done.append(f"Sent to {recipient}.")
    if failed:
        raise UserError(
            f"{len(failed)} of {len(recipients)} have not got it: {'; '.join(failed)}.\n"
            "The next run tries again, and so does ./run_pipeline.sh report --mail."
        )
    return done


def mail_of(report: Report) -> Mail:
    """Return a report as a mail."""
    from sigeti_dwh.morning.pages import as_mail, as_pdf

    return Mail(f"{report.title} : {report.data_of}", as_mail(report), as_pdf(report))


def send(mail: Mail, address: str, setting: str = "--mail") -> None:
    """Send a mail to an address.

    Raises UserError when DWH_SMTP_* cannot be used, or the mail was not taken.
    """
    if not ADDRESS.fullmatch(address):
        raise UserError(f"{setting}: {address!r} is no e-mail address.")
    variables = read_variables()
    channel = mail_channel(variables, setting, [address], as_html=True)
    message = Message("report", mail.subject, mail.body)
    with TemporaryDirectory() as folder:
        pdf = Path(folder) / REPORT_PAGE.with_suffix(".pdf").name
        pdf.write_bytes(mail.pdf)
        if trouble := channel.send(message, pdf):
            hidden = secrets(variables)
            raise UserError(redacted(f"not taken by {channel.name}: {trouble}", hidden))


@contextmanager
def _sent() -> Iterator[dict[str, str]]:
    """Give who got the report of which period, to one process at a time, and keep it."""
    SENT.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file_lock(SENT.with_suffix(".lock")):
        sent: dict[str, str] = {}
        # One that is damaged says nothing: better sent twice than never.
        with suppress(OSError, ValueError, TypeError):
            sent = dict(json.loads(SENT.read_text(encoding="utf-8")))
        before = dict(sent)
        yield sent
        if sent != before:
            write_private(SENT, json.dumps(sent, indent=1))
