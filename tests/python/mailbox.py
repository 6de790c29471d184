"""A mail server that keeps what it is given."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from sigeti_dwh.embedded.ports import free_port

SENDER = "entrepot@sigeti.example"


@dataclass
class Mailbox:
    """What arrived, and by which settings more would."""

    mails: list[tuple[Any, email.message.EmailMessage]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail, as aiosmtpd hands it over."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, email.message.EmailMessage)
        self.mails.append((envelope, mail))
        return "250 OK"

    @property
    def recipients(self) -> list[str]:
        """Return to whom the mails went, in order."""
        return [to for envelope, _ in self.mails for to in envelope.rcpt_tos]


@contextmanager
def receiving_mail() -> Iterator[Mailbox]:
    """Start a mail server that asks for user and password."""

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        known = (data.login, data.password) == (b"robot@sigeti.example", b"m0t de p@sse")
        return AuthResult(success=known, handled=False)

    box = Mailbox()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    box.settings = {
        "DWH_ALERT_MAIL_FROM": SENDER,
        "DWH_SMTP_HOST": "127.0.0.1",
        "DWH_SMTP_PORT": str(controller.port),
        "DWH_SMTP_USER": "robot@sigeti.example",
        "DWH_SMTP_PASSWORD": "m0t de p@sse",
        "DWH_SMTP_SECURITY": "none",
    }
    yield box
    controller.stop()
