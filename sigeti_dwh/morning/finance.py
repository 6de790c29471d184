"""What is owed, invoiced and paid: key figures, aged balance, campaigns."""

from datetime import date
from decimal import Decimal

from sigeti_dwh.morning import charts
from sigeti_dwh.morning.content import Drawing, Section, Table, Tile, filled
from sigeti_dwh.morning.french import (
    amount,
    change,
    month,
    number,
    percentage,
    share,
    short_day,
)
from sigeti_dwh.morning.reading import Reading, total
from sigeti_dwh.readers.published import Row

MOST_DEBTORS = 10
MOST_CAMPAIGNS = 10
MONTHS_DRAWN = 13
DECLARED = (
    "Déclaré : paiement saisi par un agent de recouvrement. Confirmé : paiement vérifié. "
    "Les montants d’un mois sont ceux des factures émises ce mois-là."
)


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
        total(months.values(), "montant_restant_du"),
        total(months.values(), "montant_en_retard"),
    )
    invoiced = total(this_year, "montant_facture")
    declared = total(this_year, "montant_regle_declare")
    confirmed = total(this_year, "montant_regle_confirme")
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
    owed = total(ages, "montant_restant_du")
    lines = [
        [
            row["tranche"],
            number(row["nombre_factures"]),
            number(row["montant_restant_du"]),
            share(row["montant_restant_du"], owed),
        ]
        for row in ages
    ]
    lines.append(["Total", number(total(ages, "nombre_factures")), number(owed), share(owed, owed)])
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


def campaigns(reading: Reading, today: date) -> Section | None:
    """Return how the campaigns that run advance, and which are planned."""
    if not reading.has("mart_recouvrement_collectes"):
        return None
    rows = reading.rows(
        """
        select * from {mart_recouvrement_collectes} where {of_zones}
        order by montant_restant_du desc, collecte_id
        """
    )
    if not rows:
        return None
    planned = sorted((row for row in rows if row["est_a_venir"]), key=_begin)
    running = [row for row in rows if not row["est_cloturee"] and not row["est_a_venir"]]
    late = [row for row in running if row["date_fin_prevue"] and row["date_fin_prevue"] < today]
    invoiced = total(running, "montant_facture")
    declared, confirmed = (
        share(total(running, column), invoiced)
        for column in ("montant_regle_declare", "montant_regle_confirme")
    )
    return Section(
        "Campagnes de recouvrement",
        tiles=[
            Tile(
                "Campagnes en cours",
                number(len(running)),
                [f"après leur fin prévue : {number(len(late))}", f"à venir : {len(planned)}"],
            ),
            Tile(
                "Restant dû de leurs factures",
                amount(total(running, "montant_restant_du")),
                [f"facturé : {amount(invoiced)}"],
            ),
            Tile("Leur taux de recouvrement", f"{declared} déclaré", [f"{confirmed} confirmé"]),
        ],
        tables=filled(
            Table(
                "En cours, le plus grand reste d’abord",
                (
                    *("Campagne", "Zones", "Fin prévue", "Facturé (FCFA)"),
                    *("Restant dû (FCFA)", "Taux déclaré", "Taux confirmé"),
                ),
                [
                    [
                        *_campaign(row),
                        short_day(row["date_fin_prevue"]),
                        number(row["montant_facture"]),
                        number(row["montant_restant_du"]),
                        percentage(row["taux_recouvrement_pct"]),
                        percentage(row["taux_recouvrement_confirme_pct"]),
                    ]
                    for row in running[:MOST_CAMPAIGNS]
                ],
                texts=2,
            ),
            Table(
                "À venir",
                ("Campagne", "Zones", "Début", "Fin prévue"),
                [
                    [
                        *_campaign(row),
                        short_day(row["date_debut"]),
                        short_day(row["date_fin_prevue"]),
                    ]
                    for row in planned[:MOST_CAMPAIGNS]
                ],
                texts=2,
            ),
        ),
    )


def _campaign(row: Row) -> tuple[str, str]:
    return row["reference"] or "Sans référence", row["zones"] or "Non précisées"


def _begin(campaign: Row) -> date:
    begin: date = campaign["date_debut"]
    return begin


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
