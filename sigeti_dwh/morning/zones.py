"""How full the zones are, on a map and in a table."""

from datetime import date

from sigeti_dwh.morning import country
from sigeti_dwh.morning.content import Drawing, Section, Table, Tile
from sigeti_dwh.morning.french import number, percentage, share
from sigeti_dwh.morning.reading import Reading, total


def occupation(reading: Reading, today: date) -> Section | None:
    """Return how full each zone is, with the map where points of zones are known."""
    mart = "mart_occupation_zones"
    if not reading.has(mart):
        return None
    has_points = reading.has(mart, "longitude", "latitude")
    zones = reading.rows(
        "select * from {mart_occupation_zones} where {of_zones} and zone_id > 0 "
        "order by taux_occupation_pct desc nulls last, nom_zone"
    )
    if not zones:
        return None
    lots, occupied = total(zones, "nombre_total_lots"), total(zones, "lots_occupes")
    left_out = total(zones, "lots_sans_superficie")
    notes = []
    if left_out:
        notes.append(f"{number(left_out)} parcelles sans superficie connue : hors des surfaces.")
    drawings = []
    if has_points:
        placed = [
            country.Zone(
                zone["nom_zone"],
                float(zone["longitude"]),
                float(zone["latitude"]),
                zone["nombre_total_lots"],
                zone["taux_occupation_pct"],
            )
            for zone in zones
            if zone["longitude"] is not None and zone["latitude"] is not None
        ]
        caption = "Occupation par zone ; surface du cercle : nombre de parcelles"
        drawings = [Drawing(caption, country.draw(placed), is_map=True)] if placed else []
        if lost := [zone["nom_zone"] for zone in zones if zone["longitude"] is None]:
            notes.append(f"Sans position connue, hors de la carte : {', '.join(lost)}.")
    return Section(
        "Occupation des zones",
        tiles=[
            Tile(
                "Parcelles occupées",
                share(occupied, lots),
                [f"{number(occupied)} sur {number(lots)}"],
            ),
            Tile(
                "Demandes en attente",
                number(total(zones, "demandes_en_attente")),
                [f"approuvées : {number(total(zones, 'demandes_approuvees'))}"],
            ),
        ],
        drawings=drawings,
        tables=[
            Table(
                "Zones, la plus occupée d’abord",
                (
                    *("Zone", "Parcelles", "Occupées", "Occupation"),
                    *("Occupation en surface", "Demandes en attente"),
                ),
                [
                    [
                        zone["nom_zone"],
                        number(zone["nombre_total_lots"]),
                        number(zone["lots_occupes"]),
                        percentage(zone["taux_occupation_pct"]),
                        percentage(zone["taux_occupation_surface_pct"]),
                        number(zone["demandes_en_attente"]),
                    ]
                    for zone in zones
                ],
            )
        ],
        notes=notes,
    )
