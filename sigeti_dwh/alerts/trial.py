"""A look at the alerts before they are needed."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sigeti_dwh.alerts import messages
from sigeti_dwh.alerts.channels import read_channels, redacted, secrets
from sigeti_dwh.alerts.managers import Manager, read_managers, zones_of
from sigeti_dwh.alerts.nights import NOBODY, send
from sigeti_dwh.alerts.thresholds import FILE, measure, read_thresholds
from sigeti_dwh.errors import UserError
from sigeti_dwh.readers.published import published_marts
from sigeti_dwh.settings import load_settings, read_variables
from sigeti_dwh.warehouse.database import connect, translated

CROSSED = "!"
CAUSE = (
    "dimensions: the test unique_dim_lots_lot_key of dim_lots failed: 3 rows found, "
    "kept in dwh_qualite.unique_dim_lots_lot_key"
)


def dry_run() -> str:
    """Return who would be told, and what, without sending anything."""
    variables = read_variables()
    channels = read_channels(variables)
    now = datetime.now(UTC)
    shown = (messages.failure(CAUSE, now), messages.missed(now, now), messages.recovery(now, now))
    told = "\n".join(f"Told: {channel.name}" for channel in channels) or NOBODY
    managers = read_managers(variables)
    texts = [redacted(str(message), secrets(variables)) for message in shown]
    return "\n\n----\n".join([told, *texts, _thresholds(managers)])


def _thresholds(managers: Sequence[Manager]) -> str:
    """Return what the thresholds measure now, what is beyond them, and who is told of zones."""
    thresholds = read_thresholds()
    settings = load_settings()
    try:
        with published_marts(settings) as marts:
            values = measure(marts)
        with connect(settings.warehouse) as connection, translated(settings.warehouse):
            seen = zones_of(connection, managers)
    except UserError as error:
        return f"{FILE}, {len(thresholds)} thresholds, not measured: {error}"
    lines = [f"{FILE}, measured now ({CROSSED} crossed):"]
    for threshold in thresholds:
        lines.append(f"{threshold.name}, told to {threshold.told}: {threshold.words}")
        for one in values:
            if one.threshold == threshold:
                lines.append(f"  {CROSSED if one.is_crossed else '-'} {one}")
    for address, zones in seen.items():
        some = f"zones {', '.join(zones)}" if zones else "no zone"
        lines.append(f"Told of {'all zones' if zones is None else some}: {address}")
    return "\n".join(lines)


def send_test() -> str:
    """Send a test message by every channel and return who took it.

    Raises UserError when there is no channel, or one did not take it.
    """
    variables = read_variables()
    channels = read_channels(variables)
    channels += [manager.channel for manager in read_managers(variables)]
    if not channels:
        raise UserError(NOBODY)
    refused = [
        channel.name
        for channel in channels
        if not send(messages.test(), [channel], secrets(variables))
    ]
    if refused:
        raise UserError(f"Not every channel took the test: {'; '.join(refused)}.")
    return "\n".join(f"Taken: {channel.name}" for channel in channels)
