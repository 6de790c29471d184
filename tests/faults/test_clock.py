"""Clocks set back, or ahead and then right: the server's, that of the machine of the nights."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sigeti_dwh.monitor.clocks import judge_clocks
from sigeti_dwh.warehouse.database import connect

from ..python.source_rows import add
from .installation import Installation
from .nights import by_command, check_end, check_warehouse, readers

VERSIONS = (
    "select raison_sociale, is_current, valid_from < coalesce(valid_to, 'infinity') "
    "from dwh_dimensions.dim_entreprises where entreprise_id = %s order by numero_version"
)
AHEAD = (
    "select entreprise_id from dwh_dimensions.dim_entreprises "
    "where valid_from > current_timestamp + interval '1 hour' "
    "order by valid_from, entreprise_id"
)
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@contextmanager
def clock(days: int) -> Iterator[None]:
    """Let the clock of what is started go wrong by some days."""
    os.environ.update(LD_PRELOAD=str(FAKETIME), FAKETIME=f"{days:+d}d")
    yield
    del os.environ["LD_PRELOAD"], os.environ["FAKETIME"]


def rename(installation: Installation, client: int, name: str) -> None:
    """Rename an enterprise, by somebody who leaves its change time alone."""
    installation.warehouse.change(
        "update entreprises set raison_sociale = %s where id = %s", name, client
    )


@by_command
def test_versions_keep_their_order_when_the_clock_is_set_back(installation: Installation) -> None:
    """The snapshot's stamps go three days ahead: since then the clock has been set back."""
    warehouse = installation.warehouse
    client = add(warehouse, "entreprises", raison_sociale="Un")
    for name in ("Deux", "Trois", "Quatre"):
        warehouse.run()
        if name == "Trois":
            installation.execute(
                "update dwh_snapshots.snap_entreprises set "
                "dbt_valid_from = dbt_valid_from + interval '3 days', "
                "dbt_valid_to = dbt_valid_to + interval '3 days'"
            )
        rename(installation, client, name)
    warehouse.run()
    assert warehouse.rows(VERSIONS, client) == [
        ("Un", False, True),
        ("Deux", False, True),
        ("Trois", False, True),
        ("Quatre", True, True),
    ]
    check_warehouse(installation)


@by_command
@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
def test_a_night_on_machines_whose_clock_is_set_back(installation: Installation) -> None:
    """The server and the night itself live three days ago."""
    warehouse = installation.warehouse
    client = add(warehouse, "entreprises", raison_sociale="Un")
    warehouse.run()
    rename(installation, client, "Deux")
    installation.server.stop()
    with clock(-3):
        installation.start_server()
    past = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "-3d"}
    with readers(installation), installation.night(**past) as night:
        assert check_end(installation, night) == 0, night.messages
    installation.server.stop()
    installation.start_server()
    rename(installation, client, "Trois")
    warehouse.run()
    assert warehouse.rows(VERSIONS, client) == [
        ("Un", False, True),
        ("Deux", False, True),
        ("Trois", True, True),
    ]
    check_warehouse(installation)


@by_command
@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
def test_what_a_clock_a_year_ahead_left_is_found_and_no_fact_follows_it(
    installation: Installation,
) -> None:
    """The server and a night live in a year, then the clock is set right."""
    warehouse = installation.warehouse
    client = add(warehouse, "entreprises", raison_sociale="Un")
    warehouse.run()
    rename(installation, client, "Deux")
    installation.server.stop()
    with clock(365):
        installation.start_server()
    future = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+365d"}
    with installation.night(**future) as night:
        assert check_end(installation, night) == 0, night.messages
    installation.server.stop()
    installation.start_server()
    with connect(warehouse.settings.warehouse) as connection:
        found = [one.object for one in judge_clocks(connection, "dwh")]
    assert found[0] == "dwh_dimensions.dim_entreprises" and found[1].startswith("night ")
    invoice = add(warehouse, "factures", entreprise_id=client, date_creation=datetime.now(UTC))
    with installation.night() as night:
        assert check_end(installation, night) == 0, night.messages
    assert warehouse.rows(
        "select raison_sociale, is_current from dwh_facts.fait_factures "
        "inner join dwh_dimensions.dim_entreprises using (entreprise_key) where facture_id = %s",
        invoice,
    ) == [("Un", False)]
    assert warehouse.rows(VERSIONS, client) == [("Un", False, True), ("Deux", True, True)]
    # Other tests of this file have left versions in the future too.
    ahead = [client for (client,) in warehouse.rows(AHEAD)]
    with connect(warehouse.settings.warehouse) as connection:
        [version] = judge_clocks(connection, "dwh")
    assert client in ahead
    assert version.text.startswith(f"{len(ahead)} versions begin in the future")
    assert f"entreprise_id={ahead[0]} " in version.text
    check_warehouse(installation)
