"""The oracle's SQL against figures worked out by hand."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from sigeti_dwh.demo.scratch import run_file

from .oracle import CONTRACTS, FOLDER, MARTS, RELATIONS, expected, totals

Connection = psycopg.Connection[Any]

REFERENCE = date(2024, 7, 15)


@pytest.fixture
def source(source_database: Connection) -> Connection:
    """Fill the hand-made source; the session's time zone must change nothing."""
    source_database.execute("set timezone to 'Pacific/Auckland'")
    run_file(source_database, "schema.sql")
    run_file(source_database, "schema_cases.sql")
    run_file(source_database, "constraints.sql")
    source_database.execute((FOLDER / "source_faite_main.sql").read_text(encoding="utf-8"))
    return source_database


def rows(source: Connection, relation: str, *columns: str) -> dict[Any, tuple[Any, ...]]:
    """Return these columns of the expected rows (all of them unless given), by their first."""
    names, found = expected(source, relation, REFERENCE)
    chosen = [names.index(column) for column in columns or names]
    return {row[chosen[0]]: tuple(row[i] for i in chosen[1:]) for row in found}


def test_invoices(source: Connection) -> None:
    """Settle each invoice by hand.

    1: 400 + 300 of 1 000 leave 300. 2: 600 on 10 February, 1 200 on the 14th: settled then, 20 days
    after 25 January. 3: cancelled, so nothing is due, though its 500 came in. 4, 5: deleted.
    6: nothing to pay, settled when created; two zones and no request: several. 7: its campaign has
    two zones, its request says 1. 8: settled by its own date, 15 days, yet nothing was declared.
    9: refunded, of nowhere. 10: its campaign has one zone, 1, which goes before its request's, 2.
    """
    columns = (
        "facture_id", "zone_key", "montant_regle_declare", "montant_regle_confirme",
        "montant_restant_du", "nombre_paiements", "statut_reglement", "date_solde",
        "delai_paiement_jours",
    )  # fmt: skip
    assert rows(source, "fait_factures", *columns) == {
        1: (1, 700, 400, 300, 2, "partielle", None, None),
        2: (1, 1300, 600, 0, 3, "soldée", date(2024, 2, 14), 20),
        3: (1, 500, 0, 0, 1, "annulée", date(2024, 2, 2), 2),
        6: (-2, 0, 0, 0, 0, "soldée", date(2024, 5, 10), 0),
        7: (1, 0, 0, 20000000, 0, "impayée", None, None),
        8: (1, 0, 0, 100, 0, "soldée", date(2024, 5, 20), 15),
        9: (-1, 0, 0, 0, 0, "annulée", None, None),
        10: (1, 0, 0, 50, 0, "impayée", None, None),
    }
    assert rows(source, "fait_factures", "facture_id", "zone_id")[6] == (None,)
    texts = rows(source, "fait_factures", "facture_id", "numero_facture", "statut", "date_creation")
    assert texts[1] == ("F1", "En attente", date(2024, 1, 20))
    assert texts[3] == ("F3", "Annulée", date(2024, 1, 31))


@pytest.mark.parametrize(
    ("lots", "campaign", "request_", "zone"),
    [
        # Nothing decides between zones 1 and 2.
        ({}, 2, None, -2),
        # Parcels in one of them, in both, in another one.
        ({3: 3}, 2, None, 2),
        ({3: 3, 1: 3}, 2, None, -2),
        ({5: 3}, 2, None, -2),
        ({3: 3, 5: 3}, 2, None, 2),
        ({3: 2}, 2, None, -2),
        # Parcels go before the request's zone, 1, which goes before saying that there are several.
        ({3: 3}, 2, 5, 2),
        ({}, 2, 5, 1),
        # A campaign of one zone asks neither; without a campaign the parcels decide nothing.
        ({3: 3}, 1, 4, 1),
        ({3: 3}, None, 5, 1),
        ({3: 3}, None, None, -1),
        # Request 3 is for land outside the zones, unless it names one.
        ({}, None, 3, -3),
        ({}, 2, 3, -2),
    ],
)
def test_zone_of_an_invoice(
    source: Connection,
    lots: dict[int, int],
    campaign: int | None,
    request_: int | None,
    zone: int,
) -> None:
    """Bill enterprise 3, who holds some of parcels 1 (zone 1), 3 (zone 2) and 5 (zone 3)."""
    source.execute(
        "insert into lots (id, numero, ilot, superficie, unite_mesure, prix, zone_industrielle_id,"
        " created_at, updated_at) values (5, 'L5', 'C', 1, 'ha', 1, 3, '2023-01-01', '2023-01-01')"
    )
    for lot, holder in lots.items():
        source.execute("update lots set entreprise_id = %s where id = %s", (holder, lot))
    source.execute(
        "insert into factures (id, numero_facture, entreprise_id, collecte_id,"
        " demande_attribution_id, montant_total, date_creation, created_at, updated_at)"
        " values (99, 'F99', 3, %s, %s, 1, '2024-02-01', '2024-02-01', '2024-02-01')",
        (campaign, request_),
    )
    assert rows(source, "fait_factures", "facture_id", "zone_key")[99] == (zone,)
    [row] = [
        row for row in expected(source, "mart_performance_financiere", REFERENCE)[1] if row[5] == 3
    ]
    names = {
        -1: "Inconnu",
        -2: "Plusieurs zones",
        -3: "Hors zone",
        1: "Yopougon",
        2: "Akoupé-Zeudji",
    }
    assert row[3:5] == (zone, names[zone])


def test_payments(source: Connection) -> None:
    """Order payments by time, then by id; the one of a deleted invoice is out."""
    columns = (
        "paiement_id", "zone_id", "rang_paiement", "cumul_regle", "reste_apres_paiement",
        "mode_paiement", "est_confirme", "date_paiement",
    )  # fmt: skip
    assert rows(source, "fait_paiements", *columns) == {
        1: (1, 2, 700, 300, None, False, date(2024, 3, 1)),
        2: (1, 1, 400, 600, "cheque", True, date(2024, 2, 1)),
        3: (1, 1, 600, 400, "especes", True, date(2024, 2, 10)),
        4: (1, 2, 1200, 0, None, False, date(2024, 2, 14)),
        5: (1, 3, 1300, 0, "mobile money", False, date(2024, 2, 14)),
        6: (1, 1, 500, 0, "virement", False, date(2024, 2, 2)),
    }


def test_requests(source: Connection) -> None:
    """Add up the lots of each request.

    1: 1 000 m² + 2 ha = 21 000 m², 5 + 40 millions, 60 days from 10 January to 10 March (2024 has
    a 29 February). 2: the bridge says lot 2, lot_id 4 is ignored. 3 and 5: lot 3, 500.555 m²
    rounded up. 4: no lot.
    """
    columns = (
        "demande_id", "reference", "zone_key", "nombre_lots", "superficie_demandee_m2",
        "lots_sans_superficie", "montant_attribution",
        "montant_financement", "nombre_emplois", "priorite", "est_approuve", "est_rejete",
        "est_en_attente", "date_demande", "date_decision", "delai_traitement_jours",
    )  # fmt: skip
    lot_3 = (1, Decimal("500.56"), 0, 1000000, None, None, None)
    assert rows(source, "fait_attributions", *columns) == {
        1: ("D1", 1, 2, 21000, 0, 45000000, 1500000, 12, "haute", True, False, False,
            date(2024, 1, 10), date(2024, 3, 10), 60),
        2: ("D2", 2, 1, 20000, 0, 40000000, 2.5, 7, None, False, False, True,
            date(2024, 2, 29), None, None),
        3: ("D3", -3, *lot_3, False, True, False, date(2024, 3, 5), date(2024, 3, 15), 10),
        4: ("D4", 2, 0, 0, 0, 0, None, None, None, False, False, True, date(2024, 3, 20), None,
            None),
        5: ("D5", 1, *lot_3, True, False, False, date(2024, 3, 31), date(2024, 4, 10), 10),
    }  # fmt: skip
    _, bridge = expected(source, "pont_attributions_lots", REFERENCE)
    assert sorted(bridge) == [(1, 1, 1), (1, 2, 1), (2, 2, 2), (3, 3, None), (5, 3, 2)]


def test_path_of_a_request(source: Connection) -> None:
    """Follow each request; event 18 is of none, and of those of one moment the later id is last."""
    columns = ("evenement_id", "demande_id", "rang", "duree_jours", "est_retour", "est_courante")
    found = rows(source, "fait_etapes_demandes", *columns)
    assert [found[event] for event in range(1, 8)] == [
        (1, 1, 1, False, False), (1, 2, 2, False, False), (1, 3, 1, False, False),
        (1, 4, 6, True, False), (1, 5, 1.5, False, False), (1, 6, 48.5, False, False),
        (1, 7, None, False, True),
    ]  # fmt: skip
    assert found[15] == (4, 3, None, True, True)
    assert (found[16], found[17]) == ((3, 1, 0, False, False), (3, 2, None, False, True))
    assert found.keys() == set(range(1, 18))


def test_path_mart(source: Connection) -> None:
    """Compare each step with all steps of its type of request and zone.

    In zone 1, steps last 1, 1; 2, 6, 9; 1, 1.5; 48.5 days: the median of all is 1.75. Step 2 took
    17 of 70 days, and one of its three arrivals was a return. In zone 2, 2, 1; 4: step 2 takes
    twice the median of all, no more; requests 2 and 4 are there and at step 1. Outside the zones
    nothing lasted, and step 13 is none.
    """
    names, found = expected(source, "mart_parcours_demandes", REFERENCE)
    columns = (
        "nombre_passages", "nombre_retours", "taux_retour_pct", "demandes_en_cours",
        "duree_totale_jours", "nombre_durees", "duree_moyenne_jours", "duree_mediane_jours",
        "duree_p90_jours", "part_du_temps_pct", "est_goulot",
    )  # fmt: skip
    steps = {
        (row[names.index("zone_id")], row[names.index("numero_etape")]): tuple(
            None if row[names.index(column)] is None else float(row[names.index(column)])
            for column in columns
        )
        for row in found
    }
    nothing = (None, None, None)
    assert steps == {
        (1, 1): (2, 0, 0, 0, 2, 2, 1, 1, 1, 2.86, False),
        (1, 2): (3, 1, 33.33, 0, 17, 3, 5.67, 6, 8.4, 24.29, True),
        (1, 3): (2, 0, 0, 0, 2.5, 2, 1.25, 1.25, 1.45, 3.57, False),
        (1, 5): (1, 0, 0, 0, 48.5, 1, 48.5, 48.5, 48.5, 69.29, True),
        (1, 12): (2, 0, 0, 0, 0, 0, *nothing, 0, False),
        (2, 1): (3, 1, 33.33, 1, 3, 2, 1.5, 1.5, 1.9, 42.86, False),
        (2, 2): (2, 0, 0, 1, 4, 1, 4, 4, 4, 57.14, False),
        (-3, 1): (1, 0, 0, 0, 0, 1, 0, 0, 0, None, False),
        (-3, None): (1, 0, 0, 0, 0, 0, *nothing, None, False),
    }
    assert totals(source, REFERENCE)["mart_parcours_demandes"] == {
        "nombre_passages": 17,
        "nombre_retours": 2,
        "demandes_en_cours": 2,
        "duree_totale_jours": 77,
        "nombre_durees": 12,
    }


@pytest.mark.parametrize(
    ("area", "unit", "known"),
    [
        (99.99, "m2", None),
        (100, "m2", 100),
        (1000000, "M²", 1000000),
        (1000000.01, "m2", None),
        (100, "ha", 1000000),
        (7861, "ha", None),
        (0.5, "acres", None),
        (0, "m2", None),
        (-5000, "m2", None),
    ],
)
def test_an_implausible_area_is_unknown(
    source: Connection, area: float, unit: str, known: int | None
) -> None:
    """Give another area to lot 3, of requests 3 and 5, in zone 2 with lot 4 of unknown unit."""
    source.execute("update lots set superficie = %s, unite_mesure = %s where id = 3", (area, unit))
    asked = rows(
        source, "fait_attributions", "demande_id", "superficie_demandee_m2", "lots_sans_superficie"
    )
    missing = 1 if known is None else 0
    assert asked[5] == (known or 0, missing)
    zones = rows(
        source, "mart_occupation_zones", "zone_id", "lots_sans_superficie", "superficie_totale_m2",
        "taux_occupation_surface_pct",
    )  # fmt: skip
    assert zones[2] == (1 + missing, known or 0, None if known is None else 100)
    clients = rows(
        source, "mart_portefeuille_clients", "entreprise_id", "superficie_attribuee_m2",
        "lots_sans_superficie",
    )  # fmt: skip
    assert clients[2] == (known or 0, missing)
    months = rows(source, "mart_kpi_operationnels", "mois", "lots_sans_superficie")
    assert months[3] == (2 * missing,)


def test_campaigns(source: Connection) -> None:
    """Count what a campaign invoiced: 1 has invoices 1, 2 and 10; 2 has 6 and 7."""
    assert rows(source, "fait_collectes") == {
        1: (1, "C1", 1000000, 250000, 2050, 2000, 1000, 750000, 0.25, 3, 1, 31, True, False,
            "partiellement_recouvree", date(2024, 1, 15), date(2024, 2, 15), date(2024, 3, 1),
            "cloturee", 350),
        2: (-2, "C2", 0, 0, 20000000, 0, 0, 0, None, 2, 2, 30, False, False,
            "reportee", date(2024, 8, 1), date(2024, 8, 31), None, "ouverte", 20000000),
    }  # fmt: skip
    _, bridge = expected(source, "pont_collectes_zones", REFERENCE)
    assert sorted(bridge) == [(1, 1, 1), (2, 1, 1), (2, 2, 2)]


def test_invoice_mart(source: Connection) -> None:
    """Only invoice 1 is late; 7 is due today, 8 settled by its date alone; 3 and 9 do not count."""
    columns = (
        "facture_id", "raison_sociale", "nom_domaine", "nom_zone", "statut_reglement",
        "est_en_retard", "tranche", "taux_recouvrement_pct", "taux_recouvrement_confirme_pct",
    )  # fmt: skip
    alpha, beta = ("Alpha", "Agroalimentaire", "Yopougon"), ("Béta", "Énergie")
    assert rows(source, "mart_factures_clients", *columns) == {
        1: (*alpha, "partielle", True, "91 à 180", 70, 40),
        2: (*alpha, "soldée", False, None, 130, 60),
        3: (*alpha, "annulée", False, None, None, None),
        6: (*beta, "Plusieurs zones", "soldée", False, None, None, None),
        7: (*beta, "Yopougon", "impayée", False, "non échue", 0, 0),
        8: (*beta, "Yopougon", "soldée", False, "soldée sans paiement enregistré", 0, 0),
        9: (*beta, "Inconnu", "annulée", False, None, None, None),
        10: (*beta, "Yopougon", "impayée", False, "sans échéance", 0, 0),
    }
    assert totals(source, REFERENCE)["mart_factures_clients"] == {
        "montant_total": 20002950,
        "montant_regle_declare": 2500,
        "montant_regle_confirme": 1000,
        "montant_restant_du": 20000450,
        "nombre_paiements": 6,
    }


def test_campaign_mart(source: Connection) -> None:
    """Campaign 1 bills Alpha and Béta and took 46 days; 2 is planned, with two zones."""
    columns = (
        "collecte_id", "zone_id", "nom_zone", "zones", "duree_reelle_jours", "est_a_venir",
        "nombre_entreprises", "taux_recouvrement_pct", "taux_recouvrement_confirme_pct",
    )  # fmt: skip
    assert rows(source, "mart_recouvrement_collectes", *columns) == {
        1: (1, "Yopougon", "Yopougon", 46, False, 2, Decimal("97.56"), Decimal("48.78")),
        2: (-2, "Plusieurs zones", "Yopougon, Akoupé-Zeudji", None, True, 1, 0, 0),
    }
    assert totals(source, REFERENCE)["mart_recouvrement_collectes"] == {
        "montant_a_recouvrer": 1000000,
        "montant_recouvre": 250000,
        "nombre_factures": 5,
        "montant_facture": 20002050,
        "montant_regle_declare": 2000,
        "montant_regle_confirme": 1000,
        "montant_restant_du": 20000350,
    }


def test_finance_mart(source: Connection) -> None:
    """Group the invoices by month, zone and enterprise.

    January: 1 and 2 invoice 2 000, 700 + 1 300 came in (100 %, though 300 are due and late), 3 is
    apart. May: 6 has several zones and 9 none, and nothing over nothing is no rate; 7, 8 and 10 in
    zone 1, one settled of three: 7, due on the reference day, is not late yet, 10 has no due day,
    and the 100 of 8 were settled without a payment.
    """
    january = (2000, 1, 500, 2000, 1000, 300, 1, 1, 300, 0, 0, 0, 20, 20, 100, 50, 50)
    several = (0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, None, None, 100)
    unknown = (0, 1, 300, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, None, None, None)
    parts = (0, 20000000, 50, 100)
    may = (20000150, 0, 0, 0, 0, 20000150, 1, 0, *parts, 15, 15, 0, 0, Decimal("33.33"))
    _, found = expected(source, "mart_performance_financiere", REFERENCE)
    first = {1: date(2024, 1, 1), 5: date(2024, 5, 1)}
    assert sorted(found) == [
        (2024, 1, 1, 1, "Yopougon", 1, "Alpha", "Agroalimentaire", 2, *january, first[1], False),
        (2024, 2, 5, -2, "Plusieurs zones", 2, "Béta", "Énergie", 1, *several, first[5], False),
        (2024, 2, 5, -1, "Inconnu", 2, "Béta", "Énergie", 0, *unknown, first[5], False),
        (2024, 2, 5, 1, "Yopougon", 2, "Béta", "Énergie", 3, *may, first[5], False),
    ]


def test_lateness_follows_the_reference_date(source: Connection) -> None:
    """Move the reference by a day: invoice 7, due on 15 July, is late on the 16th."""
    late = [
        totals(source, day)["mart_portefeuille_clients"]["nombre_factures_en_retard"]
        for day in (REFERENCE, date(2024, 7, 16))
    ]
    assert late == [1, 2]


def test_cashed_mart(source: Connection) -> None:
    """Put each payment by its month, zone, mode and origin; all invoices say the same origin."""
    columns = ("mode_paiement", "mois", "zone_id", "processus_origine", "nombre_paiements",
        "montant_declare", "montant_confirme")  # fmt: skip
    names, found = expected(source, "mart_encaissements", REFERENCE)
    chosen = [[row[names.index(column)] for column in columns] for row in found]
    assert sorted(chosen) == [
        ["Inconnu", 2, 1, "COLLECTE_DROIT", 1, 600, 0],
        ["Inconnu", 3, 1, "COLLECTE_DROIT", 1, 300, 0],
        ["cheque", 2, 1, "COLLECTE_DROIT", 1, 400, 400],
        ["especes", 2, 1, "COLLECTE_DROIT", 1, 600, 600],
        ["mobile money", 2, 1, "COLLECTE_DROIT", 1, 100, 0],
        ["virement", 2, 1, "COLLECTE_DROIT", 1, 500, 0],
    ]
    found = totals(source, REFERENCE)["mart_encaissements"]
    assert found == {"nombre_paiements": 6, "montant_declare": 2500, "montant_confirme": 1000}


def test_jobs_mart(source: Connection) -> None:
    """Put each request by month, zone and sector; 3 to 5 announce nothing, 1 and 5 are approved.

    Request 1 announces 12 jobs, of which 3 managers, for 1 500 000; request 2 seven for 2.50.
    """
    source.execute(
        'update demandes_attribution set emplois = \'{"total": 12, "nationaux":'
        ' {"total": "10", "cadres": 2}, "expatries": {"total": 2, "cadres": 1}}\' where id = 1'
    )
    names, found = expected(source, "mart_emplois_investissements", REFERENCE)
    place = ("mois", "zone_id", "nom_domaine", "type_demande")
    inside, outside = "ZONE_INDUSTRIELLE", "HORS_ZONE_INDUSTRIELLE"
    first, nothing = names.index("nombre_demandes"), (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None)
    assert {tuple(row[names.index(name)] for name in place): row[first:] for row in found} == {
        (1, 1, "Agroalimentaire", inside): (
            1, 1, 0, 0, 12, 10, 2, 3, 12, 10, 2, 3, 1500000, 1500000, 125000),
        (2, 2, "Énergie", inside): (
            1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2.5, 0, Decimal("0.36")),
        (3, -3, "Inconnu", outside): (1, 0, 1, 1, *nothing),
        (3, 2, "Agroalimentaire", inside): (1, 0, 1, 1, *nothing),
        (3, 1, "Énergie", inside): (1, 1, 1, 1, *nothing),
    }  # fmt: skip
    assert totals(source, REFERENCE)["mart_emplois_investissements"] == {
        "nombre_demandes": 5,
        "demandes_approuvees": 2,
        "demandes_sans_emplois": 3,
        "demandes_sans_investissement": 3,
        "emplois_total": 19,
        "emplois_total_approuves": 12,
        "montant_investissement": Decimal("1500002.5"),
        "montant_investissement_approuve": 1500000,
    }


def test_cases_mart(source: Connection) -> None:
    """Open three infractions in zone 1, one closed after 10 days, and a claim in zone 2.

    The limit of the first has passed the day before, that of the second is today.
    """
    source.execute(
        "insert into workflow_infractions (id, lot_id, statut, date_limite_regularisation,"
        " created_at, updated_at) values"
        " (1, 1, 'en_cours', '2024-07-14', '2024-05-01Z', '2024-05-01Z'),"
        " (2, 2, 'en_cours', '2024-07-15', '2024-05-31Z', '2024-05-31Z'),"
        " (3, 1, 'Clôturée', '2024-06-01', '2024-05-21Z', '2024-05-31Z');"
        "insert into impenses (id, numero_dossier, statut, lot_id, montant_notification,"
        " created_at, updated_at)"
        " values (1, 'I1', 'en cours', 3, 1000000, '2024-03-05Z', '2024-03-05Z')"
    )
    columns = ("processus", "zone_id", "mois", "etat", "nombre_dossiers", "nombre_en_retard",
        "duree_totale_jours", "nombre_clos", "duree_moyenne_jours", "montant")  # fmt: skip
    names, found = expected(source, "mart_suivi_dossiers", REFERENCE)
    assert sorted(tuple(row[names.index(column)] for column in columns) for row in found) == [
        ("impense", 2, 3, "ouvert", 1, 0, 0, 0, None, 1000000),
        ("infraction", 1, 5, "clos", 1, 0, 10, 1, 10, 0),
        ("infraction", 1, 5, "ouvert", 2, 1, 0, 0, None, 0),
    ]
    late = [
        totals(source, day)["mart_suivi_dossiers"]
        for day in (REFERENCE, REFERENCE + timedelta(days=1))
    ]
    assert late == [
        {"nombre_dossiers": 4, "nombre_en_retard": number, "montant": 1000000} for number in (1, 2)
    ]


def test_agents_mart(source: Connection) -> None:
    """Give campaign 1 to agent 1, who was responsible first, beside 2; 3 assists, alone in 2."""
    source.execute(
        "insert into types_agents (id, code, libelle, created_at, updated_at)"
        " values (1, 'R', 'Recouvrement', '2023-01-01', '2023-01-01');"
        "insert into agents (id, nom, prenoms, matricule, type_agent_id, created_at, updated_at,"
        " deleted_at)"
        " select id, 'N', 'P', 'A' || id, 1, '2023-01-01', '2023-01-01',"
        " case id when 3 then timestamptz '2024-01-01' end from generate_series(1, 3) as id;"
        "insert into collecte_agents (collecte_id, agent_id, role, date_assignation) values"
        " (1, 2, 'responsable', '2024-01-02'), (1, 1, 'responsable', '2024-01-01'),"
        " (1, 3, 'assistant', '2024-01-01'), (2, 3, 'assistant', '2024-08-01')"
    )
    names, found = expected(source, "mart_agents", REFERENCE)
    first, nothing = names.index("nombre_collectes"), (0, 0, 0, 0, 0, 0, None, None)
    place = ("mois", "zone_id", "agent_id", "est_actif")
    assert {tuple(row[names.index(name)] for name in place): row[first:] for row in found} == {
        (1, 1, 1, True): (1, 1, 0, 1, 1, 0, 1000000, 250000, 2050, 2000, 1000, 350,
            Decimal("97.56"), Decimal("48.78")),
        (1, 1, 2, True): (1, 1, 0, 1, 1, 0, *nothing),
        (1, 1, 3, False): (1, 0, 1, 1, 0, 1, *nothing),
        (8, -2, 3, False): (1, 0, 1, 0, 0, 0, *nothing),
    }  # fmt: skip
    assert totals(source, REFERENCE)["mart_agents"] == {
        "montant_a_recouvrer": 1000000,
        "montant_recouvre": 250000,
        "montant_facture": 2050,
        "montant_regle_declare": 2000,
        "montant_regle_confirme": 1000,
        "montant_restant_du": 350,
    }
    agents = rows(source, "mart_recouvrement_collectes", "collecte_id", "nombre_agents")
    assert agents == {1: (3,), 2: (1,)}


def test_aged_balance(source: Connection) -> None:
    """Age each debt: 1 is 146 days late, 7 due today, 10 without due day, 8 settled by its date."""
    columns = ("ordre_tranche", "tranche", "zone_id", "entreprise_id", "montant_restant_du")
    assert rows(source, "mart_balance_agee", *columns) == {
        1: ("non échue", 1, 2, 20000000),
        5: ("91 à 180", 1, 1, 300),
        7: ("sans échéance", 1, 2, 50),
        8: ("soldée sans paiement enregistré", 1, 2, 100),
    }
    found = totals(source, REFERENCE)["mart_balance_agee"]
    assert found == {"nombre_factures": 4, "montant_restant_du": 20000450}


@pytest.mark.parametrize(
    ("days", "tranche"),
    [
        (0, "non échue"), (1, "1 à 30 jours"), (30, "1 à 30 jours"), (31, "31 à 60"),
        (60, "31 à 60"), (61, "61 à 90"), (90, "61 à 90"), (91, "91 à 180"), (180, "91 à 180"),
        (181, "plus de 180"),
    ],
)  # fmt: skip
def test_limits_of_the_aged_balance(source: Connection, days: int, tranche: str) -> None:
    """Stand on each limit with invoice 7, due on 15 July."""
    day = REFERENCE + timedelta(days)
    for mart in ("mart_balance_agee", "mart_factures_clients"):
        names, found = expected(source, mart, day)
        due, aged = names.index("montant_restant_du"), names.index("tranche")
        assert [row[aged] for row in found if row[due] == 20000000] == [tranche]


def test_occupation_mart(source: Connection) -> None:
    """Look at each zone.

    1: lots 1 (1 000 m², free) and 2 (20 000 m², taken), both in approved request 1, 2 in pending
    request 2 as well; 20 000 / 21 000 = 95.24 %; requests 1 and 5, 60 and 10 days.
    2: lots 3 (500.56 m², taken, in approved request 5) and 4 (unit unknown, so no area); requests
    2 and 4, none decided. 3: no lot. Outside: request 3, rejected after 10 days.
    """
    empty = (0, 0, 0, 0, 0, 0, 0, 0, 0, None, None, 0, 0, 0, None)
    area = Decimal("500.56")
    assert rows(source, "mart_occupation_zones") == {
        1: ("Yopougon", "actif", "Active", 2, 1, 1, 2, 1, 0, 21000, 1000, 20000, 50,
            Decimal("95.24"), 45000000, 5000000, 1, 50, 2, 2, 0, 0, 100, 35, None, None),
        2: ("Akoupé-Zeudji", "actif", "Active", 2, 1, 1, 1, 0, 1, area, 0, area, 50, 100,
            3000000, 2000000, 2, 100, 2, 0, 0, 2, None, None, None, None),
        3: ("Œuvre", "actif", "Active", *empty, 0, 0, 0, 0, None, None, None, None),
        -3: ("Hors zone", "Inconnu", "Inconnu", *empty, 1, 0, 1, 0, 0, 10, None, None),
    }  # fmt: skip


def test_point_of_a_zone(source: Connection) -> None:
    """Place zone 1 between its two parcels; in zone 2 one point is in the ocean, one is empty."""
    points = {1: "[-4, 5.3]", 2: "[-4.1,5.6]", 3: "[5.3, -4]"}
    for lot, point in points.items():
        source.execute(
            "update lots set location = %s where id = %s",
            (f'{{"type": "Point", "coordinates": {point}}}', lot),
        )
    source.execute("update lots set location = '' where id = 4")
    nowhere = (None, None)
    assert rows(source, "mart_occupation_zones", "zone_id", "longitude", "latitude") == {
        1: (Decimal("-4.05"), Decimal("5.45")),
        2: nowhere,
        3: nowhere,
        -3: nowhere,
    }


def test_a_zone_with_a_point_of_its_own_is_there(source: Connection) -> None:
    """Zone 2 has one outside the country: it is nowhere, whatever its parcels have."""
    source.execute("alter table zones_industrielles add location jsonb")
    source.execute("""update lots set location = '{"type": "Point", "coordinates": [-4, 5.3]}'""")
    for zone, point in {1: "[-6.5, 7.25]", 2: "[0, 0]"}.items():
        source.execute(
            "update zones_industrielles set location = %s where id = %s",
            (f'{{"type": "Point", "coordinates": {point}}}', zone),
        )
    nowhere = (None, None)
    assert rows(source, "mart_occupation_zones", "zone_id", "longitude", "latitude") == {
        1: (Decimal("-6.5"), Decimal("7.25")),
        2: nowhere,
        3: nowhere,
        -3: nowhere,
    }


def test_client_mart(source: Connection) -> None:
    """Look at each enterprise.

    1: one invoice of two is late. 2: 6, 7, 8 and 10 are not, settled after 0 and 15 days; its
    sector is the bridge's first. 3: nothing, and no sector. Unknown: request 3.
    """
    assert rows(source, "mart_portefeuille_clients") == {
        1: ("Alpha", "SA", "Agroalimentaire", 2, 2000, 2000, 1000, 300, 1, 1, 100, 50, 20,
            date(2024, 1, 25), 2, 1, 21000, 2, 0, "Petit client", "Risque élevé"),
        2: ("Béta", "SARL", "Énergie", 4, 20000150, 0, 0, 20000150, 2, 0, 0, 0, 7.5,
            date(2024, 5, 31), 2, 1, Decimal("500.56"), 1, 0, "Grand client", "Risque faible"),
        3: ("Gamma", None, "Inconnu", 0, 0, 0, 0, 0, 0, 0, None, None, None,
            None, 0, 0, 0, 0, 0, "Petit client", "Risque faible"),
        -1: ("Inconnu", "Inconnu", "Inconnu", 0, 0, 0, 0, 0, 0, 0, None, None, None,
            None, 1, 0, 0, 0, 0, "Petit client", "Risque faible"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("late", "risk"),
    [(1, "Risque faible"), (2, "Risque moyen"), (3, "Risque moyen"), (4, "Risque élevé")],
)
def test_limits_of_risk_and_segment(source: Connection, late: int, risk: str) -> None:
    """Stand on the limits: 10 % and 30 % of ten invoices, and a turnover of 10 000 000."""
    source.execute(
        "insert into factures (id, numero_facture, entreprise_id, montant_total, date_creation,"
        " date_echeance, created_at, updated_at)"
        " select 100 + n, 'R' || n, 3, 1000000, '2024-02-01',"
        " case when n <= %s then date '2024-02-02' end, '2024-02-01', '2024-02-01'"
        " from generate_series(1, 10) as n",
        (late,),
    )
    columns = ("entreprise_id", "segment_client", "niveau_risque")
    assert rows(source, "mart_portefeuille_clients", *columns)[3] == ("Client moyen", risk)


def test_kpi_mart(source: Connection) -> None:
    """Lay the three processes side by side, from request 1 in January to campaign 2 in August.

    What is deleted happened in 2023 and opens no month; April, June and July are empty. Payments
    come in by their own day, those of the cancelled invoice too: 400 + 600 + 600 + 100 + 500 in
    February, 300 in March. March has one approved and one rejected request of 10 days each and a
    pending one without lots: 2 × 500.56 m².
    """
    no_campaign, no_request = (0, 0, 0, 0, None, None), (0, 0, 0, 0, None, None, 0, 0)
    no_invoice, no_payment = (0, 0, 0, 0, 0, 0, 0, None, None), (0, 0, 0)
    empty = (*no_campaign, *no_request, *no_invoice, *no_payment)
    january = (
        1,
        1,
        1000000,
        250000,
        25,
        100,
        1,
        1,
        0,
        0,
        100,
        60,
        21000,
        0,
        2,
        1,
        2000,
        1,
        500,
        2000,
        1000,
        50,
        20,
    )
    february = (*no_campaign, 1, 0, 0, 1, None, None, 20000, 0, *no_invoice, 5, 2200, 1000)
    march = (*no_campaign, 3, 1, 1, 1, 50, 10, Decimal("1001.12"), 0, *no_invoice, 1, 300, 0)
    may = (*no_campaign, *no_request, 4, 2, 20000150, 1, 300, 0, 0, 0, 7.5, *no_payment)
    august = (1, 0, 0, 0, None, 0, *no_request, *no_invoice, *no_payment)
    months = [(*january, *no_payment), february, march, empty, may, empty, empty, august]
    _, found = expected(source, "mart_kpi_operationnels", REFERENCE)
    quarters = (1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4)
    assert sorted(found) == [
        (2024, month, *values, quarters[month - 1], date(2024, month, 1), month == 8)
        for month, values in enumerate(months, 1)
    ]


def test_totals(source: Connection) -> None:
    """Add up the marts above; lot 2, wanted twice, is one requested lot and one allocated lot."""
    found = totals(source, REFERENCE)
    assert found["mart_performance_financiere"] == {
        "nombre_factures": 6,
        "montant_facture": 20002150,
        "nombre_factures_annulees": 2,
        "montant_annule": 800,
        "montant_regle_declare": 2000,
        "montant_regle_confirme": 1000,
        "montant_restant_du": 20000450,
        "nombre_factures_soldees": 3,
        "nombre_factures_en_retard": 1,
        "montant_en_retard": 300,
        "montant_non_echu": 20000000,
        "montant_sans_echeance": 50,
        "montant_solde_sans_paiement": 100,
    }
    assert found["mart_occupation_zones"]["lots_attribues"] == 3
    assert found["mart_occupation_zones"]["lots_demandes"] == 1
    assert found["mart_portefeuille_clients"]["superficie_attribuee_m2"] == Decimal("21500.56")
    assert found["mart_kpi_operationnels"]["montant_encaisse"] == 2500
    assert found["mart_kpi_operationnels"]["montant_encaisse_confirme"] == 1000
    assert found["mart_occupation_zones"]["lots_sans_superficie"] == 1


# What others prove: keys of versions and days, test_pipeline and relationships; stamps and the
# source's change times, by the histories.
PROVED_ELSEWHERE = re.compile(r"(entreprise|lot|domaine|date_\w+)_key|_\w+|source_modifie_a")


def test_every_fact_and_mart_has_an_oracle_and_every_mart_its_totals() -> None:
    queries = [*RELATIONS, *(f"totaux_{mart}" for mart in MARTS)]
    missing = [f"{name}.sql" for name in queries if not (FOLDER / f"{name}.sql").exists()]
    assert not missing, f"write in tests/oracle: {', '.join(missing)}"


def test_every_contract_column_of_a_fact_or_mart_is_in_its_oracle(source: Connection) -> None:
    """A column that no independent SQL computes is a figure that nobody checks."""
    unnamed = {
        f"{name}.{column['name']}"
        for name, (_, model) in CONTRACTS.items()
        for known in [expected(source, name, REFERENCE)[0]]
        for column in model["columns"]
        if column["name"] not in known and not PROVED_ELSEWHERE.fullmatch(column["name"])
    }
    assert not unnamed, sorted(unnamed)
