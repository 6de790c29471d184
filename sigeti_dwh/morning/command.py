"""What a night does with the report when it has published; nothing here ever fails a night."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sigeti_dwh.alerts.messages import Message, report_failure, report_unsent
from sigeti_dwh.alerts.nights import tell
from sigeti_dwh.folders import words
from sigeti_dwh.morning.mailing import send_due
from sigeti_dwh.settings import Settings


def after_publication(settings: Settings, look: bool = False) -> None:
    """Write the report of all zones; after a night, not a look, send those that are due."""
    from sigeti_dwh.morning.report import gather, write

    with _failing_no_night("could not be made", report_failure):
        write(gather(settings))
    if not look:
        mail_due(settings)


def mail_due(settings: Settings) -> None:
    """Send the report to those of DWH_REPORT_* who have not got that of this day, week or month."""
    with _failing_no_night("was not sent to all", report_unsent):
        for line in send_due(settings):
            print(f"The morning report: {line}", flush=True)


@contextmanager
def _failing_no_night(what: str, message: Callable[[str], Message]) -> Iterator[None]:
    """Say and tell what goes wrong inside, and go on."""
    try:
        yield
    except Exception as error:
        print(f"The morning report {what}: {words(error)}", file=sys.stderr, flush=True)
        tell(message(words(error)))
