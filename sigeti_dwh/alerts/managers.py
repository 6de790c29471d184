"""Zone managers: each is told of the thresholds that his own zones cross, and of no others."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from sigeti_dwh.alerts.channels import Channel, address_and_login, mail_channel
from sigeti_dwh.errors import UserError

Zones = Collection[str] | None
"""Their identifiers; None for all."""
SETTING = "DWH_ALERT_ZONES"
ZONES = """
select coalesce(zone_id::text, 'all') from dwh_meta.droits_zones
where login = %s and (zone_id is null or zone_id >= -1)
order by zone_id
"""


@dataclass(frozen=True)
class Manager:
    """Somebody who is told of what a login may see."""

    address: str
    login: str
    channel: Channel
    """Its kind is the address: nothing else goes by it."""


def read_managers(variables: Mapping[str, str]) -> list[Manager]:
    """Return the managers that the settings name.

    Raises UserError, naming the variable, for an entry or DWH_SMTP_* that cannot be used.
    """
    return [
        _manager(variables, entry)
        for entry in re.split(r"[\s,;]+", variables.get(SETTING, ""))
        if entry
    ]


def zones_of(
    warehouse: psycopg.Connection[Any], managers: Sequence[Manager]
) -> list[tuple[str, Zones]]:
    """Return the address of each, and the identifiers of the zones that he may see."""
    found: list[tuple[str, Zones]] = []
    for manager in managers:
        zones = [zone for (zone,) in warehouse.execute(ZONES, [manager.login])]
        found.append((manager.address, None if "all" in zones else zones))
    return found


def _manager(variables: Mapping[str, str], entry: str) -> Manager:
    address, login = address_and_login(SETTING, entry)
    if login is None:
        raise UserError(
            f"{SETTING}: {address} names no login.\n"
            "Write address:login; who is told of all zones belongs in DWH_ALERT_MAIL_TO."
        )
    channel = mail_channel(variables, SETTING, [address])
    return Manager(address, login, replace(channel, kind=address))
