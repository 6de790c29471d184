"""The subjects of the report, each read from the marts that hold it."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from sigeti_dwh.morning import charts, country
from sigeti_dwh.morning.content import Drawing, Section, Table, Tile
from sigeti_dwh.morning.french import amount, change, month, number, percentage, share
from sigeti_dwh.morning.reading import Reading, Row

MOST_DEBTORS = 10
MONTHS_DRAWN = 13
DECLARED = (
    "Déclaré : paiement saisi par un agent de recouvrement. Confirmé : paiement vérifié. "
    "Les montants d’un mois sont ceux des factures émises ce mois-là."
)


def sections(reading: Reading, today: date) -> list[Section]:
    """Return the subjects of which the reader sees something; the last names the others."""
    subjects: dict[str, Callable[[Reading, date], Section | None]] = {
        "Chiffres clés": key_figures,
        "Balance âgée": aged_balance,
        "Occupation des zones": occupation,
    }
    made = {title: subject(reading, today) for title, subject in subjects.items()}
    found = [section for section in made.values() if section is not None]
    empty = [title for title, section in made.items() if section is None]
    if empty:
        found.append(Section("Non présenté", notes=[f"Sans donnée visible : {', '.join(empty)}."]))
    return found


def key_figures(reading: Reading, today: date) -> Section | None:
    """Return what is owed, invoiced and paid, with its change since last month and last year."""
    if not reading.has("mart_performance_zones"):
        return None
    months = {
        row["premier_jour_mois"]: row
        for row in reading.rows(
            """
            select premier_jour_mois, sum(nombre_factures) as nombre_factures,
                sum(montant_facture) as montant_facture,
                sum(montant_regle_declare) as montant_regle_declare,
                sum(montant_regle_confirme) as montant_regle_confirme,
                sum(montant_restant_du) as montant_restant_du,
                sum(montant_en_retard) as montant_en_retard
            from {mart_performance_zones} where {of_zones}
            group by premier_jour_mois order by premier_jour_mois
            """
        )
    }
    if not months:
        return None
    this_year = [row for first, row in months.items() if first.year == today.year]
    owed, late = (
        _total(months.values(), "montant_restant_du"),
        _total(months.values(), "montant_en_retard"),
    )
    invoiced = _total(this_year, "montant_facture")
    declared = _total(this_year, "montant_regle_declare")
    confirmed = _total(this_year, "montant_regle_confirme")
    tiles = [
        Tile("Restant dû", amount(owed), [f"en retard : {amount(late)}"]),
        Tile(
            f"Facturé en {today.year}",
            amount(invoiced),
            [f"réglé déclaré : {amount(declared)}", f"réglé confirmé : {amount(confirmed)}"],
        ),
        Tile(
            f"Taux de recouvrement {today.year}",
            f"{share(declared, invoiced)} déclaré",
            [f"{share(confirmed, invoiced)} confirmé"],
        ),
    ]
    drawn = [first for first in _months_before(today, MONTHS_DRAWN)[::-1]]
    names = {
        "Facturé": "montant_facture",
        "Réglé déclaré": "montant_regle_declare",
        "Réglé confirmé": "montant_regle_confirme",
    }
    chart = charts.bars(
        [f"{first:%m/%Y}" for first in drawn],
        {
            name: [Decimal(months.get(first, {}).get(column) or 0) for first in drawn]
            for name, column in names.items()
        },
    )
    return Section(
        "Chiffres clés",
        tiles=tiles,
        drawings=[Drawing("Par mois d’émission, en millions de FCFA", chart)],
        tables=[_evolution(months, today)],
        notes=[DECLARED],
    )


def aged_balance(reading: Reading, today: date) -> Section | None:
    """Return how long what is owed has been late, and who owes most."""
    if not (reading.has("mart_balance_agee") and reading.has("mart_creances_clients")):
        return None
    ages = reading.rows(
        """
        select tranche, sum(nombre_factures) as nombre_factures,
            sum(montant_restant_du) as montant_restant_du
        from {mart_balance_agee} where {of_zones}
        group by tranche, ordre_tranche order by ordre_tranche
        """
    )
    if not ages:
        return None
    total = _total(ages, "montant_restant_du")
    lines = [
        [
            row["tranche"],
            number(row["nombre_factures"]),
            number(row["montant_restant_du"]),
            share(row["montant_restant_du"], total),
        ]
        for row in ages
    ]
    lines.append(
        ["Total", number(_total(ages, "nombre_factures")), number(total), share(total, total)]
    )
    debtors = reading.rows(
        """
        select raison_sociale, min(nom_zone) as nom_zone, count(*) as zones,
            sum(montant_restant_du) as montant_restant_du,
            sum(montant_en_retard) as montant_en_retard,
            sum(montant_regle_declare) as montant_regle_declare,
            sum(montant_regle_confirme) as montant_regle_confirme
        from {mart_creances_clients} where {of_zones}
        group by entreprise_id, raison_sociale
        order by montant_restant_du desc, entreprise_id limit %(most)s
        """,
        most=MOST_DEBTORS,
    )
    columns = ("montant_restant_du", "montant_en_retard")
    paid = ("montant_regle_declare", "montant_regle_confirme")
    return Section(
        "Balance âgée",
        drawings=[
            Drawing(
                "Restant dû par ancienneté du retard, en millions de FCFA",
                charts.horizontal_bars({row["tranche"]: row["montant_restant_du"] for row in ages}),
            )
        ],
        tables=[
            Table(
                "Ancienneté (jours de retard)",
                ("Tranche", "Factures", "Restant dû (FCFA)", "Part"),
                lines,
            ),
            Table(
                "Premiers débiteurs (FCFA)",
                (
                    *("Entreprise", "Zone", "Restant dû", "En retard"),
                    *("Réglé déclaré", "Réglé confirmé"),
                ),
                [
                    [
                        row["raison_sociale"] or "Sans nom",
                        row["nom_zone"] if row["zones"] == 1 else f"{row['zones']} zones",
                        *(number(row[column]) for column in columns + paid),
                    ]
                    for row in debtors
                ],
                texts=2,
            ),
        ],
    )


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
    lots, occupied = _total(zones, "nombre_total_lots"), _total(zones, "lots_occupes")
    left_out = _total(zones, "lots_sans_superficie")
    notes = []
    if left_out:
        notes.append(f"{number(left_out)} parcelles sans superficie connue : hors des surfaces.")
    drawings = []
    if has_points:
        placed = [
            country.Zone(
                place,
                zone["nom_zone"],
                float(zone["longitude"]),
                float(zone["latitude"]),
                zone["nombre_total_lots"],
                zone["taux_occupation_pct"],
            )
            for place, zone in enumerate(zones, 1)
            if zone["longitude"] is not None and zone["latitude"] is not None
        ]
        caption = "Occupation par zone ; surface du cercle : nombre de parcelles"
        drawings = [Drawing(caption, country.draw(placed), is_map=True)] if placed else []
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
                number(_total(zones, "demandes_en_attente")),
                [f"approuvées : {number(_total(zones, 'demandes_approuvees'))}"],
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
                        f"{place}. {zone['nom_zone']}",
                        number(zone["nombre_total_lots"]),
                        number(zone["lots_occupes"]),
                        percentage(zone["taux_occupation_pct"]),
                        percentage(zone["taux_occupation_surface_pct"]),
                        number(zone["demandes_en_attente"]),
                    ]
                    for place, zone in enumerate(zones, 1)
                ],
            )
        ],
        notes=notes,
    )


def _evolution(months: dict[date, Row], today: date) -> Table:
    """Return the last whole month beside the one before and the same of last year."""
    current, last, before = _months_before(today, 3)
    year_ago = last.replace(year=last.year - 1)
    measures = {
        "Factures émises": "nombre_factures",
        "Facturé (FCFA)": "montant_facture",
        "Réglé déclaré (FCFA)": "montant_regle_declare",
        "Réglé confirmé (FCFA)": "montant_regle_confirme",
    }

    def value(first: date, column: str) -> Decimal:
        return Decimal(months.get(first, {}).get(column) or 0)

    return Table(
        f"Évolution de {month(last)}, dernier mois complet",
        (
            "Mesure",
            month(last).capitalize(),
            f"Depuis {month(before)}",
            f"Depuis {month(year_ago)}",
            f"{month(current).capitalize()}, en cours",
        ),
        [
            [
                name,
                number(value(last, column)),
                change(value(last, column), value(before, column)),
                change(value(last, column), value(year_ago, column)),
                number(value(current, column)),
            ]
            for name, column in measures.items()
        ],
    )


def _months_before(today: date, count: int) -> list[date]:
    """Return the first days of this month and of those before it, the latest first."""
    last = today.year * 12 + today.month - 1
    return [date(place // 12, place % 12 + 1, 1) for place in range(last, last - count, -1)]


def _total(rows: Iterable[Row], column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))
