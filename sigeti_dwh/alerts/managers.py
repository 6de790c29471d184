"""Zone managers: each is told of the thresholds that his own zones cross, and of no others."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from sigeti_dwh.alerts.channels import Channel, address_and_login, entries, mail_channel
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
    return [_manager(variables, entry) for entry in entries(variables, SETTING)]


def usable_managers(variables: Mapping[str, str]) -> tuple[list[Manager], list[str]]:
    """Return the managers that can be told, and what is wrong with the entries of the others."""
    managers: list[Manager] = []
    wrong: list[str] = []
    for entry in entries(variables, SETTING):
        try:
            managers.append(_manager(variables, entry))
        except UserError as error:
            wrong.append(str(error))
    return managers, list(dict.fromkeys(wrong))


def zones_of(warehouse: psycopg.Connection[Any], managers: Sequence[Manager]) -> dict[str, Zones]:
    """Return the identifiers of the zones that each address may see, by all of its logins."""
    found: dict[str, Zones] = {}
    for manager in managers:
        zones = [zone for (zone,) in warehouse.execute(ZONES, [manager.login])]
        seen = found.get(manager.address, [])
        found[manager.address] = None if seen is None or "all" in zones else [*seen, *zones]
    return found


def unseeing(zones: Mapping[str, Zones]) -> list[str]:
    """Return what is wrong with the entries of those who see no zone."""
    return [
        f"{SETTING}: the login of {address} sees no zone.\n"
        "Correct its name, or say what it sees: ./run_pipeline.sh roles --login NAME --zones …"
        for address, seen in zones.items()
        if seen is not None and not seen
    ]


def _manager(variables: Mapping[str, str], entry: str) -> Manager:
    address, login = address_and_login(variables, SETTING, entry)
    if login is None:
        raise UserError(
            f"{SETTING}: {address} names no login.\n"
            "Write address:login; who is told of all zones belongs in DWH_ALERT_MAIL_TO."
        )
    channel = mail_channel(variables, SETTING, [address])
    return Manager(address, login, replace(channel, kind=address))
