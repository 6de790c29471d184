"""A warehouse with the roles, and logins of each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import ROLES, create_login, create_roles

from .conftest import at, fresh_database
from .warehouse import Warehouse, copy_project

PASSWORD = "Ébène-et-cacao"


@dataclass
class Site:
    """A warehouse whose owner is no superuser, and a login of each role."""

    warehouse: Warehouse
    administrator: Server
    lines: list[str]

    def as_login(self, name: str, password: str = PASSWORD) -> Server:
        """Return the warehouse as a login sees it."""
        return replace(self.warehouse.settings.warehouse, user=name, password=password)

    def ask(self, name: str, query: str) -> list[tuple[Any, ...]]:
        """Return the rows that a login gets."""
        with connect(self.as_login(name)) as connection:
            return connection.execute(query.encode()).fetchall()

    def count(self, name: str, relation: str) -> int:
        """Return how many rows of a relation a login sees."""
        counted: int = self.ask(name, f"select count(*) from {relation}")[0][0]
        return counted

    def owner(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows that the owner of the warehouse gets."""
        return self.warehouse.rows(query)

    def login(self, name: str, role: str, zones: Any = ()) -> None:
        """Create a login with the password that all of them have here."""
        create_login(self.warehouse.settings, name, role, PASSWORD, zones, report=self.lines.append)

    def roles(self) -> str:
        """Put roles and rights in order as the owner; return what was told."""
        lines: list[str] = []
        create_roles(self.warehouse.settings, report=lines.append)
        return "\n".join(lines)


def execute(server: Server, statement: str) -> None:
    with connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def site_with_roles(server: EmbeddedServer, folder: Path) -> Iterator[Site]:
    """Run a night without the roles, then make roles and logins."""
    with (
        fresh_database(server, "source", "source") as source,
        fresh_database(server, "warehouse", "entrepot") as target,
    ):
        execute(
            at(server, "warehouse", "postgres"),
            f"""
            create role proprietaire login createdb password '{PASSWORD}';
            alter database entrepot owner to proprietaire;
        """,
        )
        mine = replace(target, user="proprietaire", password=PASSWORD)
        warehouse = Warehouse(source, mine, copy_project(folder))
        warehouse.fill()
        warehouse.run()
        site = Site(warehouse, target, [])
        assert site.owner("select count(*) from pg_policy") == [(0,)]
        with pytest.raises(UserError, match='ALTER ROLE "proprietaire" CREATEROLE'):
            create_roles(warehouse.settings)
        execute(target, "alter role proprietaire createrole")
        create_roles(warehouse.settings, report=site.lines.append)
        execute(target, "grant pg_monitor to dwh_monitor")
        [remaining] = [line for line in site.lines if line.startswith("As an administrator")]
        execute(target, remaining.partition(": ")[2])
        for role in ROLES:
            site.login(f"membre_{role}", role, None)
        site.login("sans_zone", "bi_reader")
        site.login("analyste_sans_zone", "dwh_analyst")
        [(zone, other)] = site.owner(
            "select min(zone_key), max(zone_key) from (select zone_key "
            "from dwh_facts.fait_factures join dwh_facts.fait_attributions using (zone_key) "
            "join dwh_facts.fait_collectes using (zone_key) where zone_key > 0) as z"
        )
        site.login("une_zone", "bi_reader", [zone])
        site.login("analyste_une_zone", "dwh_analyst", [zone])
        site.login("deux_zones", "dwh_analyst", [zone, other])
        yield site
