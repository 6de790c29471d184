"""The page of a survey, by the mail settings of the alerts."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sigeti_dwh.alerts.channels import read_channels, redacted, secrets
from sigeti_dwh.alerts.messages import Message
from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.page import VERDICTS, as_page
from sigeti_dwh.monitor.survey import Survey
from sigeti_dwh.settings import read_variables


def mail(survey: Survey) -> str:
    """Send the page to DWH_ALERT_MAIL_TO and return by which way.

    Raises UserError when nobody is set, or the mail was not taken.
    """
    variables = read_variables()
    hidden = secrets(variables)
    channels = read_channels(dict(variables) | {"DWH_ALERT_WEBHOOKS": ""})
    if not channels:
        raise UserError("Nobody gets the page: set DWH_ALERT_MAIL_TO and DWH_SMTP_HOST in .env.")
    verdict = VERDICTS[survey.verdict]
    lines = [f"{finding.object} : {finding.french}" for finding in survey.findings]
    body = "\n".join([f"{verdict}. Le rapport est en pièce jointe.", "", *lines])
    with TemporaryDirectory() as folder:
        page = Path(folder) / "entrepot-sigeti.html"
        page.write_text(as_page(survey), encoding="utf-8")
        message = Message("report", f"Entrepôt SIGETI : {verdict}", redacted(body, hidden))
        for channel in channels:
            if trouble := channel.send(message, page):
                raise UserError(redacted(f"Not taken by {channel.name}: {trouble}", hidden))
    return ", ".join(channel.name for channel in channels)
