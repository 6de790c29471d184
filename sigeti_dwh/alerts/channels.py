"""The ways to those who are told: e-mail and webhooks, sent by Apprise."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sigeti_dwh.alerts.messages import Kind, Message
from sigeti_dwh.errors import UserError
from sigeti_dwh.spark.server import is_chosen

if TYPE_CHECKING:
    from apprise import NotifyBase

# Per security: Apprise's name of it, and the usual port.
SECURITY = {"starttls": ("starttls", 587), "ssl": ("ssl", 465), "none": ("insecure", 25)}
ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
TYPES: dict[Kind, str] = {
    "failure": "failure",
    "missed": "warning",
    "recovery": "success",
    "threshold": "warning",
    "respected": "success",
    "report": "info",
    "test": "info",
}


@dataclass(frozen=True)
class Channel:
    """One way to someone; its name holds no secret."""

    name: str
    service: "NotifyBase"
    kind: str = "webhooks"
    """mail, webhooks, or the address of a zone manager."""

    def send(self, message: Message, attached: Path | None = None) -> str | None:
        """Send a message, with a file or not; return what went wrong, None when it was taken."""
        from apprise import AppriseAttachment, NotifyType
        from apprise.logger import LogCapture

        with LogCapture(level=logging.WARNING, fmt="%(message)s") as captured:  # type: ignore[no-untyped-call]
            done = self.service.notify(
                title=message.title,
                body=message.body,
                notify_type=NotifyType(TYPES[message.kind]),
                attach=AppriseAttachment(str(attached)) if attached else None,
            )
        said = [line.strip() for line in captured.getvalue().splitlines() if line.strip()]
        return None if done else (said or ["it did not say why"])[0]


def read_channels(variables: Mapping[str, str]) -> list[Channel]:
    """Return the channels that the settings name, none when they name none.

    Raises UserError, naming the variable and never its value, when one cannot be used.
    """
    channels = [_webhook(address) for address in variables.get("DWH_ALERT_WEBHOOKS", "").split()]
    if variables.get("DWH_ALERT_MAIL_TO", "").strip():
        to = _addresses(variables, "DWH_ALERT_MAIL_TO")
        channels.append(mail_channel(variables, "DWH_ALERT_MAIL_TO", to))
    return channels


def mail_channel(
    variables: Mapping[str, str], setting: str, recipients: Sequence[str], as_html: bool = False
) -> Channel:
    """Return the way by DWH_SMTP_* to the recipients that a setting names.

    Raises UserError, naming the variable, when it cannot be used.
    """
    from apprise import Apprise

    senders = ("DWH_ALERT_MAIL_FROM", "DWH_ALERT_MAIL_TO")
    sender = [*(one for name in senders for one in _addresses(variables, name)), *recipients][0]
    host = variables.get("DWH_SMTP_HOST", "").strip()
    if not host:
        raise UserError(f"{setting} is set, but DWH_SMTP_HOST is not.\nSet it too.")
    security = variables.get("DWH_SMTP_SECURITY", "").strip() or "starttls"
    if security not in SECURITY:
        raise UserError(
            f"DWH_SMTP_SECURITY is {security!r}.\nIt can be one of {', '.join(SECURITY)}."
        )
    mode, usual = SECURITY[security]
    port = variables.get("DWH_SMTP_PORT", "").strip() or str(usual)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise UserError(f"DWH_SMTP_PORT is {port!r}.\nIt must be a whole number up to 65535.")
    service: Any = Apprise.instantiate(
        {
            "schema": "mailto" if mode == "insecure" else "mailtos",
            "host": sender.partition("@")[2],
            "smtp_host": host,
            "port": int(port),
            "user": variables.get("DWH_SMTP_USER") or None,
            "password": variables.get("DWH_SMTP_PASSWORD") or None,
            "secure_mode": mode,
            "from_addr": sender,
            "targets": list(recipients),
            "format": "html" if as_html else "text",
        }
    )
    if service is None:
        raise UserError(f"{setting}, DWH_ALERT_MAIL_FROM or DWH_SMTP_* cannot be used.")
    return Channel(
        f"e-mail to {', '.join(recipients)} by {host}:{port} ({security})", service, "mail"
    )


def secrets(variables: Mapping[str, str]) -> list[str]:
    """Return what no message and no line of a log may hold, the longest first."""
    passwords = [value for name, value in variables.items() if name.endswith("_PASSWORD")]
    addresses = variables.get("DWH_ALERT_WEBHOOKS", "").split()
    # Of an address also its parts: a server's answer may quote them. Short ones are words.
    parts = [part for address in addresses for part in re.split(r"[/?&=:@]", address)]
    hidden = {secret for secret in passwords if len(secret) > 3}
    hidden |= {*addresses, *(part for part in parts if len(part) > 11)}
    hidden -= {urlsplit(address).hostname or "" for address in addresses}
    return sorted(hidden, key=len, reverse=True)


def redacted(text: str, hidden: Sequence[str]) -> str:
    """Return a text without secrets, and without the rows that PostgreSQL quotes in details."""
    text = re.sub(r"\s*(DETAIL|DÉTAIL)\s?:.*", "", text)
    for secret in hidden:
        text = text.replace(secret, "***")
    return text


def _webhook(address: str) -> Channel:
    """Know Slack's, Teams' and Apprise's own addresses; POST JSON to any other http address."""
    from apprise import Apprise

    service = Apprise.instantiate(address)
    if service is None and re.match("https?://", address):
        service = Apprise.instantiate(_as_json(address))
    if service is None:
        raise UserError(
            "DWH_ALERT_WEBHOOKS has an address that is neither https:// nor one of Apprise's.\n"
            "Separate several by spaces; .env.example shows some."
        )
    host = urlsplit(address).hostname if address.startswith("http") else None
    kind = str(service.service_name)
    return Channel(f"{kind} at {host}" if host else kind, service)


def _as_json(address: str) -> str:
    """Return an address as Apprise has it for a POST of JSON: parameters get a minus before."""
    parts = urlsplit(address)
    query = urlencode([(f"-{name}", value) for name, value in parse_qsl(parts.query, True)])
    return urlunsplit((parts.scheme.replace("http", "json"), parts.netloc, parts.path, query, ""))


def entries(variables: Mapping[str, str], setting: str) -> list[str]:
    """Return what a setting lists, separated by commas, semicolons or spaces."""
    return [entry for entry in re.split(r"[\s,;]+", variables.get(setting, "")) if entry]


def address_and_login(
    variables: Mapping[str, str], setting: str, entry: str
) -> tuple[str, str | None]:
    """Return the parts of an entry address:login, or address; raise UserError for any other."""
    address, colon, login = entry.partition(":")
    if not ADDRESS.fullmatch(address):
        raise UserError(
            f"{setting}: {address!r} is no e-mail address.\n"
            "Write address, or address:login for the zones of that login; separate by commas."
        )
    if colon and not login:
        raise UserError(f"{setting}: {entry!r} names no login.\nWrite it, or leave the colon out.")
    if login and is_chosen(variables):
        raise UserError(
            f"{setting}: {entry!r} names a login, and on Spark the catalog knows what it may see.\n"
            "Write an address alone, for all zones, in DWH_REPORT_* and DWH_ALERT_MAIL_TO."
        )
    return address, login or None


def _addresses(variables: Mapping[str, str], name: str) -> list[str]:
    found = entries(variables, name)
    wrong = [part for part in found if not ADDRESS.fullmatch(part)]
    if wrong:
        raise UserError(f"{name}: {wrong[0]!r} is no e-mail address.\nSeparate several by commas.")
    return found
