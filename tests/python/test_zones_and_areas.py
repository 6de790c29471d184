"""What decides the zone of an invoice and the area of a parcel, changed night by night."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer

from .conftest import copied_night
from .warehouse import Warehouse, written

# An invoice that nothing but parcels can give a zone: no request, a campaign of several zones.
UNDECIDED = (
    "select facture_id, entreprise_id, collecte_id from dwh_facts.fait_factures f "
    "where zone_key = -2 and demande_id is null "
    "and not exists (select from dwh_dimensions.dim_lots l "
    "where l.is_current and l.entreprise_id = f.entreprise_id) order by facture_id limit 1"
)


@pytest.fixture(scope="module")
def warehouse(server: EmbeddedServer, template: Path) -> Iterator[Warehouse]:
    """Copy a demo warehouse, for tests that leave its source as they found it."""
    with copied_night(server, template) as copy:
        yield copy


def zone_of(warehouse: Warehouse, invoice: int) -> int:
    [(zone,)] = warehouse.rows(
        "select zone_key from dwh_facts.fait_factures where facture_id = %s", invoice
    )
    return int(zone)


def night(warehouse: Warehouse) -> set[str]:
    """Run a night, and prove that it left what SQL on the source and a full refresh make."""
    wrote = written(warehouse.run()).keys()
    assert warehouse.differences() == []
    return set(wrote)


def test_parcels_that_change_hands_or_zone_move_invoices(warehouse: Warehouse) -> None:
    [(invoice, enterprise, campaign)] = warehouse.rows(UNDECIDED)
    zones = [
        zone
        for (zone,) in warehouse.rows(
            "select zone_id from dwh_facts.pont_collectes_zones where collecte_id = %s order by 1",
            campaign,
        )
    ]
    parcels = [
        warehouse.rows(
            "select lot_id, entreprise_id, zone_id from dwh_dimensions.dim_lots "
            "where is_current and lot_id > 0 and zone_id = %s order by lot_id limit 1",
            zone,
        )
        or warehouse.rows(
            "select lot_id, entreprise_id, zone_id from dwh_dimensions.dim_lots "
            "where is_current and lot_id > 0 order by lot_id desc limit 1"
        )
        for zone in zones[:2]
    ]
    [[first], [second]] = parcels
    hold = "update lots set entreprise_id = %s, zone_industrielle_id = %s where id = %s"

    warehouse.change(hold, enterprise, zones[0], first[0])
    assert {"fait_factures", "mart_performance_financiere"} <= night(warehouse)
    assert zone_of(warehouse, invoice) == zones[0]
    assert warehouse.rows(
        "select bool_and(p.zone_key = f.zone_key) from dwh_facts.fait_paiements p "
        "join dwh_facts.fait_factures f using (facture_id)"
    ) == [(True,)]

    # Held in two of the campaign's zones: nothing decides.
    warehouse.change(hold, enterprise, zones[1], second[0])
    night(warehouse)
    assert zone_of(warehouse, invoice) == -2

    warehouse.change(hold, first[1], first[2], first[0])
    night(warehouse)
    assert zone_of(warehouse, invoice) == zones[1]

    warehouse.change(hold, second[1], second[2], second[0])
    night(warehouse)
    assert zone_of(warehouse, invoice) == -2
    assert written(warehouse.run()) == {}
    assert written(warehouse.run(full_refresh=True)) == {}


def test_a_request_for_land_outside_the_zones_has_a_zone_of_that_name(warehouse: Warehouse) -> None:
    [(request, zone)] = warehouse.rows(
        "select demande_id, zone_id from dwh_facts.fait_attributions "
        "join dwh_facts.fait_factures f using (demande_id, zone_id) where f.collecte_id is null "
        "order by 1 limit 1"
    )
    change = (
        "update demandes_attribution set zone_id = %s, "
        "type_demande = %s::enum_demandes_attribution_type_demande where id = %s"
    )
    keys = (
        "select distinct a.zone_key, f.zone_key from dwh_facts.fait_attributions a "
        "join dwh_facts.fait_factures f using (demande_id) "
        "where demande_id = %s and f.collecte_id is null"
    )
    for outside, member in (("HORS_ZONE_INDUSTRIELLE", -3), ("ZONE_INDUSTRIELLE", -1)):
        warehouse.change(change, None, outside, request)
        night(warehouse)
        assert warehouse.rows(keys, request) == [(member, member)]
    warehouse.change(change, zone, "ZONE_INDUSTRIELLE", request)
    night(warehouse)
    assert warehouse.rows(keys, request) == [(zone, zone)]
    assert written(warehouse.run(full_refresh=True)) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [("superficie_maximale_m2: 1000000", "superficie_maximale_m2: 9000"),
     ("superficie_minimale_m2: 100", "superficie_minimale_m2: 3")],
)  # fmt: skip
def test_changed_bounds_make_the_areas_again(warehouse: Warehouse, old: str, new: str) -> None:
    """Narrow a bound and widen the other: areas of every layer follow, and come back."""
    settings: Path = warehouse.folder / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8")
    unknown = "select sum(lots_sans_superficie) from dwh_marts_occupation.mart_occupation_zones"
    [(usual,)] = warehouse.rows(unknown)
    try:
        settings.write_text(text.replace(old, new), encoding="utf-8")
        assert {"dim_lots", "mart_occupation_zones"} <= written(warehouse.run()).keys()
        [(changed,)] = warehouse.rows(unknown)
        assert (changed > usual) is ("maximale" in new)
        assert written(warehouse.run(full_refresh=True)) == {}
    finally:
        settings.write_text(text, encoding="utf-8")
    night(warehouse)
    assert warehouse.rows(unknown) == [(usual,)]


def test_an_improbable_area_is_warned_of_by_the_name_of_its_parcel(warehouse: Warehouse) -> None:
    [(name, typed)] = warehouse.rows(
        "select numero_lot, superficie from dwh_dimensions.dim_lots where lot_id = 1 and is_current"
    )
    warehouse.change("update lots set superficie = 7861, unite_mesure = 'ha' where id = 1")
    try:
        warehouse.run(checks=True)
        rows = warehouse.rows(
            "select numero_lot, superficie, unite_mesure from dwh_qualite.superficie_improbable "
            "where lot_id = 1"
        )
        assert rows == [(name, 7861, "ha")]
        assert warehouse.rows(
            "select superficie_m2, superficie from dwh_dimensions.dim_lots "
            "where lot_id = 1 and is_current"
        ) == [(None, 7861)]
    finally:
        warehouse.change("update lots set superficie = %s, unite_mesure = 'm2' where id = 1", typed)
        warehouse.run()
