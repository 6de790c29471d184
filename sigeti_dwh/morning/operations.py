"""The path of requests, the jobs and investment that they announce, and the cases."""

from datetime import date
from decimal import Decimal

from sigeti_dwh.morning import charts
from sigeti_dwh.morning.content import Drawing, Section, Table, Tile, filled
from sigeti_dwh.morning.french import NOTHING, SPACE, amount, capitalised, number, share
from sigeti_dwh.morning.reading import Reading, total
from sigeti_dwh.readers.published import Row

MOST_BOTTLENECKS = 10
MOST_SECTORS = 10
MOST_ZONES = 10
YEARS = 3


def request_path(reading: Reading, today: date) -> Section | None:
    """Return how long requests stay at each step, and where they wait."""
    if not reading.has("mart_parcours_demandes", "nom_type_demande"):
        return None
    steps = reading.rows(
        """
        select nom_etape, responsable, sum(nombre_passages) as nombre_passages,
            sum(nombre_retours) as nombre_retours,
            sum(demandes_en_cours) as demandes_en_cours,
            sum(demandes_en_cours) filter (where zone_id < 0) as demandes_hors_zones,
            sum(duree_totale_jours) as duree_totale_jours, sum(nombre_durees) as nombre_durees
        from {mart_parcours_demandes} where {of_zones}
        group by numero_etape, nom_etape, responsable order by numero_etape nulls last
        """
    )
    if not steps:
        return None
    bottlenecks = reading.rows(
        """
        select * from {mart_parcours_demandes} where {of_zones} and est_goulot
        order by demandes_en_cours desc, duree_mediane_jours desc, etape_key, type_demande, zone_id
        """
    )
    days = total(steps, "duree_totale_jours")
    elsewhere = total(steps, "demandes_hors_zones")
    means = {row["nom_etape"]: _mean(row) or Decimal(0) for row in steps}
    longest = max(means, key=lambda name: means[name])
    return Section(
        "Parcours des demandes",
        tiles=[
            Tile(
                "Demandes en cours",
                number(total(steps, "demandes_en_cours")),
                [f"dont {number(elsewhere)} hors zone ou sans zone connue"] if elsewhere else [],
            ),
            Tile("Étape la plus longue", longest, [f"en moyenne {_days(means[longest])}"]),
            Tile("Goulots", number(len(bottlenecks)), ["étapes, par type de demande et zone"]),
        ],
        drawings=[
            Drawing("Durée moyenne par étape, en jours", charts.horizontal_bars(means, unit=1))
        ],
        tables=filled(
            Table(
                "Étapes",
                (
                    *("Étape", "Responsable", "Passages", "Retours", "En cours"),
                    *("Durée moyenne (jours)", "Part du temps"),
                ),
                [
                    [
                        row["nom_etape"],
                        capitalised(row["responsable"]),
                        number(row["nombre_passages"]),
                        share(row["nombre_retours"], row["nombre_passages"]),
                        number(row["demandes_en_cours"]),
                        number(_mean(row), 1),
                        share(row["duree_totale_jours"], days),
                    ]
                    for row in steps
                ],
                texts=2,
            ),
            Table(
                "Goulots, où le plus de demandes attendent d’abord",
                (
                    *("Étape", "Zone", "Type de demande", "En cours"),
                    *("Durée médiane (jours)", "9 sur 10 en moins de (jours)"),
                ),
                [
                    [
                        row["nom_etape"],
                        row["nom_zone"],
                        row["nom_type_demande"],
                        number(row["demandes_en_cours"]),
                        number(row["duree_mediane_jours"], 1),
                        number(row["duree_p90_jours"], 1),
                    ]
                    for row in bottlenecks[:MOST_BOTTLENECKS]
                ],
                texts=3,
            ),
        ),
        notes=[
            "Goulot : la durée médiane de l’étape dépasse de loin celle de toutes les étapes, pour "
            "le même type et la même zone. Retours : part des arrivées depuis une étape suivante."
        ],
    )


def jobs(reading: Reading, today: date) -> Section | None:
    """Return the jobs and the investment that requests announce, and those of approved ones."""
    if not reading.has("mart_emplois_investissements"):
        return None
    sums = """
        sum(nombre_demandes) as nombre_demandes, sum(demandes_approuvees) as demandes_approuvees,
        sum(demandes_sans_emplois) as demandes_sans_emplois,
        sum(demandes_sans_investissement) as demandes_sans_investissement,
        sum(emplois_total) as emplois_total, sum(emplois_nationaux) as emplois_nationaux,
        sum(emplois_total_approuves) as emplois_total_approuves,
        sum(montant_investissement) as montant_investissement,
        sum(montant_investissement_approuve) as montant_investissement_approuve
        from {mart_emplois_investissements} where {of_zones} and not est_a_venir
    """
    years = reading.rows("select annee, " + sums + "group by annee order by annee desc")
    if not years:
        return None
    sectors = reading.rows(
        "select nom_domaine, " + sums + "and annee = %(year)s group by nom_domaine "
        "order by emplois_total desc, nom_domaine limit %(most)s",
        year=today.year,
        most=MOST_SECTORS,
    )
    current = [row for row in years if row["annee"] == today.year]
    announced, invested = (
        total(current, column) for column in ("emplois_total", "montant_investissement")
    )
    approved_jobs = number(total(current, "emplois_total_approuves"))
    approved_money = amount(total(current, "montant_investissement_approuve"))
    per_job = amount(invested / announced) if announced else NOTHING
    headers = (
        *("Demandes", "Approuvées", "Emplois", "dont approuvés", "Emplois de nationaux"),
        "Investissement (FCFA)",
    )
    without = " et ".join(
        f"{number(total(current, column))} sans {what}"
        for column, what in (
            ("demandes_sans_emplois", "emplois connus"),
            ("demandes_sans_investissement", "investissement connu"),
        )
    )
    return Section(
        "Emplois et investissements",
        tiles=[
            Tile(
                f"Emplois annoncés en {today.year}",
                number(announced),
                [f"demandes approuvées : {approved_jobs}"],
            ),
            Tile(
                f"Investissement annoncé en {today.year}",
                amount(invested),
                [f"demandes approuvées : {approved_money}"],
            ),
            Tile("Investissement par emploi", per_job),
        ],
        tables=filled(
            Table(
                f"Par secteur, demandes de {today.year}",
                ("Secteur", *headers),
                [[row["nom_domaine"], *_announced(row)] for row in sectors],
            ),
            Table(
                "Par année de demande",
                ("Année", *headers),
                [
                    [str(row["annee"]), *_announced(row)]
                    for row in years
                    if row["annee"] > today.year - YEARS
                ],
            ),
        ),
        notes=[
            f"Tels que les demandes les annoncent ; demandes de {today.year} : {without}. "
            "Une demande peut annoncer des emplois de nationaux sans total."
        ],
    )


def cases(reading: Reading, today: date) -> Section | None:
    """Return how many cases of each process are open, and past their limit."""
    if not reading.has("mart_suivi_dossiers"):
        return None
    states = """
        coalesce(sum(nombre_dossiers) filter (where etat = 'ouvert'), 0) as ouverts,
        coalesce(sum(nombre_dossiers) filter (where etat = 'clos'), 0) as clos,
        coalesce(sum(nombre_dossiers) filter (where etat = 'abandonné'), 0) as abandonnes,
        sum(nombre_en_retard) as nombre_en_retard,
        sum(duree_totale_jours) as duree_totale_jours, sum(nombre_clos) as nombre_durees,
        sum(montant) as montant
        from {mart_suivi_dossiers} where {of_zones}
    """
    processes = reading.rows(
        "select nom_processus, " + states + "group by nom_processus order by nom_processus"
    )
    if not processes:
        return None
    late = reading.rows(
        "select nom_zone, " + states + "group by zone_id, nom_zone "
        "having sum(nombre_en_retard) > 0 order by nombre_en_retard desc, nom_zone "
        "limit %(most)s",
        most=MOST_ZONES,
    )
    return Section(
        "Suivi des dossiers",
        tiles=[
            Tile("Dossiers ouverts", number(total(processes, "ouverts"))),
            Tile("Ouverts après leur date limite", number(total(processes, "nombre_en_retard"))),
        ],
        tables=filled(
            Table(
                "Par processus",
                (
                    *("Processus", "Ouverts", "En retard", "Clos", "Abandonnés"),
                    *("Durée moyenne (jours)", "Montant (FCFA)"),
                ),
                [
                    [
                        row["nom_processus"],
                        *(
                            number(row[column])
                            for column in ("ouverts", "nombre_en_retard", "clos", "abandonnes")
                        ),
                        number(_mean(row), 1),
                        number(row["montant"]) if row["montant"] else NOTHING,
                    ]
                    for row in processes
                ],
            ),
            Table(
                "Zones où des dossiers sont en retard",
                ("Zone", "Ouverts", "En retard"),
                [
                    [row["nom_zone"], number(row["ouverts"]), number(row["nombre_en_retard"])]
                    for row in late
                ],
            ),
        ),
        notes=["Durée moyenne : de l’ouverture à la clôture, des dossiers clos."],
    )


def _announced(row: Row) -> list[str]:
    return [
        number(row[column])
        for column in (
            *("nombre_demandes", "demandes_approuvees", "emplois_total"),
            *("emplois_total_approuves", "emplois_nationaux"),
            "montant_investissement",
        )
    ]


def _mean(row: Row) -> Decimal | None:
    days, count = row["duree_totale_jours"], row["nombre_durees"]
    return Decimal(days) / Decimal(count) if count else None


def _days(value: Decimal) -> str:
    return f"{number(value, 1)}{SPACE}jours"
